import type { Store } from '../../src/client/index.ts';
import type { ChosenPerson } from './mentions.ts';

/** A text that is being written: a new message, a reply to message `seq`, or an edit of it. */
export interface Draft {
  text: string;
  mode: 'new' | 'reply' | 'edit';
  seq?: number;
  /** People who were chosen from the list, with their places in the text. */
  mentions: readonly ChosenPerson[];
  /** The draft that an edit has interrupted. */
  before?: Draft;
}

/** The field that a draft belongs to: that of a room, or of a thread in it. */
export interface DraftPlace {
  roomId: string;
  /** `seq` of the thread's first message. */
  thread?: number | undefined;
}

/** The most drafts that are kept: the oldest are removed first. */
const MAX_DRAFTS = 50;
/** The longest text that is kept, in UTF-16 units; a browser's whole store holds 5 million. */
const MAX_UNITS = 65_536;

type Kept = Draft &
  DraftPlace & {
    /** Whether the inbox has this text, so that another device may change or remove it. */
    isSynced?: boolean;
  };

/** One user's unsent texts. They are stored under the user's own key, so that no other user reads them. */
export class Drafts {
  readonly #store: Store;
  readonly #key: string;
  /** Called when a room's draft of a new message was changed in this browser. */
  onWritten: (roomId: string, text: string) => void = () => undefined;

  constructor(store: Store, userId: string) {
    this.#store = store;
    this.#key = `drafts.${userId}`;
  }

  get(place: DraftPlace): Draft | undefined {
    return this.#read().find((one) => isIn(one, place));
  }

  /** Stores a draft in place of the previous one; an empty draft is removed. */
  set({ roomId, thread }: DraftPlace, draft: Draft): void {
    const before = this.#put({ ...draft, roomId, thread });
    const isShared = thread === undefined && draft.mode === 'new';
    if (isShared && (before?.text ?? '') !== draft.text) this.onWritten(roomId, draft.text);
  }

  /** The draft in a room's own field, and whether the inbox has it. */
  shared(roomId: string): { text: string; isSynced: boolean } | undefined {
    const {
      text,
      mode,
      isSynced = false,
    } = this.#read().find((one) => isIn(one, { roomId })) ?? {};
    return text === undefined ? undefined : { text, isSynced: isSynced && mode === 'new' };
  }

  /** Stores a text that the inbox has, as the draft of a room's new message. */
  setShared(roomId: string, text: string): void {
    const { mentions = [] } = this.#read().find((one) => isIn(one, { roomId })) ?? {};
    this.#put({ text, mode: 'new', mentions, roomId, isSynced: true });
  }

  /** Stores a draft; an unchanged text keeps its `isSynced`. @returns the previous draft */
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

  /** Rooms that have a draft. */
  get rooms(): ReadonlySet<string> {
    return new Set(this.#read().map(({ roomId }) => roomId));
  }

  /** Removes the drafts of a room and its threads; without a room, all. */
  clear(roomId?: string): void {
    this.#write(this.#read().filter((one) => roomId !== undefined && one.roomId !== roomId));
  }

  /** Reads the store each time: another window may have written to it. */
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
