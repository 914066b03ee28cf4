import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { CDPSession, Locator, Page, WebSocket } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { violations } from '../support/browser-hands.ts';
import { Company } from '../support/browser-company.ts';
import { type Host, startNodeHost } from '../support/browser-hosts.ts';
import { type PushBrowser, pushKeys, PushService } from '../support/push-service.ts';

const company = Company.forAll(true);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Gives the page a subscription at the test's push service, since headless Chromium has no push service.
 * Tests pass pushes on from there to the service worker over the DevTools protocol.
 */
async function subscribesAt(page: Page, browser: PushBrowser): Promise<void> {
  const json = JSON.stringify(browser.subscription);
  await page.addInitScript(`{
    const subscription = {
      ...${json},
      toJSON: () => (${json}),
      unsubscribe: async () => localStorage.setItem('unsubscribed', 'yes'),
    };
    PushManager.prototype.subscribe = async () => subscription;
    PushManager.prototype.getSubscription = async () =>
      localStorage.getItem('unsubscribed') === null ? subscription : null;
  }`);
}

interface Shown {
  title: string;
  body: string;
  tag: string;
}

/** The notifications that this browser shows. */
function shownIn(page: Page): Promise<Shown[]> {
  return page.evaluate<Shown[]>(`(async () => {
    const shown = await (await navigator.serviceWorker.ready).getNotifications();
    return shown.map(({ title, body, tag }) => ({ title, body, tag }));
  })()`);
}

/** Delivers a push to the page's service worker. */
async function deliver(cdp: CDPSession, origin: string, says: object): Promise<void> {
  const registered = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [first] = registrations;
      if (first !== undefined) resolve(first.registrationId);
    });
  });
  await cdp.send('ServiceWorker.enable');
  const registrationId = await registered;
  const data = JSON.stringify(says);
  await cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  await cdp.send('ServiceWorker.disable');
}

/**
 * Delivers a push until it is shown: the browser does not report whether the worker received it, and
 * push services may deliver repeatedly too.
 */
async function deliverUntilShown(
  page: Page,
  origin: string,
  says: { roomId: string; userId?: string },
): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const isShown = async () => (await shownIn(page)).some(({ tag }) => tag === says.roomId);
  const wasShown = () => vi.waitUntil(isShown, { timeout: 5_000 }).catch(() => false);
  do await deliver(cdp, origin, says);
  while (!(await wasShown()));
  await cdp.detach();
}

/** Opens a menu until it offers an item: some appear only once the inbox is loaded and has the room. */
async function offered(
  { page }: Visitor,
  name: string,
  open: () => Promise<void>,
): Promise<Locator> {
  const choice = page.getByRole('menuitem', { name, exact: true });
  const isOffered = async () => {
    await page.keyboard.press('Escape');
    await open();
    return choice.isVisible();
  };
  await expect.poll(isOffered).toBe(true);
  return choice;
}

/** Opens the user's settings until they offer an item. */
function setting(visitor: Visitor, choice: string): Promise<Locator> {
  const { page } = visitor;
  const open = () => page.getByRole('button', { name: 'Your settings' }).click();
  return offered(visitor, choice, open);
}

describe.skipIf(!hasBrowser)('the page, about push notifications', () => {
  let service: PushService;
  let host: Host;
  beforeAll(async () => {
    service = await new PushService().listen();
    host = await startNodeHost({ ...pushKeys, PUSH_HOSTS: service.origin });
  });
  afterAll(async () => {
    await host.close();
    service.close();
  });

  test('can be installed', async () => {
    const { page } = await company.arrives(host.url);
    const cdp = await page.context().newCDPSession(page);
    const { errors, data = '' } = await cdp.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    expect(JSON.parse(data)).toMatchObject({ display: 'standalone', start_url: '/' });
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    // Pages of tests run in incognito contexts.
    const ids = installabilityErrors.map(({ errorId }) => errorId);
    expect(ids.filter((id) => id !== 'in-incognito')).toEqual([]);
  });

  test('[PUSH3] [PUSH4] shows a pushed message, opens its room, and closes it when it is read', async () => {
    const name = `Ann ${crypto.randomUUID()}`;
    const { origin } = new URL(host.url);
    const browser = service.browser();
    const ann = await company.arrives(host.url, { permissions: ['notifications'] });
    const { page } = ann;
    await subscribesAt(page, browser);
    await page.reload();
    await ann.join(name, company.room);
    await ann.isIn();
    await ann.write('here');
    await (await setting(ann, 'Notify me in this browser')).click();
    const subscribed = "Object.keys(localStorage).some((key) => key.startsWith('parlor.push.'))";
    await expect.poll(() => page.evaluate(subscribed)).toBe(true);
    // Leaves the page, so that no connection is open.
    await page.goto(new URL('/icon.svg', host.url).href);
    await company.ask(host.url, 'Ben', 'POST', '/messages', { message: 'look', mentions: [name] });
    const { says } = await browser.gets();
    await deliverUntilShown(page, origin, { ...says, roomId: company.room });
    const title = `Ben mentions you in ${company.room}`;
    await expect.poll(() => shownIn(page)).toEqual([{ title, body: 'look', tag: company.room }]);

    // The text of a push for another user is not shown to this one.
    await deliverUntilShown(page, origin, { ...says, userId: 'Eve', roomId: 'secret' });
    const neutral = { title: 'Parlor', body: 'There is something new.', tag: 'secret' };
    await expect.poll(() => shownIn(page)).toContainEqual(neutral);

    // A click leads an open page to the message, which then counts as read.
    await page.goto(`${host.url}#elsewhere`);
    await page.getByRole('heading', { level: 1, name: 'elsewhere' }).waitFor();
    const [worker] = page.context().serviceWorkers();
    await worker?.evaluate(`(async () => {
      const [notification] = await registration.getNotifications({ tag: ${JSON.stringify(company.room)} });
      dispatchEvent(new NotificationEvent('notificationclick', { notification }));
    })()`);
    await page.getByRole('heading', { level: 1, name: company.room }).waitFor();
    await ann.message('look').waitFor();
    await expect.poll(() => shownIn(page)).toEqual([neutral]);

    await setting(ann, 'No notifications in this browser');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => page.evaluate("localStorage.getItem('unsubscribed')")).toBe('yes');
    await expect.poll(() => shownIn(page)).toEqual([]);
  });

  test.each([
    ['the inbox', /\/inbox-[^/]*\.js$/],
    ['its subscription', /\/push\/key$/],
  ])('ends with a sign-out that comes before %s has been loaded', async (_, request) => {
    const name = `Ann ${crypto.randomUUID()}`;
    const ann = await company.arrives(host.url, { permissions: ['notifications'] });
    const { page } = ann;
    await subscribesAt(page, service.browser());
    await page.reload();
    await ann.join(name, company.room);
    await ann.isIn();
    await (await setting(ann, 'Notify me in this browser')).click();
    await setting(ann, 'No notifications in this browser');

    let asked = false;
    await page.route(request, () => {
      asked = true;
    });
    await page.reload();
    await ann.isIn();
    await expect.poll(() => asked).toBe(true);
    await page.getByRole('button', { name: 'Sign out' }).click();
    const left = `(async () => [
      localStorage.getItem('unsubscribed'),
      Object.keys(localStorage).filter((key) => key.startsWith('parlor.push.')),
      await caches.has('push'),
    ])()`;
    await expect.poll(() => page.evaluate(left)).toEqual(['yes', [], false]);
  });

  test('keeps notification levels and blocked users, in menus where axe finds no violation', async () => {
    const name = `Ann ${crypto.randomUUID()}`;
    const ann = await company.comesIn(name, host.url);
    const { page } = ann;
    await ann.write('here');
    await ann.hasSent('here');
    await company.ask(host.url, 'Ben', 'POST', '/messages', { message: 'me too' });
    await ann.message('me too').waitFor();
    const openLevels = async () => {
      const row = page.locator(`#room-list [data-room="${company.room}"]`);
      const choice = await offered(ann, 'Notifications', () => row.click({ button: 'right' }));
      expect(await violations(page, AXE)).toEqual([]);
      await choice.click();
      return page.getByLabel('Notify me of', { exact: true });
    };
    const levels = await openLevels();
    expect(await violations(page, AXE)).toEqual([]);
    await levels.selectOption('Nothing');
    await page.getByRole('button', { name: 'Save' }).click();
    await levels.waitFor({ state: 'detached' });
    await page.reload();
    await ann.isIn();
    expect(await (await openLevels()).inputValue()).toBe('none');
    await page.keyboard.press('Escape');

    // Ben writes to Ann directly, unless she has blocked him.
    const writeToAnn = async () => {
      const token = await (await fetch(new URL('/test-token?username=Ben', host.url))).text();
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ userId: name });
      const { status } = await fetch(new URL('/directs', host.url), {
        method: 'POST',
        headers,
        body,
      });
      return status;
    };
    await expect.poll(writeToAnn).toBe(200);
    const actions = page.getByRole('button', { name: 'Actions for Ben' });
    await actions.click();
    await page.getByRole('menuitem', { name: 'Block', exact: true }).click();
    expect(await violations(page, AXE)).toEqual([]);
    await page.getByRole('button', { name: 'Block', exact: true }).click();
    await expect.poll(writeToAnn).toBe(404);
    await actions.click();
    await page.getByRole('menuitem', { name: 'Unblock', exact: true }).click();
    await expect.poll(writeToAnn).toBe(200);
  });

  test('holds a socket for the inbox and at most five for rooms, however many rooms are opened', async () => {
    const name = `Ann ${crypto.randomUUID()}`;
    const rooms = Array.from({ length: 8 }, (_, at) => `${company.room} ${at}`);
    const ann = await company.arrives(host.url);
    const open = new Set<WebSocket>();
    ann.page.on('websocket', (socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    });
    await ann.join(name, company.room);
    await ann.isIn();
    for (const room of rooms) {
      await ann.page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(room))}`);
      await ann.page.getByRole('heading', { level: 1, name: room }).waitFor();
      await ann.isIn();
      await ann.write('mine');
      await ann.message('mine').waitFor();
    }
    const inInbox = ann.page.locator('#room-list .room');
    await expect.poll(() => inInbox.count()).toBe(rooms.length + 1);
    const ofInbox = () => [...open].filter((socket) => socket.url().includes('/inbox/ws')).length;
    await expect.poll(() => [ofInbox(), open.size]).toEqual([1, 6]);
    // A room whose socket was closed is joined again, which is no lost connection.
    await ann.page.evaluate(`(() => {
      window.banners = [];
      const banner = document.querySelector('#banner');
      const note = () => window.banners.push(banner.dataset.state);
      new MutationObserver(note).observe(banner, { attributeFilter: ['data-state'] });
      location.hash = ${JSON.stringify(encodeURIComponent(rooms[0] ?? ''))};
    })()`);
    await ann.page.getByRole('heading', { level: 1, name: rooms[0] ?? '', exact: true }).waitFor();
    await ann.isIn();
    await expect.poll(() => ann.page.evaluate('window.banners.at(-1)')).toBe('open');
    expect(await ann.page.evaluate('window.banners')).not.toContain('lost');
    // The browser reports no close for the sockets of a page that it unloads.
    open.clear();
    await ann.page.reload();
    await ann.isIn();
    await expect.poll(() => inInbox.count()).toBeGreaterThanOrEqual(rooms.length);
    await expect.poll(ofInbox).toBe(1);
    expect(open.size).toBeLessThanOrEqual(6);
  });

  test('finds a room among many by a part of its name', async () => {
    const name = `Ann ${crypto.randomUUID()}`;
    const query = new URLSearchParams({ username: name });
    const address = new URL(`/test-token?${query.toString()}`, host.url);
    const headers = {
      authorization: `Bearer ${await (await fetch(address)).text()}`,
      'content-type': 'application/json',
    };
    for (const topic of 'plans food music sport travel books news films games garden work art'.split(
      ' ',
    )) {
      const path = `/rooms/${encodeURIComponent(`${company.room} ${topic}`)}/messages`;
      const body = JSON.stringify({ message: topic });
      const { status } = await fetch(new URL(path, host.url), {
        method: 'POST',
        headers,
        body,
      });
      expect(status).toBe(201);
    }
    const { page } = await company.comesIn(name, host.url);
    const labels = page.locator('#room-list .room-label');
    await expect.poll(() => labels.count()).toBe(13);
    await page.getByLabel('Find a room').fill('MUS');
    await expect.poll(() => labels.allTextContents()).toEqual([`${company.room} music`]);
    await labels.click();
    await page.getByRole('heading', { level: 1, name: `${company.room} music` }).waitFor();
  });
});
