import type { Conversation, Inbox } from '../../../src/client/inbox.ts';
import { sentenceOfError } from '../sentences.ts';
import { text } from '../texts.ts';
import { openDialog, field, select } from '../view/dialog.ts';
import { element } from '../view/dom.ts';
import type { Choice } from '../view/popover.ts';
import { DraftSync, type SyncedDrafts } from '../draft-sync.ts';
import { Push, withdrawNotice } from './push.ts';

/** The most rooms to watch; the inbox sends their changes at once. */
const MAX_WATCHED = 20;

export interface ConversationsActions {
  /** Draws again. */
  changed: () => void;
  /** The id of the room that is shown. */
  current: () => string | undefined;
  /** Shows a room. */
  open: (roomId: string) => void;
  /** The user is no longer on a room's list: left on another device, banned, or the room was deleted. */
  removed: (roomId: string) => void;
  /** A conversation has changed. @param before its previous state, if it was listed */
  conversationChanged: (conversation: Conversation, before: Conversation | undefined) => void;
  /** The draft of a room was changed on another device. */
  drafted: (roomId: string) => void;
  say: (sentence: string) => void;
  /** Whose inbox it is. */
  userId: string;
}

/** What the page does with a user's inbox. */
export class Conversations {
  readonly #inbox: Inbox;
  readonly #actions: ConversationsActions;
  readonly #drafts: DraftSync;
  readonly #push: Push;
  readonly #blocked = new Set<string>();
  #listed: readonly Conversation[] = [];
  #watched = '';

  constructor(
    inbox: Inbox,
    drafts: SyncedDrafts,
    actions: ConversationsActions,
    life: AbortSignal,
  ) {
    this.#inbox = inbox;
    this.#actions = actions;
    this.#drafts = new DraftSync(inbox, drafts, (roomId) => actions.drafted(roomId), life);
    this.#push = new Push(inbox, actions.userId);
    // If this fails, the next page load repeats it. The user may have signed out while this was loaded.
    if (!life.aborted) void this.#push.start().catch(() => undefined);
    const offs = [
      inbox.on('change', () => this.#changed()),
      inbox.on('conversationUpdated', (conversation) => this.#updated(conversation)),
      inbox.on('conversationRemoved', ({ roomId }) => actions.removed(roomId)),
    ];
    life.addEventListener('abort', () => {
      for (const off of offs) off();
    });
    void this.#loadBlocked();
    this.#changed();
  }

  /** Whether the list is loaded. */
  get isLoaded(): boolean {
    return this.#inbox.state.status.name === 'open' || this.#listed.length > 0;
  }

  get list(): readonly Conversation[] {
    return this.#listed;
  }

  get hasMore(): boolean {
    return this.#inbox.state.hasMore;
  }

  loadMore(): void {
    this.#try(this.#inbox.loadMore());
  }

  find(roomId: string): Conversation | undefined {
    return this.#inbox.find(roomId);
  }

  /** Watches the rooms that are drawn and have no socket of their own. */
  watch(roomIds: readonly string[]): void {
    const watched = roomIds.slice(0, MAX_WATCHED);
    if (watched.join('\n') === this.#watched) return;
    this.#watched = watched.join('\n');
    this.#inbox.watch(watched);
  }

  /** Call it when a room is shown: it is no longer marked as unread or archived, its draft is fetched. */
  opened(roomId: string): void {
    const conversation = this.find(roomId);
    if (conversation === undefined) return;
    withdrawNotice(roomId);
    const { unreadFrom, archived } = conversation;
    if (unreadFrom !== undefined || archived === true) {
      this.#set(roomId, { unreadFrom: null, archived: false });
    }
    this.#receiveDraft(conversation);
  }

  /** Takes the draft from another device. The list leaves drafts out: that of the room shown is fetched. */
  #receiveDraft(conversation: Conversation): void {
    const { roomId, hasDraft } = conversation;
    this.#drafts.receive(conversation);
    if (hasDraft !== true || roomId !== this.#actions.current()) return;
    this.#try(this.#inbox.set(roomId).then((whole) => this.#drafts.receive(whole)));
  }

  /** Uploads a draft that was written in this browser. */
  uploadDraft(roomId: string, draft: string): void {
    if (this.find(roomId) !== undefined) this.#drafts.upload(roomId, draft);
  }

  /** Takes the user off a room's list, and removes the draft. The only owner archives it instead. */
  quit(roomId: string): void {
    this.uploadDraft(roomId, '');
    const archive = async () => {
      if (this.find(roomId) !== undefined) await this.#inbox.set(roomId, { archived: true });
    };
    this.#try(this.#inbox.quit(roomId).catch(archive));
  }

  isBlocked(userId: string): boolean {
    return this.#blocked.has(userId);
  }

  /** Opens the direct room with a person. */
  message(userId: string): void {
    this.#try(this.#inbox.openDirect(userId).then(({ roomId }) => this.#actions.open(roomId)));
  }

  block(userId: string, name: string): void {
    openDialog({
      title: text('blockThem', { name }),
      parts: [element('p', '', text('blockHint'))],
      confirm: text('block'),
      isDanger: true,
      run: async () => {
        await this.#inbox.ask('blockUser', { userId });
        this.#blocked.add(userId);
      },
    });
  }

  unblock(userId: string): void {
    this.#try(this.#inbox.ask('unblockUser', { userId }).then(() => this.#blocked.delete(userId)));
  }

  /**
   * What can be done with a conversation.
   * @param isRead whether the room is joined and has nothing unread
   */
  choices(roomId: string, isRead: boolean): Choice[] {
    const conversation = this.find(roomId);
    if (conversation === undefined) return [];
    const { pinned, unread, unreadFrom, last } = conversation;
    const set = (choices: Parameters<Inbox['set']>[1]) => () => this.#set(roomId, choices);
    const isUnread = unreadFrom !== undefined || (unread > 0 && !isRead);
    return [
      {
        label: text(pinned ? 'unpin' : 'pin'),
        icon: 'pin',
        choose: set({ pinned: pinned !== true }),
      },
      ...(isUnread || last === undefined
        ? []
        : [{ label: text('markUnread'), icon: 'undo', choose: set({ unreadFrom: last.seq }) }]),
      { label: text('notifications'), icon: 'mute', choose: () => this.#askLevel(conversation) },
      { label: text('archive'), icon: 'delete', choose: set({ archived: true }) },
    ];
  }

  /** The choice that turns this browser's notifications on or off; undefined if it can show none. */
  get notifying(): Choice | undefined {
    if (typeof Notification !== 'function' || !this.#push.isPossible) return undefined;
    const { isOn } = this.#push;
    return {
      label: text(isOn ? 'notifyOff' : 'notifyOn'),
      icon: 'mention',
      choose: () => (isOn ? this.signedOut() : this.notify()),
    };
  }

  /** Turns notifications on. */
  notify(): void {
    this.#try(this.#push.enable());
  }

  /** Turns notifications off, also when the user signs out. */
  signedOut(): void {
    this.#try(this.#push.disable());
  }

  /** Lists what is archived; a conversation that is chosen returns to the list, and opens. */
  async showArchived(): Promise<void> {
    const { conversations } = await this.#inbox.ask('getInbox', { filter: 'archived', limit: 200 });
    const list = element('ul', 'switcher-list');
    const dialog = openDialog({ title: text('archived'), parts: [list] });
    for (const one of conversations) {
      const open = element('button', 'choice', element('bdi', '', titleOf(one)));
      open.type = 'button';
      open.addEventListener('click', () => {
        dialog.close();
        this.#set(one.roomId, { unreadFrom: null, archived: false });
        this.#actions.open(one.roomId);
      });
      list.append(element('li', '', open));
    }
    if (conversations.length === 0) list.replaceWith(element('p', '', text('nothingArchived')));
  }

  #askLevel({ roomId, notify }: Conversation): void {
    const levels = select(
      [
        ['all', text('notifyAll')],
        ['mentions', text('notifyMentions')],
        ['none', text('notifyNone')],
      ],
      notify,
    );
    openDialog({
      title: text('notifications'),
      parts: [field(text('notifyOf'), levels)],
      confirm: text('save'),
      run: () => this.#inbox.set(roomId, { notify: levels.value as Conversation['notify'] }),
    });
  }

  #set(roomId: string, choices: Parameters<Inbox['set']>[1]): void {
    this.#try(this.#inbox.set(roomId, choices).then(() => this.#actions.changed()));
  }

  #updated(conversation: Conversation): void {
    const { roomId, unread } = conversation;
    if (unread === 0) withdrawNotice(roomId);
    // `#listed` has the previous state until the whole frame was read.
    const before = this.#listed.find((one) => one.roomId === roomId);
    this.#actions.conversationChanged(conversation, before);
  }

  #changed(): void {
    const before = new Set(this.#listed);
    this.#listed = this.#inbox.state.conversations;
    for (const one of this.#listed) if (!before.has(one)) this.#receiveDraft(one);
    this.#actions.changed();
  }

  async #loadBlocked(): Promise<void> {
    try {
      const { users } = await this.#inbox.ask('getBlocked', { limit: 200 });
      for (const { userId } of users) this.#blocked.add(userId);
    } catch {
      // The menu then offers to block once more, which does no harm.
    }
  }

  #try(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#actions.say(sentenceOfError(error)));
  }
}

/** What a conversation is called. */
export function titleOf({ roomId, with: other }: Conversation): string {
  return other?.username ?? roomId;
}
