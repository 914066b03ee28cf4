import type { Message, Room } from '../../src/client/index.ts';

const PAGE = 50;

/** The messages around one that is too old to be loaded with the room's newest ones. */
export class HistoryWindow {
  readonly #room: Room;
  readonly #messages = new Map<number, Message>();
  #list: readonly Message[] | undefined;
  #loading: Promise<void> | undefined;
  /** Messages whose number of replies is being asked for, and whether it has changed since. */
  readonly #recounts = new Map<number, { isStale: boolean }>();
  hasOlder = true;
  #hasNewer = true;

  private constructor(room: Room) {
    this.#room = room;
  }

  /** @throws Refused */
  static async around(room: Room, seq: number): Promise<HistoryWindow> {
    const made = new HistoryWindow(room);
    const { messages } = await room.ask('getHistory', { around: seq, limit: PAGE });
    made.#put(messages);
    return made;
  }

  /** By `seq`. If the window reaches the newest messages that are loaded, they follow. */
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

  /** Takes a newer state of a message. @returns whether the window holds an older one */
  update(message: Message): boolean {
    if ((this.#messages.get(message.seq)?.rev ?? Infinity) >= message.rev) return false;
    this.#put([message]);
    return true;
  }

  /**
   * Asks how many replies a message has. The window may not hold them, so only the room knows.
   * @throws Refused
   */
  async recount(seq: number): Promise<void> {
    const running = this.#recounts.get(seq);
    if (running !== undefined) {
      running.isStale = true;
      return;
    }
    const recount = { isStale: true };
    this.#recounts.set(seq, recount);
    try {
      while (recount.isStale) {
        recount.isStale = false;
        const { messages } = await this.#room.ask('getHistory', { around: seq, limit: 1 });
        // The answer is another message if this one is gone.
        this.#put(messages.filter((message) => message.seq === seq));
      }
    } finally {
      this.#recounts.delete(seq);
    }
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
