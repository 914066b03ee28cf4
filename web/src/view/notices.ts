import type { Message, Room } from '../../../src/client/index.ts';
import { isLooking } from '../looking.ts';
import { remembered } from '../memory.ts';
import { text } from '../texts.ts';
import { button } from './dom.ts';
import { beginningOf } from './text.ts';

interface NoticeActions {
  /** Shows a message. */
  open: (roomId: string, seq: number) => void;
  /** Offers notices where this user looks. */
  offer: (sentence: string, accept: HTMLElement) => void;
}

/** Tells a user who looks elsewhere that they are mentioned, once they have wished for that. */
export class Notices {
  readonly #actions: NoticeActions;

  constructor(actions: NoticeActions) {
    this.#actions = actions;
  }

  heard(room: Room, message: Message): void {
    const { you, status, isCatchingUp } = room.state;
    const isMention = you !== undefined && message.mentions?.includes(you.userId) === true;
    if (!isMention || message.senderId === you.userId || message.deletedAt !== undefined) return;
    if (typeof Notification !== 'function' || status.name !== 'open' || isCatchingUp) return;
    if (Notification.permission === 'default') this.#offer();
    else if (Notification.permission === 'granted' && !isLooking()) this.#show(room, message);
  }

  /** Asked at the first mention, and never again: browsers punish pages that ask at the door. */
  #offer(): void {
    if (remembered.getItem('notices') !== null) return;
    remembered.set('notices', 'offered');
    const accept = button(text('notifyMe'), () => {
      accept.remove();
      void Notification.requestPermission();
    });
    this.#actions.offer(text('notifyOffer'), accept);
  }

  #show({ roomId }: Room, { seq, sender, message }: Message): void {
    try {
      const title = text('noticeTitle', { name: sender, room: roomId });
      const notice = new Notification(title, {
        body: beginningOf(message),
        icon: '/icon.svg',
        tag: `${roomId} ${seq}`,
      });
      notice.addEventListener('click', () => {
        window.focus();
        notice.close();
        this.#actions.open(roomId, seq);
      });
    } catch {
      // Chrome on Android shows notices of a service worker alone.
    }
  }
}

let shown = '';

/** The icon of the window says whether something is unread, and that of an installed page how often one is mentioned. */
export function showUnread(unread: number, mentions: number): void {
  const href = unread > 0 ? '/icon-unread.svg' : '/icon.svg';
  const state = `${href} ${mentions}`;
  if (state === shown) return;
  shown = state;
  document.querySelector('link[rel="icon"]')?.setAttribute('href', href);
  if ('setAppBadge' in navigator) void navigator.setAppBadge(mentions).catch(() => undefined);
}
