import type { InboxReply } from '../protocol/inbox-commands.ts';
import type { InboxEventPayload } from '../protocol/inbox-events.ts';
import type { Conversation } from '../protocol/inbox-objects.ts';
import { emptyInbox, type InboxState } from './inbox-state.ts';

type Page = InboxReply<'openInbox'>;

/** What this client knows of an inbox, and how replies and events change it. */
export class InboxModel {
  readonly #known = new Map<string, Conversation>();
  /** The last conversation of the last page: everything above it in the list is known. */
  #bound: Conversation | undefined;
  #hasMore = false;
  #totals = emptyInbox.totals;

  /** The first page of a new list. */
  begin(page: Page): void {
    this.#known.clear();
    this.#bound = undefined;
    this.page(page);
  }

  /** A further page of the list. */
  page({ conversations, hasMore, totals }: Page): void {
    for (const conversation of conversations) this.put(conversation);
    this.#bound = conversations.at(-1) ?? this.#bound;
    this.#hasMore = hasMore;
    this.#totals = totals;
  }

  /** Changes that were missed while the connection was lost. */
  changed({ conversations, removed = [], totals }: Page): void {
    for (const conversation of conversations) this.put(conversation);
    for (const roomId of removed) this.#known.delete(roomId);
    this.#totals = totals;
  }

  /** Stores a conversation, unless a newer state of it is known. */
  put(conversation: Conversation): void {
    const { roomId, rev } = conversation;
    if (rev >= (this.#known.get(roomId)?.rev ?? 0)) this.#known.set(roomId, conversation);
  }

  find(roomId: string): Conversation | undefined {
    return this.#known.get(roomId);
  }

  remove(roomId: string): void {
    this.#known.delete(roomId);
  }

  counted(totals: InboxEventPayload<'inboxTotals'>): void {
    this.#totals = totals;
  }

  get state(): Omit<InboxState, 'status'> {
    return {
      conversations: [...this.#known.values()]
        .filter(({ archived }) => !archived)
        .toSorted(inOrder),
      hasMore: this.#hasMore,
      totals: this.#totals,
    };
  }

  /** The conversation after which the next page begins: the last one that is not below the bound. */
  get last(): string | undefined {
    const bound = this.#bound;
    if (bound === undefined) return undefined;
    return this.state.conversations.findLast((one) => inOrder(one, bound) <= 0)?.roomId;
  }
}

/** The order of the server's list. */
function inOrder(a: Conversation, b: Conversation): number {
  return (
    Number(b.pinned ?? false) - Number(a.pinned ?? false) ||
    b.activityAt - a.activityAt ||
    (a.roomId < b.roomId ? 1 : -1)
  );
}
