import { describe, expect, test } from 'vitest';
import { keyOf, signToken } from '../../src/auth/tokens.ts';
import { closeCodes } from '../../src/protocol/codes/close-codes.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor, type RoomRequest } from '../support/browser-company.ts';

const SECRET = 'a secret of forty characters, or even more';

const company = Company.forAll();

describe.skipIf(!hasBrowser)('the page, about events that concern its user', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });
  const comesIn = (name: string, options = {}) => company.comesIn(name, host().url, options);

  /** Sends a request over HTTP as a user. */
  const ask = <T>(...request: RoomRequest) => company.ask<T>(host().url, ...request);

  test('says that a role was given, that a mute ends, and that the room was deleted', async () => {
    await ask('Ann', 'POST', '/messages', { message: 'my room' });
    await ask('Ben', 'POST', '/messages', { message: 'hello' });
    const ben = await comesIn('Ben');
    await ask('Ann', 'PUT', '/members/Ben', { role: 'moderator' });
    await ben.page.getByText('Your role here is moderator now.').waitFor();
    await ask('Ann', 'PUT', '/mutes/Ben', { seconds: 600 });
    await ben.page.getByText(/^You are muted until .*; until then you can read\.$/).waitFor();
    await ask('Ann', 'DELETE', '/mutes/Ben');
    await ben.page.getByText('You can write here again.').waitFor();
    await ask('Ann', 'DELETE', '');
    const locked = ben.page.locator('#locked p');
    await expect
      .poll(() => locked.textContent())
      .toBe('This room was deleted; choose another one.');
  });

  test('stays in its room, and restores the address, where an address names no room', async () => {
    const ann = await comesIn('Ann');
    await ann.page.evaluate(`location.hash = ${JSON.stringify('x'.repeat(200))}`);
    await ann.page.getByText('This address names no room;').waitFor();
    expect(await ann.page.evaluate('decodeURIComponent(location.hash)')).toBe(`#${company.room}`);
  });

  test('invites by name a user who is known from another room', async () => {
    const ann = await comesIn('Ann');
    const ben = await comesIn('Ben');
    await ben.write('hello');
    await ann.message('hello').waitFor();
    const other = `${company.room} of Ann`;
    await ann.page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(other))}`);
    await ann.page.getByRole('heading', { level: 1, name: other }).waitFor();
    await ann.page.getByRole('button', { name: 'Copy link', exact: true }).waitFor();
    await ann.write('mine');
    await ann.hasSent('mine');
    await ann.page.getByRole('button', { name: 'Invite somebody' }).click();
    const choices = ann.page.locator('datalist option');
    await expect
      .poll(() => choices.evaluateAll((all: { value: string }[]) => all.map((one) => one.value)))
      .toContain('Ben');
    await ann.page.getByLabel('Who', { exact: true }).fill('Ben');
    await ann.page.getByRole('button', { name: 'Invite', exact: true }).click();
    await ann.page.getByText('Ben can come in now.').waitFor();
    const away = ann.page.locator('.away-list .name');
    await expect.poll(() => away.allTextContents()).toEqual(['Ben']);
  });

  test('shows the newest message of each room with its sender, unread rooms first', async () => {
    const ann = await comesIn('Ann');
    await ann.write('first room');
    await ann.hasSent('first room');
    const second = `${company.room} second`;
    await ann.page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(second))}`);
    await ann.page.getByRole('heading', { level: 1, name: second }).waitFor();
    await ann.write('second room');
    const names = () => ann.page.locator('#room-list .room-label').allTextContents();
    await expect.poll(names).toEqual([second, company.room]);
    await ask('Ben', 'POST', '/messages', { message: 'the list is on the left' });
    await expect.poll(names).toEqual([company.room, second]);
    const last = ann.page.locator('#room-list').getByText('Ben: the list is on the left');
    await last.waitFor();
    // After a reload too, though that room is not open.
    await ann.page.reload();
    await last.waitFor();
  });

  test('opens the room that is clicked in the list while another one changes', async () => {
    const ann = await comesIn(`Ann ${crypto.randomUUID()}`);
    const { page } = ann;
    const [changing, pressed] = [company.room, `${company.room} pressed`];
    for (const room of [changing, pressed, `${company.room} third`]) {
      await page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(room))}`);
      await page.getByRole('heading', { level: 1, name: room, exact: true }).waitFor();
      await ann.write('mine');
      await ann.hasSent('mine');
    }
    const row = (room: string) => page.locator(`#room-list [data-room="${room}"]`);
    const unread = () => row(changing).locator('.badge').textContent();
    await ask('Ben', 'POST', '/messages', { message: 'one' });
    await expect.poll(unread).toBe('1');
    await row(pressed).hover();
    await page.mouse.down();
    await ask('Ben', 'POST', '/messages', { message: 'two' });
    await expect.poll(unread).toBe('2');
    await page.mouse.up();
    await page.getByRole('heading', { level: 1, name: pressed, exact: true }).waitFor();
  });

  test('shows a topic with its links, and a long one in full on request', async () => {
    const topic = `https://example.org/ ${'long '.repeat(40)}end`;
    await ask('Ann', 'POST', '/messages', { message: 'my room' });
    await ask('Ann', 'PATCH', '', { topic });
    const ann = await comesIn('Ann');
    const link = ann.page.locator('#topic').getByRole('link', { name: 'https://example.org/' });
    expect(await link.getAttribute('href')).toBe('https://example.org/');
    await ann.page.getByRole('button', { name: 'Room menu' }).click();
    await ann.page.getByRole('menuitem', { name: 'Show topic' }).click();
    await ann.page.getByRole('dialog').getByText('long end').waitFor();
  });

  test('keeps the density that its user chose', async () => {
    const ann = await comesIn('Ann');
    const isCompact = () => ann.page.locator('body.is-compact').count();
    await ann.page.getByRole('button', { name: 'Your settings' }).click();
    await ann.page.getByRole('menuitem', { name: 'Show more at once' }).click();
    await expect.poll(isCompact).toBe(1);
    await ann.page.reload();
    await expect.poll(isCompact).toBe(1);
  });

  test('opens the actions of a message on a long press', async () => {
    const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
    await ask('Ben', 'POST', '/messages', { message: 'press me' });
    const ann = await comesIn('Ann', phone);
    const box = await ann.message('press me').locator('.text').boundingBox();
    const point = { x: (box?.x ?? 0) + 10, y: (box?.y ?? 0) + 10 };
    const cdp = await ann.page.context().newCDPSession(ann.page);
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] });
    // The duration of a long press.
    await ann.page.waitForTimeout(600);
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    const sheet = ann.page.getByRole('menu', { name: 'Actions' });
    await sheet.getByRole('menuitem', { name: 'Reply' }).waitFor();
    await sheet.getByRole('menuitem', { name: '❤️', exact: true }).tap();
    const given = ann.page.getByRole('button', { name: '❤️ 1' });
    await expect.poll(() => given.getAttribute('aria-pressed')).toBe('true');
  });

  test('is in German where the browser prefers it, with dates in that form', async () => {
    const ann = await company.arrives(host().url, { locale: 'de-AT' });
    await ann.page.getByLabel('Dein Name').fill('Ann');
    await ann.page.getByLabel('Raum', { exact: true }).fill(company.room);
    await ann.page.getByRole('button', { name: 'Beitreten', exact: true }).click();
    await ann.page.getByText('Hier wurde noch nichts geschrieben.').waitFor();
    await ann.page.getByRole('textbox', { name: 'Nachricht' }).fill('hallo');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByText('Heute', { exact: true }).waitFor();
    expect(await ann.page.evaluate('document.documentElement.lang')).toBe('de-AT');
  });
});

describe.skipIf(!hasBrowser)('the page, about a token that expires', () => {
  const host = nodeHostFor({ JWT_SECRET: SECRET }, false);

  async function join(ann: Visitor): Promise<void> {
    const claims = { sub: 'a-1', name: 'Ann', exp: Math.floor(Date.now() / 1_000) + 3_600 };
    await ann.join('', company.room, await signToken(claims, keyOf(SECRET)));
    await ann.isIn();
  }

  test('says so when the server closes the connection, and leads back to the sign-in', async () => {
    const ann = await company.arrives(host().url);
    await ann.page.addInitScript(`window.WebSocket = class extends WebSocket {
      constructor(...given) {
        super(...given);
        if (this.url.includes('/rooms/')) addEventListener('expire', () =>
          this.dispatchEvent(new CloseEvent('close', { code: ${closeCodes.tokenExpired} })));
      }
    }`);
    await ann.page.reload();
    await join(ann);
    await ann.page.evaluate("dispatchEvent(new Event('expire'))");
    await ann.page.getByText('Your token has expired;').waitFor();
    await ann.page.getByRole('button', { name: 'Sign in again' }).click();
    const field = ann.page.getByLabel('Token', { exact: true });
    await expect.poll(() => field.isVisible()).toBe(true);
  });

  test('lets its user write although the clock is ahead of the token', async () => {
    const ann = await company.arrives(host().url);
    await join(ann);
    await ann.page.evaluate('Date.now = ((now) => () => now() + 7_200_000)(Date.now)');
    await ann.page.evaluate("window.dispatchEvent(new Event('focus'))");
    await ann.write('still here');
    await ann.hasSent('still here');
    expect(await ann.said()).toEqual(['still here']);
  });
});
