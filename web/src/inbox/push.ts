import type { Inbox, InboxPayload } from '../../../src/client/inbox.ts';
import { permanentStorage } from '../memory.ts';
import { PUSH_CACHE, PUSH_PAGE, type PushPage, type PushPlace } from '../push-page.ts';
import { text } from '../texts.ts';

const WORKER = '/worker.js';
const ICON = '/icon-192.png';

/** Push for one user in this browser. */
export class Push {
  readonly #inbox: Inbox;
  readonly #userId: string;
  #subscription: PushSubscription | undefined;
  /** The user has signed out or turned push off: a call that is under way must not subscribe. */
  #hasEnded = false;

  constructor(inbox: Inbox, userId: string) {
    this.#inbox = inbox;
    this.#userId = userId;
  }

  /** Whether this browser can show notifications that come while the page is closed. */
  get isPossible(): boolean {
    return container() !== undefined && typeof PushManager === 'function';
  }

  get isOn(): boolean {
    return this.#subscription !== undefined;
  }

  /** Subscribes again if the user had subscribed in this browser: the server stores it once. */
  async start(): Promise<void> {
    if ((await registered()) === undefined || this.#hasEnded) return;
    await this.#leavePage();
    if (permanentStorage.getItem(this.#key) === null || Notification.permission !== 'granted')
      return;
    await this.#subscribe();
  }

  /** Asks the user's permission, then subscribes. Call it on a click. @throws Error with one sentence */
  async enable(): Promise<void> {
    this.#hasEnded = false;
    if ((await Notification.requestPermission()) !== 'granted') {
      throw new Error(text('notifyDenied'));
    }
    if (this.isPossible) await this.#subscribe();
  }

  /** Ends push for this user, and closes the notifications that are shown. */
  async disable(): Promise<void> {
    this.#hasEnded = true;
    const subscription = this.#subscription;
    this.#subscription = undefined;
    // First, because a user who signs out closes the connection next.
    const request =
      subscription && this.#inbox.ask('unsubscribePush', { endpoint: subscription.endpoint });
    request?.catch(() => undefined);
    await endPush(this.#userId);
  }

  get #key(): string {
    return keyOf(this.#userId);
  }

  async #subscribe(): Promise<void> {
    const applicationServerKey = await pushKey();
    await container()?.register(WORKER);
    const { pushManager } = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey };
    const subscription = await pushManager.subscribe(options).catch(async () => {
      // An earlier subscription may have another key of the server.
      await (await pushManager.getSubscription())?.unsubscribe();
      return pushManager.subscribe(options);
    });
    if (this.#hasEnded) {
      await subscription.unsubscribe();
      return;
    }
    // Before the first push, which the worker could not show in full otherwise.
    await this.#leavePage();
    const { endpoint, keys } = subscription.toJSON() as InboxPayload<'subscribePush'>;
    await this.#inbox.ask('subscribePush', { endpoint, keys });
    this.#subscription = subscription;
    permanentStorage.set(this.#key, 'on');
  }

  /** Stores what the worker needs: it shows pushes in full only for the user who is signed in. */
  async #leavePage(): Promise<void> {
    const page: PushPage = {
      userId: this.#userId,
      mention: text('noticeTitle', { name: '{name}', room: '{room}' }),
      inRoom: text('noticeInRoom', { name: '{name}', room: '{room}' }),
      neutral: text('noticeNeutral'),
    };
    const cache = await caches.open(PUSH_CACHE);
    await cache.put(PUSH_PAGE, new Response(JSON.stringify(page)));
  }
}

/**
 * Ends push in this browser and closes the notifications that are shown. Needs no inbox: the server
 * learns of it from the push service, with the next push.
 */
export async function endPush(userId: string | undefined): Promise<void> {
  if (userId !== undefined) permanentStorage.set(keyOf(userId), undefined);
  const registration = await registered();
  if (registration === undefined) return;
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  await caches.delete(PUSH_CACHE);
  await closeNotices();
}

function keyOf(userId: string): string {
  return `push.${userId}`;
}

/** Notifies of a message that an open page received; its push replaces this notification. */
export async function showNotice(
  title: string,
  body: string,
  { roomId, seq }: PushPlace,
  open: () => void,
): Promise<void> {
  const registration = await registered();
  const data: PushPlace = { roomId, seq };
  const options = { body, icon: ICON, tag: roomId, renotify: true, data };
  if (registration?.active) return registration.showNotification(title, options);
  const notice = new Notification(title, options);
  notice.addEventListener('click', () => {
    window.focus();
    notice.close();
    open();
  });
}

/** Closes the notification of a room that was read. */
export function withdrawNotice(roomId: string): void {
  void closeNotices({ tag: roomId }).catch(() => undefined);
}

async function closeNotices(which: GetNotificationOptions = {}): Promise<void> {
  const shown = await (await registered())?.getNotifications(which);
  for (const each of shown ?? []) each.close();
}

/** Undefined in browsers without service workers, and where the connection is not secure. */
function container(): ServiceWorkerContainer | undefined {
  return 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
}

async function registered(): Promise<ServiceWorkerRegistration | undefined> {
  return container()?.getRegistration();
}

/** The server's key for subscriptions. @throws Error with one sentence if the server does not push */
async function pushKey(): Promise<string> {
  const response = await fetch('/push/key');
  if (!response.ok) throw new Error(text('notifyOpen'));
  return ((await response.json()) as { key: string }).key;
}
