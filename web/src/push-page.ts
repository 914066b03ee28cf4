/** What the page and its service worker agree on. */

/** The cache, and the address in it, where the page stores what the worker needs. */
export const PUSH_CACHE = 'push';
export const PUSH_PAGE = '/push-page';

/** Who is signed in, and sentences in their language; `{name}` and `{room}` are replaced. */
export interface PushPage {
  userId: string;
  mention: string;
  inRoom: string;
  /** Shown in place of a message that is not to be shown. */
  neutral: string;
}

/** The message that a notification is about. */
export interface PushPlace {
  roomId: string;
  seq: number;
}
