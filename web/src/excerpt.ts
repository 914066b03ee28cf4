import type { Message, Room } from '../../src/client/index.ts';

const PAGE = 50;

/** The part of a room's messages around one of them that is too old to be loaded with the newest. */
export class Excerpt {
  readonly #room: Room;
  readonly #messages = new Map<number, Message>();
  #list: readonly Message[] | undefined;
  #loading: Promise<void> | undefined;
  hasOlder = true;
  #hasNewer = true;

  private constructor(room: Room) {
    this.#room = room;
  }

  /** @throws Refused */
  static async around(room: Room, seq: number): Promise<Excerpt> {
    const excerpt = new Excerpt(room);
    const { messages } = await room.ask('getHistory', { around: seq, limit: PAGE });
    excerpt.#put(messages);
    return excerpt;
  }

  /** By `seq`; where it reaches the newest that are loaded, those follow. */
  get messages(): readonly Message[] {
    const { messages: newest } = this.#room.state;
    const first = newest[0]?.seq ?? Infinity;
    this.#list ??= [...this.#messages.values()].toSorted((a, b) => a.seq - b.seq);
    return this.#reaches(first)
      ? [...this.#list.filter(({ seq }) => seq < first), ...newest]
      : this.#list;
  }

  get hasNewer(): boolean {
    return this.#hasNewer && !this.#reaches(this.#room.state.messages[0]?.seq ?? Infinity);
  }

  has(seq: number): boolean {
    return this.#messages.has(seq);
  }

  /** A newer state of one of them. @returns whether it is one */
  update(message: Message): boolean {
    if ((this.#messages.get(message.seq)?.rev ?? Infinity) >= message.rev) return false;
    this.#put([message]);
    return true;
  }

  /** @throws Refused */
  loadOlder(limit = PAGE): Promise<void> {
    return this.#load(async () => {
      const before = this.#messages.size === 0 ? 1 : Math.min(...this.#messages.keys());
      const page = await this.#room.ask('getHistory', { before, limit });
      this.hasOlder = page.hasMore;
      this.#put(page.messages);
    });
  }

  /** @throws Refused */
  loadNewer(): Promise<void> {
    return this.#load(async () => {
      const after = Math.max(0, ...this.#messages.keys());
      const page = await this.#room.ask('getHistory', { after, limit: PAGE });
      this.#hasNewer = page.hasMore;
      this.#put(page.messages);
    });
  }

  #reaches(first: number): boolean {
    return Math.max(0, ...this.#messages.keys()) >= first;
  }

  #put(messages: readonly Message[]): void {
    for (const message of messages) this.#messages.set(message.seq, message);
    this.#list = undefined;
  }

  #load(work: () => Promise<void>): Promise<void> {
    this.#loading ??= work().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }
}
