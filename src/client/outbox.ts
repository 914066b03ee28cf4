import type { CommandName, Payload } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Message } from '../protocol/objects.ts';
import { otherUser } from './refused.ts';

/** Commands that are kept until the room has replied, and their payloads. */
export type Kept =
  | { name: 'message'; payload: Payload<'message'> & { id: string; message: string } }
  | KeptChange<'editMessage' | 'deleteMessage' | 'addReaction' | 'removeReaction'>;

/** The payload of one of them. */
export type KeptPayload<N extends Kept['name']> = Extract<Kept, { name: N }>['payload'];

type KeptChange<N extends CommandName> = N extends CommandName
  ? { name: N; payload: Payload<N> }
  : never;

/** A kept command that is not known to be stored in the room. */
export type Entry = Kept & {
  /** Identifies the entry; for a message, the client id that makes resending safe. */
  id: string;
  /** `failed`: refused for good, for the reason in `problem`. */
  state: 'waiting' | 'sending' | 'failed';
  problem?: Problem | undefined;
  /** The room does not accept it before this time, as in slow mode; epoch milliseconds. */
  retryAt?: number | undefined;
  /** The id of the user who gave it; as another user it is not sent. */
  by?: string | undefined;
  /** The text that an edit or a deletion was based on. */
  was?: string | undefined;
};

/** The part of an entry that changes as it is sent. */
type Mark = Pick<Entry, 'state' | 'problem' | 'retryAt'> & Partial<Pick<Entry, 'by' | 'was'>>;

/** A storage in which unsent entries survive a reload, such as `sessionStorage`. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Commands given here that are not known to be stored in the room, oldest first. */
export class Outbox {
  readonly #store: Store | undefined;
  readonly #key: string;
  #entries: readonly Entry[];

  constructor(store: Store | undefined, key: string) {
    this.#store = store;
    this.#key = key;
    this.#entries = restored(store, key);
  }

  /** The entries; the same array until they change. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  find(id: string): Entry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  /** The next entry to send, of messages or of changes: each kind is sent in the order it was given. */
  next(isMessage: boolean): Entry | undefined {
    return this.#entries.find(
      ({ name, state }) => state === 'waiting' && (name === 'message') === isMessage,
    );
  }

  /** Adds an entry, unless there is one with its id. */
  add(entry: Entry): void {
    if (this.find(entry.id) === undefined) this.#put([...this.#entries, entry]);
  }

  mark(id: string, mark: Mark): void {
    this.#map((entry) => (entry.id === id ? marked(entry, mark) : entry));
  }

  remove(id: string): void {
    if (this.find(id) !== undefined) this.#put(this.#entries.filter((entry) => entry.id !== id));
  }

  /** This user has joined: entries without a user become theirs, those of other users are not sent. */
  sign(userId: string): void {
    this.#map((entry) => {
      const { by = userId } = entry;
      return by === userId
        ? { ...entry, by }
        : marked(entry, { state: 'failed', problem: otherUser });
    });
  }

  /** Moves entries based on this message's text, which is unchanged, to its newer `rev`. */
  rebase({ seq, rev, message, deletedAt }: Message): void {
    if (deletedAt !== undefined) return;
    this.#map((entry) => {
      const { payload, was } = entry;
      if (!('ifRev' in payload) || payload.seq !== seq || was !== message) return entry;
      return { ...entry, payload: { ...payload, ifRev: rev } } as Entry;
    });
  }

  #map(change: (entry: Entry) => Entry): void {
    if (this.#entries.length > 0) this.#put(this.#entries.map(change));
  }

  #put(entries: readonly Entry[]): void {
    this.#entries = entries;
    const value = entries.length > 0 ? JSON.stringify(entries) : undefined;
    keep(this.#store, this.#key, value);
  }
}

/** Stores a value over reloads; undefined removes it. */
export function keep(store: Store | undefined, key: string, value: string | undefined): void {
  try {
    if (value === undefined) store?.removeItem(key);
    else store?.setItem(key, value);
  } catch {
    // The store is full or forbidden: the value is lost at a reload.
  }
}

/** Marks an entry; an earlier problem and `retryAt` no longer apply. */
function marked(entry: Entry, mark: Mark): Entry {
  return { ...entry, problem: undefined, retryAt: undefined, ...mark };
}

function restored(store: Store | undefined, key: string): Entry[] {
  try {
    const entries = JSON.parse(store?.getItem(key) ?? '[]') as Entry[];
    return entries.map((entry) =>
      entry.state === 'failed' ? entry : marked(entry, { state: 'waiting' }),
    );
  } catch {
    return [];
  }
}
