import { foldName, memberKeys } from '../../../src/protocol/fold.ts';
import type { Room } from '../../../src/client/index.ts';
import type { MemberSearch } from '../member-search.ts';
import { nameBeingTyped, type Person } from '../mentions.ts';
import type { Names } from '../names.ts';
import { ChoiceList } from './choice-list.ts';
import { element, setText } from './dom.ts';
import { avatar } from './person.ts';
import { text } from '../texts.ts';

const MAX_CHOICES = 6;

export interface MentionListOptions {
  field: HTMLTextAreaElement;
  room: Room;
  names: Names;
  search: MemberSearch;
  /** @param at the index of the `@` before the name */
  choose: (person: Person, at: number) => void;
  /** Whether a person was chosen for the `@` at this index. */
  isChosen: (at: number) => boolean;
}

/** Offers people while a mention is being typed. */
export class MentionList {
  readonly list: ChoiceList<Person>;
  /** Tells screen readers how many people were found. */
  readonly status = element('p', 'aside');
  readonly #options: MentionListOptions;
  /** The index of the `@` in the text. */
  #at = 0;

  constructor(options: MentionListOptions) {
    const { field, choose } = options;
    this.#options = options;
    this.list = new ChoiceList({
      field,
      label: text('peopleToMention'),
      parts: (person) => this.#parts(person),
      choose: (person) => {
        setText(this.status, '');
        choose(person, this.#at);
      },
    });
    this.status.ariaLive = 'polite';
    field.setAttribute('aria-autocomplete', 'list');
  }

  /** Offers people for the name before the cursor, if there is one. */
  update(): void {
    const { field, search } = this.#options;
    const before = field.value.slice(0, field.selectionStart);
    const begun = nameBeingTyped(before);
    const { selected } = this.list;
    this.#at = before.length - (begun?.length ?? 0) - 1;
    const found = begun === undefined ? [] : this.#beginningWith(begun);
    // Names that arrive from the room must not change what is selected.
    const same = found.findIndex(({ userId }) => userId === selected?.userId);
    if (begun !== undefined) search.find(begun);
    this.list.show(found, Math.max(0, same));
    const count = found.length;
    setText(this.status, count === 0 ? '' : text('mentionHelp', { count }));
  }

  /** Users who are online first, then other users whose names are known. */
  #beginningWith(begun: string): Person[] {
    const { room, names, isChosen } = this.#options;
    const { online, you } = room.state;
    const key = foldName(begun.trim());
    const all = new Map(online.map(({ userId, username }) => [userId, username]));
    for (const [userId, name] of names.all) if (!all.has(userId)) all.set(userId, name);
    const found = [...all]
      .filter(([userId, name]) => userId !== you?.userId && isFoundBy(key, userId, name))
      .map(([userId, name]) => ({ userId, name }));
    // A complete name needs no list, so that Enter sends the message; a name of two people does.
    const called = names.index.find(begun.trim()).length;
    return isChosen(this.#at) || called === 1 ? [] : found.slice(0, MAX_CHOICES);
  }

  #parts({ userId, name }: Person): Node[] {
    const about = element('span', 'choice-about', element('bdi', 'name', name));
    const difference = this.#difference({ userId, name });
    if (difference !== '') about.append(element('bdi', 'choice-detail', difference));
    return [avatar(userId, name), about];
  }

  /** What tells a person from others of the same name. */
  #difference({ userId, name }: Person): string {
    const { names, search } = this.#options;
    if (names.index.find(name).length < 2) return '';
    const role = search.roleOf(userId) ?? 'none';
    return role === 'none' || role === 'member' ? userId : `${text(`role_${role}`)} · ${userId}`;
  }
}

function isFoundBy(key: string, userId: string, username: string): boolean {
  return memberKeys({ userId, username }).some((one) => one.startsWith(key));
}
