import type { Message, Room } from '../../src/client/index.ts';
import { listed } from './names.ts';

/** User ids and their names, by emoji. */
type ByEmoji = Map<string, Map<string, string>>;

const PAGE = 100;

/** Who has reacted with what: the room tells counts by itself, and people when it is asked. */
export class Reactors {
  readonly #room: Room;
  readonly #changed: () => void;
  readonly #known = new Map<number, ByEmoji>();
  readonly #wanted = new Set<number>();
  #isAsking = false;

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

  /** The emoji this user has given, as far as it is known; if not, it soon will be. */
  mine({ seq, reactions = {} }: Message): ReadonlySet<string> {
    const me = this.#room.state.you?.userId ?? '';
    const known = this.#known.get(seq);
    if (known === undefined) {
      if (Object.keys(reactions).length > 0) this.#want(seq);
      return new Set();
    }
    return new Set([...known].filter(([, people]) => people.has(me)).map(([emoji]) => emoji));
  }

  /** Who gave it, as one line. */
  line({ seq, reactions = {} }: Message, emoji: string): string {
    const people = [...(this.#known.get(seq)?.get(emoji)?.values() ?? [])];
    const count = reactions[emoji] ?? 0;
    if (people.length === 0) return count === 1 ? '1 person' : `${count} people`;
    return listed(people, Math.max(0, count - people.length), 10);
  }

  /** Gives a reaction, or takes it back where this user has given it. @throws Refused */
  async toggle(message: Message, emoji: string): Promise<void> {
    const { seq } = message;
    const me = this.#room.state.you?.userId ?? '';
    const isMine = this.mine(message).has(emoji);
    this.#set(seq, me, emoji, !isMine);
    try {
      if (isMine) await this.#room.removeReaction(seq, emoji);
      else await this.#room.addReaction(seq, emoji);
    } catch (error) {
      this.#known.delete(seq);
      this.#changed();
      throw error;
    }
  }

  #set(seq: number, userId: string, emoji: string, isGiven: boolean): void {
    const known = this.#known.get(seq);
    if (known === undefined) return;
    const people = known.get(emoji) ?? new Map<string, string>();
    known.set(emoji, people);
    const { you, online } = this.#room.state;
    const name = online.find((user) => user.userId === userId)?.username ?? you?.username ?? '';
    if (isGiven) people.set(userId, name);
    else people.delete(userId);
    this.#changed();
  }

  #want(seq: number): void {
    this.#wanted.add(seq);
    void this.#ask();
  }

  /** One after the other: rows that are drawn together must not use up what a user may ask. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    for (const seq of this.#wanted) {
      this.#wanted.delete(seq);
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
    this.#isAsking = false;
  }
}
