import type { Message, Room } from '../../../src/client/index.ts';
import type { Conversation, Notify } from '../../../src/client/inbox.ts';
import { isWindowActive } from '../window-activity.ts';
import { permanentStorage } from '../memory.ts';
import { text } from '../texts.ts';
import { button } from './dom.ts';
import { lazy } from './lazy.ts';
import { beginningOf } from './text.ts';

interface NoticeActions {
  /** Shows a message. */
  open: (roomId: string, seq: number) => void;
  /** Offers notices to the user. */
  offer: (sentence: string, accept: HTMLElement) => void;
  /** Called when the user accepts notices. */
  accept: () => void;
}

/** A message as a notice shows it. */
interface Notice {
  roomId: string;
  seq: number;
  sender: string;
  body: string;
}

/** What is known of a room beside its state. */
interface Noticed {
  level: Notify;
  title: string;
}

/** Shows notifications of messages to a user who has accepted them and is not looking at the window. */
export class Notices {
  readonly #actions: NoticeActions;

  constructor(actions: NoticeActions) {
    this.#actions = actions;
  }

  /** Call it for a message in a room that is joined. */
  onMessage(room: Room, message: Message, { level, title }: Noticed): void {
    const { you, status, isCatchingUp } = room.state;
    if (you === undefined || message.senderId === you.userId) return;
    const isMention = message.mentions?.includes(you.userId) === true;
    const isWanted = level === 'all' || (level === 'mentions' && isMention);
    if (!isWanted || message.deletedAt !== undefined) return;
    if (status.name !== 'open' || isCatchingUp) return;
    this.#notify(title, { ...message, roomId: room.roomId, body: beginningOf(message.message) });
  }

  /** Call it for a change of a room that is not joined. @param before its previous state, if known */
  onConversation(
    conversation: Conversation,
    before: Conversation | undefined,
    title: string,
  ): void {
    const { roomId, last, notify, unread, unreadMentions } = conversation;
    if (before === undefined || last === undefined || notify === 'none') return;
    const isMention = unreadMentions > before.unreadMentions;
    const isNew = notify === 'all' && unread > 0 && last.seq > (before.last?.seq ?? 0);
    if (isMention || isNew) this.#notify(title, { ...last, roomId, body: last.excerpt });
  }

  #notify(title: string, notice: Notice): void {
    if (typeof Notification !== 'function') return;
    if (Notification.permission === 'default') this.#offer();
    else if (Notification.permission === 'granted' && !isWindowActive()) this.#show(title, notice);
  }

  /** Offers notices instead of the first one, and never again: browsers punish pages that ask on arrival. */
  #offer(): void {
    if (permanentStorage.getItem('notices') !== null) return;
    permanentStorage.set('notices', 'offered');
    const accept = button(text('notifyMe'), () => {
      accept.remove();
      this.#actions.accept();
    });
    this.#actions.offer(text('notifyOffer'), accept);
  }

  #show(room: string, { sender, body, ...place }: Notice): void {
    const title = sender === room ? sender : text('noticeTitle', { name: sender, room });
    const open = () => this.#actions.open(place.roomId, place.seq);
    void lazy.notice(title, body, place, open).catch(() => undefined);
  }
}

let shown = '';

/** Shows in the window's icon whether anything is unread, and in an installed page's the mentions. */
export function showUnread(unread: number, mentions: number): void {
  const href = unread > 0 ? '/icon-unread.svg' : '/icon.svg';
  const state = `${href} ${mentions}`;
  if (state === shown) return;
  shown = state;
  document.querySelector('link[rel="icon"]')?.setAttribute('href', href);
  if ('setAppBadge' in navigator) void navigator.setAppBadge(mentions).catch(() => undefined);
}
