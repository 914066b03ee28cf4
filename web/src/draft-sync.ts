import type { Conversation, Inbox } from '../../src/client/inbox.ts';

/** How long typing pauses before a draft is uploaded, in milliseconds; its removal is at once. */
const REST_MS = 800;
/** The longest draft that the inbox takes, in bytes of UTF-8. */
const MAX_BYTES = 8_192;

/** This browser's drafts of new messages, one a room: those that the user's devices share. */
export interface SyncedDrafts {
  /** @returns the text, and whether the inbox has it */
  read: (roomId: string) => { text: string; isSynced: boolean } | undefined;
  /** Stores a text that the inbox has; an empty one removes the draft. */
  write: (roomId: string, text: string) => void;
}

/** Synchronises drafts between this browser and the inbox. Never overwrites a draft not uploaded yet. */
export class DraftSync {
  readonly #inbox: Pick<Inbox, 'set'>;
  readonly #drafts: SyncedDrafts;
  readonly #drafted: (roomId: string) => void;
  /** Uploads that are due or under way, by room. */
  readonly #timers = new Map<string, ReturnType<typeof setTimeout> | undefined>();

  /** @param drafted called when another device has written, or removed, the draft of a room */
  constructor(
    inbox: Pick<Inbox, 'set'>,
    drafts: SyncedDrafts,
    drafted: (roomId: string) => void,
    life: AbortSignal,
  ) {
    this.#inbox = inbox;
    this.#drafts = drafts;
    this.#drafted = drafted;
    life.addEventListener('abort', () => {
      for (const timer of this.#timers.values()) clearTimeout(timer);
    });
  }

  /** Uploads a draft that was written here, or its removal. @param text empty if it was removed */
  upload(roomId: string, text: string): void {
    if (new TextEncoder().encode(text).length > MAX_BYTES) return;
    clearTimeout(this.#timers.get(roomId));
    const send = async () => {
      await this.#send(roomId, text);
      if (this.#timers.get(roomId) === timer) this.#timers.delete(roomId);
    };
    const timer = text === '' ? undefined : setTimeout(() => void send(), REST_MS);
    this.#timers.set(roomId, timer);
    // An empty draft was sent or removed, and the page may be closed next.
    if (timer === undefined) void send();
  }

  /**
   * Stores the draft of a conversation, unless this browser has one that the inbox lacks, or has sent it.
   * With `hasDraft` the conversation comes without the text, and nothing is stored.
   */
  receive({ roomId, draft = '', hasDraft }: Conversation): void {
    const here = this.#drafts.read(roomId);
    const isOurs = this.#timers.has(roomId) || (here !== undefined && !here.isSynced);
    if (hasDraft === true || isOurs || (here?.text ?? '') === draft) return;
    this.#drafts.write(roomId, draft);
    this.#drafted(roomId);
  }

  /** Never rejects. */
  async #send(roomId: string, text: string): Promise<void> {
    try {
      await this.#inbox.set(roomId, { draft: text });
    } catch {
      // The draft stays in this browser; the next change uploads it.
      return;
    }
    if ((this.#drafts.read(roomId)?.text ?? '') === text) this.#drafts.write(roomId, text);
  }
}
