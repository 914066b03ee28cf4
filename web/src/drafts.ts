import type { Store } from '../../src/client/index.ts';
import type { ChosenPerson } from './mentions.ts';

/** What is being written: a new message, a reply to message `seq`, or another text for it. */
export interface Draft {
  text: string;
  mode: 'new' | 'reply' | 'edit';
  seq?: number;
  /** People who were chosen from the list, with where they stand in the text. */
  mentions: readonly ChosenPerson[];
  /** What an edit has interrupted. */
  before?: Draft;
}

/** A field: the one of a room, or of a thread in it. */
export interface DraftPlace {
  roomId: string;
  /** `seq` of the thread's first message. */
  thread?: number | undefined;
}

/** More drafts than this are not kept: the oldest go first. */
const MAX_DRAFTS = 50;
/** A longer text is not kept; the whole store of a browser has 5 million. In UTF-16 units. */
const MAX_UNITS = 65_536;

type Kept = Draft &
  DraftPlace & {
    /** The inbox has this text: another device may change or remove it. */
    isSynced?: boolean;
  };

/** What one user has written and not sent. Another user has another key, and never reads it. */
export class Drafts {
  readonly #store: Store;
  readonly #key: string;
  /** The draft of a new message of a room was written here. */
  wrote: (roomId: string, text: string) => void = () => undefined;

  constructor(store: Store, userId: string) {
    this.#store = store;
    this.#key = `drafts.${userId}`;
  }

  get(place: DraftPlace): Draft | undefined {
    return this.#read().find((one) => isIn(one, place));
  }

  /** Keeps a draft in place of the one before it; an empty one is removed. */
  set({ roomId, thread }: DraftPlace, draft: Draft): void {
    const before = this.#put({ ...draft, roomId, thread });
    const isShared = thread === undefined && draft.mode === 'new';
    if (isShared && (before?.text ?? '') !== draft.text) this.wrote(roomId, draft.text);
  }

  /** The draft of a new message of a room, and whether the inbox has it. */
  shared(roomId: string): { text: string; isSynced: boolean } | undefined {
    const {
      text,
      mode,
      isSynced = false,
    } = this.#read().find((one) => isIn(one, { roomId })) ?? {};
    return text === undefined ? undefined : { text, isSynced: isSynced && mode === 'new' };
  }

  /** Keeps a text that the inbox has. */
  setShared(roomId: string, text: string): void {
    const { mentions = [] } = this.#read().find((one) => isIn(one, { roomId })) ?? {};
    this.#put({ text, mode: 'new', mentions, roomId, isSynced: true });
  }

  /** @returns what was there; of the same text it stays known whether the inbox has it */
  #put(draft: Kept): Kept | undefined {
    const kept = this.#read();
    const before = kept.find((one) => isIn(one, draft));
    const others = kept.filter((one) => one !== before);
    const isSame = before?.text === draft.text && before.mode === draft.mode;
    const isSynced = draft.isSynced ?? (isSame && before.isSynced === true);
    const isKept = isDraft(draft) && draft.text.length <= MAX_UNITS;
    this.#write(isKept ? [...others, { ...draft, isSynced }].slice(-MAX_DRAFTS) : others);
    return before;
  }

  /** Rooms with something that is worth keeping. */
  get rooms(): ReadonlySet<string> {
    return new Set(this.#read().map(({ roomId }) => roomId));
  }

  /** Removes the drafts of a room and its threads; without a room, all. */
  clear(roomId?: string): void {
    this.#write(this.#read().filter((one) => roomId !== undefined && one.roomId !== roomId));
  }

  /** From the store each time: another window may have written to it. */
  #read(): Kept[] {
    try {
      const kept: unknown = JSON.parse(this.#store.getItem(this.#key) ?? '[]');
      return Array.isArray(kept) ? kept.filter((one) => typeof one?.text === 'string') : [];
    } catch {
      return [];
    }
  }

  #write(kept: readonly Kept[]): void {
    if (kept.length === 0) this.#store.removeItem(this.#key);
    else this.#store.setItem(this.#key, JSON.stringify(kept));
  }
}

function isDraft({ text, mode }: Draft): boolean {
  return text.trim() !== '' || mode !== 'new';
}

function isIn(kept: DraftPlace, { roomId, thread }: DraftPlace): boolean {
  return kept.roomId === roomId && kept.thread === thread;
}
