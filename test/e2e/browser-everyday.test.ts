import { describe, expect, test } from 'vitest';
import { keyOf, signToken } from '../../src/auth/tokens.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor, type RoomRequest } from '../support/browser-company.ts';

const SECRET = 'a secret of forty characters, or even more';

const company = Company.forAll();

interface Box {
  getBoundingClientRect(): { top: number; bottom: number; height: number };
}

interface Field {
  value: string;
  selectionStart: number;
  selectionEnd: number;
  ownerDocument: { activeElement: unknown };
}

describe.skipIf(!hasBrowser)('the page in everyday use', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });
  const comesIn = (name: string, options = {}) => company.comesIn(name, host().url, options);

  /** Sends a request over HTTP as a user. */
  const ask = <T>(...request: RoomRequest) => company.ask<T>(host().url, ...request);

  const actOn = async ({ page }: Visitor, name: string, action: string) => {
    await page.getByRole('button', { name: `Actions for ${name}` }).click();
    await page.getByRole('menuitem', { name: action, exact: true }).click();
  };

  test('shows until when the user was removed, counts down, and shows the room as left', async () => {
    const ann = await comesIn('Ann');
    await ann.write('my room');
    const ben = await comesIn('Ben');
    await ben.message('my room').waitFor();
    await actOn(ann, 'Ben', 'Remove');
    await ann.page.getByRole('button', { name: 'Remove', exact: true }).click();
    const { page } = ben;
    await page.getByText(/^You were removed from this room until /).waitFor();
    const again = page.getByRole('button', { name: /^Join again in \d+ seconds$/ });
    await again.waitFor();
    expect(await again.isDisabled()).toBe(true);
    await page.getByText('You are not in this room.').waitFor();
    await expect.poll(() => ben.here()).toEqual([]);
    await ben.message('my room').hover();
    await ben.message('my room').getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menu').waitFor();
    expect(await page.getByRole('menuitem').allTextContents()).toEqual([
      'Open thread',
      'Copy text',
      'Copy link to message',
    ]);
    expect(await ben.message('my room').getByRole('button', { name: 'React' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    // As if the time were over.
    await page.evaluate('Date.now = ((now) => () => now() + 3_600_000)(Date.now)');
    const join = page.getByRole('button', { name: 'Join again', exact: true });
    await join.waitFor();
    expect(await join.isEnabled()).toBe(true);
  });

  test('shows when slow mode allows the next message', async () => {
    const ann = await comesIn('Ann');
    await ann.write('my room');
    await ann.hasSent('my room');
    await ask('Ann', 'PATCH', '', { slowModeSeconds: 300 });
    const ben = await comesIn('Ben');
    for (const text of ['first', 'second', 'third']) await ben.write(text);
    await ben
      .message('second')
      .getByText(/^Goes out in \d+ minutes\.$/)
      .waitFor();
    await ben.message('third').getByText('Waits for the one before.').waitFor();
    await ann.message('first').waitFor();
    expect(await ann.said()).toEqual(['my room', 'first']);
  });

  test('shows at once that the network is lost, and reconnects as soon as it is back', async () => {
    const ann = await comesIn('Ann');
    await ann.page.evaluate('Math.random = () => 0.999');
    const line = ann.page.context();
    await line.setOffline(true);
    await ann.page.getByText('The connection is lost.').waitFor();
    await ann.write('from the tunnel');
    await ann.message('from the tunnel').getByText('Not sent yet').waitFor();
    await line.setOffline(false);
    await expect.poll(() => ann.said()).toEqual(['from the tunnel']);
  });

  test('announces new messages to screen readers, whatever the clock of the device, and no missed ones', async () => {
    const line = await company.lineTo(host().url);
    const ann = await company.arrives(line.url);
    await ann.page.evaluate('Date.now = ((now) => () => now() + 60_000)(Date.now)');
    await ann.join('Ann', company.room);
    await ann.isIn();
    const ben = await comesIn('Ben');
    await ben.write('can you hear me?');
    const spoken = ann.page.locator('#announcer');
    await spoken.getByText('Ben: can you hear me?').waitFor({ state: 'attached' });
    line.cut();
    await ann.page.getByText('The connection is lost.').waitFor();
    await ben.write('while you were away');
    await ben.hasSent('while');
    line.mend();
    await ann.isOnlineAgain();
    await ann.message('while you were away').waitFor();
    await ben.write('and now?');
    await spoken.getByText('Ben: and now?').waitFor({ state: 'attached' });
    expect(await spoken.textContent()).not.toContain('while you were away');
  });

  test('collapses a message of many lines, and expands it on request', async () => {
    const ann = await comesIn('Ann');
    await ann.write(`top${'\nmore'.repeat(1_000)}`);
    const row = ann.message('top');
    await ann.hasSent('top');
    // Polled, since a row has no height while it is drawn again.
    const height = () => row.evaluate((one: Box) => one.getBoundingClientRect().height);
    await expect.poll(height).toBeLessThan(700);
    await row.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(height).toBeGreaterThan(10_000);
    await row.hover();
    await row.getByRole('button', { name: 'React' }).click();
    await ann.page.getByRole('menuitem', { name: '👍', exact: true }).click();
    await row.getByRole('button', { name: '👍 1' }).waitFor();
    await expect.poll(height).toBeGreaterThan(10_000);
  });

  test('marks the reactions of its user, and loads the names of others on hover', async () => {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    for (let seq = 1; seq <= 5; seq++) await ask('Cat', 'POST', '/messages', { message: `${seq}` });
    const thumb = encodeURIComponent('👍');
    await ask('Cat', 'PUT', `/messages/1/reactions/${thumb}`);
    await ask('Ann', 'PUT', `/messages/1/reactions/${thumb}`);
    await ask('Cat', 'PUT', `/messages/2/reactions/${thumb}`);
    const ann = await company.arrives(host().url);
    const asked: string[] = [];
    ann.page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        if (String(payload).includes('getReactions')) asked.push(String(payload));
      });
    });
    // By keys, so that the mouse hovers over nothing that appears.
    await ann.page.getByLabel('Your name').fill('Ann');
    await ann.page.getByLabel('Room', { exact: true }).fill(company.room);
    await ann.page.keyboard.press('Enter');
    const own = ann.page.getByRole('button', { name: '👍 2', pressed: true });
    await own.waitFor();
    await ann.page.getByRole('button', { name: '👍 1', pressed: false }).waitFor();
    expect(asked).toEqual([]);
    await own.hover();
    await expect.poll(() => own.getAttribute('title')).toBe('Cat and Ann reacted with 👍');
    expect(asked).toHaveLength(1);
    // The own reaction is marked after a reload too, also one given in another window.
    await ask('Ann', 'PUT', `/messages/2/reactions/${thumb}`);
    await expect
      .poll(() => ann.page.getByRole('button', { name: '👍 2', pressed: true }).count())
      .toBe(2);
    await ann.page.reload();
    await expect
      .poll(() => ann.page.getByRole('button', { name: '👍 2', pressed: true }).count())
      .toBe(2);
  });

  test('closes what covers the messages on Back, and stays in the room', async () => {
    const viewport = { width: 360, height: 640 };
    const first = company.room;
    const ann = await comesIn('Ann', { viewport });
    const { page } = ann;
    const heading = page.getByRole('heading', { level: 1 });
    for (const name of ['1 here', 'Search']) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.locator('#panel').waitFor();
      await page.goBack();
      await page.locator('#panel').waitFor({ state: 'hidden' });
      await expect.poll(() => heading.textContent()).toBe(first);
    }
    await page.getByRole('button', { name: 'Rooms', exact: true }).click();
    await page.getByRole('button', { name: 'Close rooms' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Close rooms' }).waitFor({ state: 'hidden' });
    // Closes the rooms and opens the people before the browser has gone back in its history.
    await page.getByRole('button', { name: 'Rooms', exact: true }).click();
    await page.getByRole('button', { name: 'Close rooms' }).waitFor();
    await page.evaluate(`new Promise((resolve) => {
      addEventListener('popstate', resolve, { once: true });
      document.querySelector('#rooms-close').click();
      document.querySelector('#people-button').click();
    }).then(() => undefined)`);
    await page.getByRole('heading', { name: 'Here now (1)' }).waitFor();
    await page.goBack();
    await page.locator('#panel').waitFor({ state: 'hidden' });
    await expect.poll(() => heading.textContent()).toBe(first);
    // A chosen room replaces the list in the history: one step back is the earlier room.
    const second = `${first} too`;
    await page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(second))}`);
    await page.getByRole('heading', { level: 1, name: second }).waitFor();
    await page.getByRole('button', { name: 'Rooms', exact: true }).click();
    await page.getByRole('link', { name: first, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: first, exact: true }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: second }).waitFor();
  });

  test('lists members by role and name, and filters them', async () => {
    const ann = await comesIn('Zoe');
    await ann.write('my room');
    await ann.hasSent('my room');
    const names = Array.from({ length: 25 }, (_, at) => `Member ${String.fromCharCode(65 + at)}`);
    for (const name of names.toReversed()) await ask(name, 'POST', '/messages', { message: 'hi' });
    const ben = await comesIn('Ben');
    await expect.poll(() => ben.here()).toEqual(['Zoe', 'Ben']);
    const away = () => ben.page.locator('.away-list .name').allTextContents();
    await expect.poll(away).toEqual(names);
    await ben.page.getByLabel('Find somebody').fill('member q');
    await expect.poll(away).toEqual(['Member Q']);
  });

  test('asks for a reload where a newer version has removed a part of the page, and keeps the draft', async () => {
    const ann = await company.arrives(host().url);
    await ann.page.route('**/extras-*.js', (route) => route.fulfill({ status: 404 }));
    await ann.join('Ann', company.room);
    await ann.isIn();
    await ann.field.fill('half a sentence');
    await ann.page.getByRole('button', { name: 'Emoji', exact: true }).click();
    await ann.page.getByText(/could not be loaded; reload the page/).waitFor();
    await ann.page.unroute('**/extras-*.js');
    await ann.page.reload();
    await ann.isIn();
    await expect.poll(() => ann.field.inputValue()).toBe('half a sentence');
  });

  test('keeps every room of a browser, joins the visible one first, and scrolls to it in the list', async () => {
    const rooms = Array.from(
      { length: 30 },
      (_, at) => `${company.room} ${String(at).padStart(2, '0')}`,
    );
    const ann = await company.arrives(host().url);
    // A name of this test alone, so that its inbox has no rooms of other tests.
    const name = `Ann ${crypto.randomUUID().slice(0, 4)}`;
    const session = { name, method: { kind: 'name' }, rooms };
    await ann.page.evaluate(
      `sessionStorage.setItem('parlor.session', ${JSON.stringify(JSON.stringify(session))})`,
    );
    const opened: string[] = [];
    ann.page.on('websocket', (socket) => opened.push(new URL(socket.url()).pathname));
    await ann.page.goto(`${host().url}#${encodeURIComponent(rooms[27] ?? '')}`);
    await ann.page.reload();
    await ann.isIn();
    const current = ann.page.locator('#room-list [aria-current] .room-label');
    await expect.poll(() => current.textContent()).toBe(rooms[27]);
    const isInSight = () =>
      current.evaluate((label: Box & { closest(selector: string): Box }) => {
        const [place, list] = [label, label.closest('#room-list')].map((one) =>
          one.getBoundingClientRect(),
        );
        return place!.top >= list!.top && place!.bottom <= list!.bottom + 1;
      });
    await expect.poll(isInSight).toBe(true);
    // Five rooms and the inbox have a socket.
    await expect.poll(() => new Set(opened).size).toBe(6);
    expect(opened).toContain('/inbox/ws');
    expect(decodeURIComponent(opened[0] ?? '')).toBe(`/rooms/${rooms[27]}/ws`);
    await expect.poll(() => ann.page.locator('#room-list .room').count()).toBe(30);
    // Another window of this browser joins one room, and lists all of them.
    const other = await ann.page.context().newPage();
    await other.goto(host().url);
    await other.getByLabel('Your name').fill(name);
    await other.getByLabel('Room', { exact: true }).fill(rooms[3] ?? '');
    await other.getByRole('button', { name: 'Join', exact: true }).click();
    await expect.poll(() => other.locator('#room-list .room').count()).toBe(30);
  });

  test('lists the rooms even if the visible one does not answer', async () => {
    const ann = await company.arrives(host().url);
    // The sockets of rooms open, and receive nothing.
    await ann.page.routeWebSocket(/\/rooms\//, () => undefined);
    await ann.join('Ann', company.room);
    await ann.page.locator('#room-list [aria-current]').waitFor();
    expect(await ann.page.locator('#people-count').textContent()).toBe('0');
  });
});

describe.skipIf(!hasBrowser)('the page, with a token that is refused', () => {
  const host = nodeHostFor({ JWT_SECRET: SECRET }, false);

  test('keeps it in its field, selected, to be replaced', async () => {
    const ann = await company.arrives(host().url);
    const foreign = await signToken(
      { sub: 'a-1', exp: Math.floor(Date.now() / 1_000) + 60 },
      keyOf(`${SECRET} of somebody else`),
    );
    await ann.join('', company.room, foreign);
    await ann.page.getByText('The token is not valid; get a new one.').waitFor();
    const field = ann.page.getByLabel('Token', { exact: true });
    expect(
      await field.evaluate((one: Field) => [
        one.value,
        one.selectionEnd - one.selectionStart,
        one.ownerDocument.activeElement === one,
      ]),
    ).toEqual([foreign, foreign.length, true]);
  });
});
