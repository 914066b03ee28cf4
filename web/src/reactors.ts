import type { Message, Room } from '../../src/client/index.ts';
import { emojiKind } from '../../src/protocol/emoji.ts';
import { joinNames } from './names.ts';
import { text } from './texts.ts';

/** User ids and their names, by emoji. */
type ByEmoji = Map<string, Map<string, string>>;

/** One emoji of a message. */
export interface ShownReaction {
  emoji: string;
  count: number;
  /** Whether this user has given it. */
  isMine: boolean;
  /** The names of those who gave it, as a text. */
  by: string;
}

const PAGE = 100;

/** Who reacted with which emoji. The room sends counts by itself, and names on request. */
export class Reactors {
  readonly #room: Room;
  readonly #changed: () => void;
  readonly #known = new Map<number, ByEmoji>();
  readonly #asking = new Set<number>();

  /** @param life ends it */
  constructor(room: Room, changed: () => void, life: AbortSignal) {
    this.#room = room;
    this.#changed = changed;
    const off = [
      room.on('reactionsUpdated', ({ seq, by, emoji, added }) => {
        this.#set(seq, by, emoji, added);
      }),
      // Reactions made while there was no connection come without events of their own.
      room.on('status', ({ name }) => {
        if (name === 'open') this.#known.clear();
      }),
    ];
    life.addEventListener('abort', () => {
      for (const end of off) end();
    });
  }

  /** The reactions to a message, with the names that are known. */
  reactionsTo({ seq, reactions = {} }: Message): ShownReaction[] {
    const { you, myReactions } = this.#room.state;
    const mine = myReactions.get(seq);
    return Object.entries(reactions).map(([emoji, count]) => {
      const isMine = mine?.includes(emoji) === true;
      const others = new Map(this.#known.get(seq)?.get(emoji));
      others.delete(you?.userId ?? '');
      const names = [...others.values(), ...(isMine && you !== undefined ? [you.username] : [])];
      return { emoji, count, isMine, by: lineOf(names, count) };
    });
  }

  /** Loads the names of those who reacted to a message, unless they are known. */
  load(seq: number): void {
    if (!this.#known.has(seq) && !this.#asking.has(seq)) void this.#ask(seq);
  }

  /** Gives a reaction, or takes it back where this user has given it. @throws Refused */
  async toggle({ seq }: Message, chosen: string): Promise<void> {
    const emoji = emojiKind(chosen);
    const isMine = this.#room.state.myReactions.get(seq)?.includes(emoji) === true;
    if (isMine) await this.#room.removeReaction(seq, emoji);
    else await this.#room.addReaction(seq, emoji);
  }

  #set(seq: number, userId: string, emoji: string, isGiven: boolean): void {
    const known = this.#known.get(seq);
    if (known === undefined) {
      // The answer that is on its way may be older than this reaction.
      if (this.#asking.has(seq)) void this.#ask(seq);
      return;
    }
    const people = known.get(emoji) ?? new Map<string, string>();
    known.set(emoji, people);
    const name = this.#room.state.online.find((user) => user.userId === userId)?.username;
    if (!isGiven) people.delete(userId);
    else if (name !== undefined) people.set(userId, name);
    // The user is not online here, so only the room knows the name.
    else void this.#ask(seq);
    this.#changed();
  }

  async #ask(seq: number): Promise<void> {
    this.#asking.add(seq);
    const reply = await this.#room.ask('getReactions', { seq, limit: PAGE }).catch(() => undefined);
    this.#asking.delete(seq);
    if (reply === undefined) return;
    const byEmoji: ByEmoji = new Map();
    for (const { emoji, userId, username } of reply.reactions) {
      const people = byEmoji.get(emoji) ?? new Map<string, string>();
      byEmoji.set(emoji, people.set(userId, username));
    }
    this.#known.set(seq, byEmoji);
    this.#changed();
  }
}

function lineOf(names: readonly string[], count: number): string {
  if (names.length === 0) return text('people', { count });
  return joinNames(names, Math.max(0, count - names.length), 10);
}
