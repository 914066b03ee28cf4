import type { Message, Room } from '../../src/client/index.ts';
import { emojiKind } from '../../src/protocol/emoji.ts';
import { listed } from './names.ts';

/** User ids and their names, by emoji. */
type ByEmoji = Map<string, Map<string, string>>;

/** One emoji of a message. */
export interface Given {
  emoji: string;
  count: number;
  /** Whether this user has given it. */
  isMine: boolean;
  /** Who gave it, as people say it. */
  by: string;
}

const PAGE = 100;

/** Who has reacted with what: the room tells counts by itself, and people when it is asked. */
export class Reactors {
  readonly #room: Room;
  readonly #changed: () => void;
  readonly #known = new Map<number, ByEmoji>();
  readonly #wanted = new Set<number>();
  /** Which message the room is being asked about. */
  #asking: number | undefined;

  /** @param life ends it */
  constructor(room: Room, changed: () => void, life: AbortSignal) {
    this.#room = room;
    this.#changed = changed;
    const off = [
      room.on('reactionsUpdated', ({ seq, by, emoji, added }) => {
        this.#set(seq, by, emoji, added);
      }),
      // What happened meanwhile was not told one by one.
      room.on('status', ({ name }) => {
        if (name === 'open') this.#known.clear();
      }),
    ];
    life.addEventListener('abort', () => {
      for (const end of off) end();
    });
  }

  /** What a message was given, as far as it is known by whom; if not, it soon will be. */
  given({ seq, reactions = {} }: Message): Given[] {
    const me = this.#me;
    const counts = Object.entries(reactions);
    const known = this.#known.get(seq);
    if (known === undefined && counts.length > 0) this.#want(seq);
    return counts.map(([emoji, count]) => {
      const people = known?.get(emoji) ?? new Map<string, string>();
      return { emoji, count, isMine: people.has(me), by: lineOf([...people.values()], count) };
    });
  }

  /** Gives a reaction, or takes it back where this user has given it. @throws Refused */
  async toggle({ seq }: Message, chosen: string): Promise<void> {
    const emoji = emojiKind(chosen);
    const isMine = this.#known.get(seq)?.get(emoji)?.has(this.#me) === true;
    this.#set(seq, this.#me, emoji, !isMine);
    try {
      if (isMine) await this.#room.removeReaction(seq, emoji);
      else await this.#room.addReaction(seq, emoji);
    } catch (error) {
      this.#known.delete(seq);
      this.#changed();
      throw error;
    }
  }

  get #me(): string {
    return this.#room.state.you?.userId ?? '';
  }

  #set(seq: number, userId: string, emoji: string, isGiven: boolean): void {
    const known = this.#known.get(seq);
    if (known === undefined) {
      // It may have happened just after the answer that is on its way.
      if (seq === this.#asking) this.#want(seq);
      return;
    }
    const people = known.get(emoji) ?? new Map<string, string>();
    known.set(emoji, people);
    const name = this.#nameOf(userId);
    if (!isGiven) people.delete(userId);
    else if (name !== undefined) people.set(userId, name);
    // Somebody who is not here: the room knows the name.
    else this.#want(seq);
    this.#changed();
  }

  #nameOf(userId: string): string | undefined {
    const { you, online } = this.#room.state;
    if (userId === you?.userId) return you.username;
    return online.find((user) => user.userId === userId)?.username;
  }

  #want(seq: number): void {
    this.#wanted.add(seq);
    void this.#ask();
  }

  /** One after the other: rows that are drawn together must not use up what a user may ask. */
  async #ask(): Promise<void> {
    if (this.#asking !== undefined) return;
    for (const seq of this.#wanted) {
      this.#wanted.delete(seq);
      this.#asking = seq;
      const reply = await this.#room
        .ask('getReactions', { seq, limit: PAGE })
        .catch(() => undefined);
      const byEmoji: ByEmoji = new Map();
      for (const { emoji, userId, username } of reply?.reactions ?? []) {
        const people = byEmoji.get(emoji) ?? new Map<string, string>();
        byEmoji.set(emoji, people.set(userId, username));
      }
      this.#known.set(seq, byEmoji);
      this.#changed();
    }
    this.#asking = undefined;
  }
}

function lineOf(names: readonly string[], count: number): string {
  if (names.length === 0) return count === 1 ? '1 person' : `${count} people`;
  return listed(names, Math.max(0, count - names.length), 10);
}
