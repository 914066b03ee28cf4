import type { Message, Room } from '../../src/client/index.ts';

/** Messages that were replied to and are older than those loaded; each is asked for once. */
export class ReplyTargets {
  readonly #room: Room;
  readonly #changed: () => void;
  readonly #found = new Map<number, Message | undefined>();

  constructor(room: Room, changed: () => void) {
    this.#room = room;
    this.#changed = changed;
  }

  /** The message; undefined while it is not known, or if it no longer exists. */
  of(seq: number): Message | undefined {
    const { messages } = this.#room.state;
    const loaded = findMessage(messages, seq);
    if (loaded !== undefined || (messages[0]?.seq ?? 0) <= seq) return loaded;
    if (!this.#found.has(seq)) {
      this.#found.set(seq, undefined);
      void this.#load(seq);
    }
    return this.#found.get(seq);
  }

  /** Call it when a message has changed. @param change the whole message, or what is new about it */
  update(change: Message | (Pick<Message, 'seq' | 'rev'> & Partial<Message>)): void {
    const known = this.#found.get(change.seq);
    if (known === undefined || known.rev >= change.rev) return;
    this.#found.set(
      change.seq,
      'message' in change ? (change as Message) : { ...known, ...change },
    );
    this.#changed();
  }

  async #load(seq: number): Promise<void> {
    const page = await this.#room
      .ask('getHistory', { around: seq, limit: 1 })
      .catch(() => undefined);
    const [message] = page?.messages ?? [];
    if (message?.seq !== seq) return;
    this.#found.set(seq, message);
    this.#changed();
  }
}

/** Finds a message in a list that is ordered by `seq`. */
function findMessage<M extends Message>(list: readonly M[], seq: number): M | undefined {
  const found = list[indexFrom(list, seq)];
  return found?.seq === seq ? found : undefined;
}

/** Index of the first message at or after `seq`, in a list that is ordered by `seq`. */
export function indexFrom(list: readonly Message[], seq: number): number {
  let from = 0;
  let to = list.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((list[middle]?.seq ?? Infinity) < seq) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** `seq` of the message that a reply quotes, if that is not the first of its thread. */
export function quotedIn({ meta }: Pick<Message, 'meta'>): number | undefined {
  const quotes = meta?.['quotes'];
  return Number.isSafeInteger(quotes) && (quotes as number) > 0 ? (quotes as number) : undefined;
}
