import { PUSH_CACHE, PUSH_PAGE, type PushPage, type PushPlace } from '../src/push-page.ts';

/** The page's service worker: shows what is pushed, also while no page is open. */

declare const self: ServiceWorkerGlobalScope;

/** The content of a push, as docs/protocol.md describes it (PUSH3). */
interface Pushed {
  userId: string;
  roomId: string;
  kind: 'room' | 'direct';
  seq: number;
  topic?: string;
  sender?: string;
  mention?: true;
  text?: string;
  read: readonly string[];
}

self.addEventListener('install', () => void self.skipWaiting());

self.addEventListener('push', (event) => {
  event.waitUntil(show((event.data?.json() ?? {}) as Partial<Pushed>));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open((event.notification.data ?? {}) as Partial<PushPlace>));
});

/** Shows a notification for every push: browsers end a subscription whose pushes show nothing. */
async function show(pushed: Partial<Pushed>): Promise<void> {
  const { userId, roomId = '', seq = 0, read = [] } = pushed;
  const page = await readPage();
  const isTheirs = page !== undefined && page.userId === userId;
  const [title, body] = isTheirs ? wordsOf(pushed, page) : ['Parlor', page?.neutral ?? ''];
  const data = isTheirs ? ({ roomId, seq } satisfies PushPlace) : undefined;
  const icon = '/icon-192.png';
  const renotify = roomId !== '' && !(await isShown(roomId, seq));
  const options = { body, icon, tag: roomId, renotify, data };
  await self.registration.showNotification(title, options);
  await withdraw(read);
}

function wordsOf(
  { kind, roomId = '', topic, sender, mention, text = '' }: Partial<Pushed>,
  { mention: mentions, inRoom, neutral }: PushPage,
): [title: string, body: string] {
  if (sender === undefined) return ['Parlor', neutral];
  if (kind === 'direct') return [sender, text];
  const values: Record<string, string> = { name: sender, room: topic ?? roomId };
  const words = mention === true ? mentions : inRoom;
  return [words.replaceAll(/\{(\w+)\}/g, (_, key: string) => values[key] ?? ''), text];
}

/** Whether an open page has already notified of this message: no second sound is made then. */
async function isShown(roomId: string, seq: number): Promise<boolean> {
  const [shown] = await self.registration.getNotifications({ tag: roomId });
  return ((shown?.data as Partial<PushPlace> | null)?.seq ?? 0) >= seq;
}

/** Closes the notifications of rooms that have been read. */
async function withdraw(roomIds: readonly string[]): Promise<void> {
  for (const shown of await self.registration.getNotifications()) {
    if (roomIds.includes(shown.tag)) shown.close();
  }
}

/** Shows the message in an open page, else in a new one. */
async function open({ roomId, seq }: Partial<PushPlace>): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = pages.find(({ focused }) => focused) ?? pages[0];
  if (page === undefined) {
    const place = roomId === undefined ? '' : `#${encodeURIComponent(roomId)}/${seq}`;
    await self.clients.openWindow(`/${place}`);
    return;
  }
  if (roomId !== undefined) page.postMessage({ roomId, seq }, []);
  await page.focus();
}

/** What the page has stored for the worker; undefined if it has stored nothing. */
async function readPage(): Promise<PushPage | undefined> {
  const cache = await caches.open(PUSH_CACHE);
  const kept = await cache.match(PUSH_PAGE);
  return (await kept?.json()) as PushPage | undefined;
}
