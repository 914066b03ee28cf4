import { isDeepStrictEqual } from 'node:util';
import type { BrowserContextOptions, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company } from '../support/browser-company.ts';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';

const company = Company.forAll();

/** The rooms of the sidebar in order: name, badge, draft mark and last line of each. */
async function list({ page }: Visitor): Promise<string[]> {
  return page.locator('#room-list .room').evaluateAll((rows: Row[]) =>
    rows.map((row) =>
      ['.room-label', '.badge', '.has-draft', '.room-last']
        .map((part) => row.querySelector(part)?.textContent ?? '')
        .filter((part) => part !== '')
        .join(' | '),
    ),
  );
}

interface Row {
  querySelector(selector: string): { textContent: string | null } | null;
}

/** The ids of the rooms, in order. */
async function rooms({ page }: Visitor): Promise<(string | null)[]> {
  const rows = await page.locator('#room-list .room').all();
  return Promise.all(rows.map((row) => row.getAttribute('data-room')));
}

function row({ page }: Visitor, room: string): Locator {
  return page.locator(`#room-list [data-room="${room}"]`);
}

/** Opens the menu of a room in the sidebar and chooses an item. */
async function choose(visitor: Visitor, room: string, choice: string): Promise<void> {
  await row(visitor, room).click({ button: 'right' });
  await visitor.page.getByRole('menuitem', { name: choice, exact: true }).click();
}

async function enter(visitor: Visitor, room: string): Promise<void> {
  await visitor.page.getByRole('button', { name: 'Join another room' }).click();
  await visitor.page.getByRole('textbox', { name: 'Room' }).fill(room);
  await visitor.page.getByRole('button', { name: 'Join', exact: true }).click();
  await visitor.page.getByRole('heading', { level: 1, name: room }).waitFor();
  await visitor.isIn();
}

describe.skipIf(!hasBrowser).each([
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const)('the list of conversations at the %s host', (_, start) => {
  let host: Host;
  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host.close());

  const comesIn = (name: string, options?: BrowserContextOptions) =>
    company.comesIn(name, host.url, options);

  test('is the same on two devices, after everything and a reload', async () => {
    const [first, second, third] = [company.room, `${company.room} b`, `${company.room} c`];
    // Names of this test alone, since an inbox is the same in every room.
    const [annId, benId] = [`Ann ${crypto.randomUUID()}`, `Ben ${crypto.randomUUID()}`];
    const [ann, ben] = [await comesIn(annId), await comesIn(benId)];
    for (const room of [first, second, third]) {
      if (room !== first) {
        await enter(ann, room);
        await enter(ben, room);
      }
      await ann.write('welcome');
      await ben.message('welcome').waitFor();
      await ben.write('thanks');
      await ann.message('thanks').waitFor();
    }
    const phone = await company.arrives(host.url);
    const sentByPhone: string[] = [];
    phone.page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => sentByPhone.push(String(payload)));
    });
    await phone.join(annId, first);
    await phone.isIn();
    await expect.poll(() => list(phone)).toHaveLength(3);

    await row(ben, second).click();
    await ben.isIn();
    await ben.write('one');
    await ben.field.pressSequentially(`@${annId.slice(0, 8)}`);
    await ben.page.getByRole('option', { name: annId }).waitFor();
    await ben.field.press('Enter');
    await ben.field.press('Enter');
    const mentioned = (device: Visitor) => row(device, second).locator('.is-mention').textContent();
    for (const device of [ann, phone]) {
      await expect.poll(() => rooms(device)).toEqual([second, third, first]);
      await expect.poll(() => mentioned(device)).toBe('@ 2');
      await row(device, second).getByText(`${benId}: @Ann`).waitFor();
      await expect.poll(() => device.page.title()).toMatch(/^\(@ 2\) /);
    }

    // Read on one, read on both.
    await row(phone, second).click();
    await phone.message('one').waitFor();
    for (const device of [ann, phone]) {
      await expect.poll(() => device.page.title()).not.toMatch(/^\(/);
    }

    // Pinned, marked as unread, muted, archived.
    await choose(ann, first, 'Pin');
    await expect.poll(async () => (await rooms(phone))[0]).toBe(first);
    await choose(phone, third, 'Mark as unread');
    const badgeOf = (device: Visitor, room: string) => row(device, room).locator('.badge').count();
    await expect.poll(() => badgeOf(phone, third)).toBe(1);

    // A direct room, opened from the list of people.
    await ben.page.getByRole('button', { name: `Actions for ${annId}` }).click();
    await ben.page.getByRole('menuitem', { name: 'Send a direct message' }).click();
    await ben.page.getByRole('heading', { level: 1, name: annId }).waitFor();
    await ben.isIn();
    await ben.write('psst');
    for (const device of [ann, phone]) {
      const direct = device.page.locator('#room-list .room').filter({ hasText: 'psst' });
      await direct.locator('.badge').waitFor();
      await direct.locator('.avatar.is-online').waitFor();
    }

    // A draft follows to the other device.
    await ann.page.locator('#room-list .room').filter({ hasText: 'psst' }).click();
    await ann.page.getByRole('heading', { level: 1, name: benId }).waitFor();
    await ann.isIn();
    await ann.field.fill('I wanted to say');
    await phone.page.getByText('Draft', { exact: true }).waitFor();
    await phone.page.locator('#room-list .room').filter({ hasText: 'psst' }).click();
    await expect.poll(() => phone.field.inputValue()).toBe('I wanted to say');
    await ann.field.fill('I wanted to say hello');
    await expect.poll(() => phone.field.inputValue()).toBe('I wanted to say hello');
    await phone.field.press('Enter');
    await expect.poll(() => ann.field.inputValue()).toBe('');
    await ben.message('I wanted to say hello').waitFor();
    // A device does not send back a draft that it only shows, which could undo newer text.
    expect(sentByPhone.filter((frame) => frame.includes('"draft":"I'))).toEqual([]);

    await ann.page.reload();
    await phone.page.reload();
    await expect.poll(() => list(ann)).toHaveLength(4);
    await expect.poll(async () => (await rooms(ann))[0]).toBe(first);
    // Polled, since updates may still arrive on either device.
    const areSame = async () => isDeepStrictEqual(await list(phone), await list(ann));
    await expect.poll(areSame).toBe(true);
    // What is remembered for a user is stored under the user's id, also before a reload knows it.
    const remembered = (await ann.page.evaluate('Object.keys(localStorage)')) as string[];
    expect(remembered.filter((key) => key.includes('visited'))).toEqual([
      expect.stringContaining(annId),
    ]);

    // Archived on one device, hidden on both until there is a new message.
    await choose(ann, second, 'Archive');
    for (const device of [ann, phone]) {
      await expect.poll(() => list(device)).toHaveLength(3);
    }

    // A room left by its only owner stays in the archive; its draft is deleted on both devices.
    await row(ann, first).click();
    await ann.isIn();
    await ann.field.fill('half a thought');
    await row(phone, first).locator('.has-draft').waitFor();
    await ann.leave();
    await ann.page.getByRole('button', { name: 'Leave', exact: true }).click();
    for (const device of [ann, phone]) {
      await expect.poll(() => list(device)).toHaveLength(2);
    }
    const query = new URLSearchParams({ username: annId });
    const token = await (await fetch(new URL(`/test-token?${query.toString()}`, host.url))).text();
    const archived = async () => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(new URL('/inbox?filter=archived', host.url), { headers });
      const { conversations } = (await response.json()) as {
        conversations: { roomId: string; hasDraft?: true }[];
      };
      return conversations.map(({ roomId, hasDraft }) => [roomId, hasDraft ?? false]);
    };
    await expect.poll(archived).toContainEqual([first, false]);
  });

  test('brings drafts that were written, and sent, while the page was closed', async () => {
    const name = `Ann ${crypto.randomUUID()}`;
    const [laptop, phone] = [await comesIn(name), await comesIn(name)];
    const query = new URLSearchParams({ username: name });
    const token = await (await fetch(new URL(`/test-token?${query.toString()}`, host.url))).text();
    const inbox = async () => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(new URL('/inbox', host.url), { headers });
      return ((await response.json()) as { conversations: { hasDraft?: true }[] }).conversations;
    };
    // A room is in the inbox once its user has written there.
    await laptop.write('begin');
    await expect.poll(inbox).toHaveLength(1);
    for (const device of [laptop, phone]) await device.page.reload();
    for (const device of [laptop, phone]) await device.isIn();
    const phoneShows = async (text: string) => {
      await expect.poll(() => phone.field.inputValue()).toBe(text);
    };
    const laptopShows = async (text: string) => {
      await expect.poll(() => laptop.field.inputValue()).toBe(text);
    };
    await laptop.field.fill('hello');
    await phoneShows('hello');
    await laptop.page.goto('about:blank');
    await phone.field.press('Enter');
    await phone.hasSent('hello');
    await phoneShows('');
    await laptop.page.goto(host.url);
    await laptop.message('hello').waitFor();
    await laptopShows('');

    await laptop.page.goto('about:blank');
    await phone.field.fill('from the phone');
    await expect.poll(inbox).toMatchObject([{ hasDraft: true }]);
    await laptop.page.goto(host.url);
    await laptopShows('from the phone');
  });

  test('sends after a reload what was not sent in a room that is not shown', async () => {
    const [first, second] = [company.room, `${company.room} b`];
    const ann = await comesIn(`Ann ${crypto.randomUUID()}`);
    for (const room of [first, second]) {
      if (room !== first) await enter(ann, room);
      await ann.write('begin');
      await ann.hasSent('begin');
    }
    await expect.poll(() => rooms(ann)).toEqual([second, first]);
    const entry = { name: 'message', id: 'kept', state: 'waiting' };
    const kept = JSON.stringify([{ ...entry, payload: { id: 'kept', message: 'kept text' } }]);
    await ann.page.evaluate(
      `sessionStorage.setItem(${JSON.stringify(`parlor.rooms.${first}`)}, ${JSON.stringify(kept)})`,
    );
    await ann.page.reload();
    await ann.isIn();
    await row(ann, first).getByText('kept text').waitFor();
  });
});
