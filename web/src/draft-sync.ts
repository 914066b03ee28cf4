import type { Conversation, Inbox } from '../../src/client/inbox.ts';

/** A draft goes to the other devices after a rest of this long, in milliseconds; its end at once. */
const REST_MS = 800;
/** The inbox takes no longer ones, in bytes of UTF-8. */
const MAX_BYTES = 8_192;

/** The drafts of this browser, as far as other devices share them: those of new messages of a room. */
export interface SyncedDrafts {
  /** @returns the text, and whether the inbox has it */
  read: (roomId: string) => { text: string; isSynced: boolean } | undefined;
  /** Keeps a text that the inbox has; an empty one removes the draft. */
  write: (roomId: string, text: string) => void;
}

/** Carries drafts between this browser and the inbox. What was typed here and not sent yet stays. */
export class DraftSync {
  readonly #inbox: Pick<Inbox, 'set'>;
  readonly #drafts: SyncedDrafts;
  readonly #drafted: (roomId: string) => void;
  /** Of rooms whose draft was written or removed here, until the inbox has that. */
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  /** @param drafted another device has written, or removed, the draft of a room */
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

  /** A draft was written here. */
  wrote(roomId: string, text: string): void {
    if (new TextEncoder().encode(text).length > MAX_BYTES) return;
    clearTimeout(this.#timers.get(roomId));
    const send = async () => {
      await this.#send(roomId, text);
      if (this.#timers.get(roomId) === timer) this.#timers.delete(roomId);
    };
    // It was sent or removed, and the page may be closed now.
    const timer = setTimeout(() => void send(), text === '' ? 0 : REST_MS);
    this.#timers.set(roomId, timer);
  }

  /** Takes the draft of a conversation, unless another was begun here, or this one was sent. */
  met({ roomId, draft = '', hasDraft }: Conversation): void {
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
      // It stays in this browser; the next change is tried again.
      return;
    }
    if ((this.#drafts.read(roomId)?.text ?? '') === text) this.#drafts.write(roomId, text);
  }
}
