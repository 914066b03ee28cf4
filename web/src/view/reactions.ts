import type { Message, Reply, Room } from '../../../src/client/index.ts';
import { sentenceOfError } from '../sentences.ts';
import { openDialog } from './dialog.ts';
import { element, withOwnDirection } from './dom.ts';
import { text } from '../texts.ts';

const PAGE = 100;

type Reaction = Reply<'getReactions'>['reactions'][number];

/** Shows who has reacted to a message; without it only the tooltip of a pointer says so. */
export function openReactions(room: Room, { seq }: Message): void {
  const list = element('ul', 'reaction-list');
  const status = element('p', 'hint', text('loading'));
  status.role = 'status';
  openDialog({ title: text('reactions'), parts: [list, status] });
  void load();

  async function load(): Promise<void> {
    try {
      const { reactions, hasMore } = await room.ask('getReactions', { seq, limit: PAGE });
      const byEmoji = groupedByEmoji(reactions);
      list.replaceChildren(...[...byEmoji].map(([emoji, given]) => item(emoji, given)));
      status.textContent = hasMore ? text('firstOnly', { count: PAGE }) : '';
    } catch (error) {
      status.textContent = sentenceOfError(error);
    }
  }
}

function item(emoji: string, given: readonly Reaction[]): HTMLLIElement {
  const names = given.flatMap(({ username }, at) => [
    at === 0 ? '' : ', ',
    element('bdi', 'name', username),
  ]);
  return element(
    'li',
    'reaction-item',
    withOwnDirection(element('bdi', 'reaction-emoji', emoji)),
    element('span', '', ...names),
  );
}

function groupedByEmoji(reactions: readonly Reaction[]): Map<string, Reaction[]> {
  const byEmoji = new Map<string, Reaction[]>();
  for (const reaction of reactions) {
    const given = byEmoji.get(reaction.emoji) ?? [];
    byEmoji.set(reaction.emoji, [...given, reaction]);
  }
  return byEmoji;
}
