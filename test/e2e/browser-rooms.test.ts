import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { roomPath } from '../../local-server/node-rooms.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import { scrollUpTo } from '../support/browser-hands.ts';
import { fillRoom } from '../support/fill.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import type { Reply } from '../../src/protocol/commands.ts';

const company = Company.forAll();

function titles({ page }: Visitor): Promise<string> {
  return page.title();
}

function answers({ page }: Visitor): Promise<string[]> {
  return page.getByRole('list', { name: 'Thread' }).locator('.text').allTextContents();
}

/** Chooses an action from the menu of a user. */
async function actOn({ page }: Visitor, name: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

/** The items of a menu. */
function offered(visitor: Visitor, menu: string): Promise<string[]> {
  return offeredBy(visitor, visitor.page.getByRole('button', { name: menu }));
}

/** The items of the menu that a button opens. */
async function offeredBy({ page }: Visitor, button: Locator): Promise<string[]> {
  await button.click();
  await page.getByRole('menu').waitFor();
  const choices = await page.getByRole('menuitem').allTextContents();
  await page.keyboard.press('Escape');
  return choices;
}

describe.skipIf(!hasBrowser)('the page', () => {
  const host = nodeHostFor();
  const comesIn = (name: string) => company.comesIn(name, host().url);

  test('keeps visited rooms, with unread counts and mentions', async () => {
    const [first, second] = [company.room, `${company.room} too`];
    const ann = await comesIn('Ann');
    await ann.write('here I am');
    await ann.hasSent('here I am');
    await ann.page.getByRole('button', { name: 'Join another room' }).click();
    await ann.page.getByRole('textbox', { name: 'Room' }).fill(second);
    await ann.page.getByRole('button', { name: 'Join', exact: true }).click();
    await ann.page.getByRole('heading', { level: 1, name: second }).waitFor();
    await ann.page.getByText('Nothing was said here yet').waitFor();
    await ann.field.fill('half a thought');

    const ben = await comesIn('Ben');
    await ben.write('one');
    await ben.field.pressSequentially('@An');
    await ben.page.getByRole('option', { name: 'Ann' }).waitFor();
    await ben.field.press('Enter');
    await ben.field.press('Enter');
    await ann.page.getByRole('link', { name: /2 unread, and you are mentioned/ }).waitFor();
    await expect.poll(() => titles(ann)).toBe(`(@ 2) ${second} · Parlor`);

    await ann.page.getByRole('link', { name: first }).first().click();
    await ann.page.getByText('New messages', { exact: true }).waitFor();
    await expect.poll(() => titles(ann)).toBe(`${first} · Parlor`);
    await expect.poll(() => ann.said()).toEqual(['here I am', 'one', '@Ann']);
    await ben.page.getByText('Read by Ann').waitFor();

    await ann.page.goBack();
    await ann.page.getByRole('heading', { level: 1, name: second }).waitFor();
    await expect.poll(() => ann.field.inputValue()).toBe('half a thought');
    await ann.page.reload();
    await expect
      .poll(() => ann.page.locator('#room-list .room-label').allTextContents())
      .toEqual([first, second]);
    await expect.poll(() => ann.field.inputValue()).toBe('half a thought');
  });

  test('shows replies in their thread, and links to them from the room', async () => {
    const ann = await comesIn('Ann');
    const ben = await comesIn('Ben');
    await ann.write('Shall we?');
    await ben.message('Shall we?').hover();
    await ben.message('Shall we?').getByRole('button', { name: 'More actions' }).click();
    await ben.page.getByRole('menuitem', { name: 'Open thread' }).click();
    await ben.page.getByText('No replies yet').waitFor();
    const reply = ben.page.getByRole('textbox', { name: 'Reply' });
    await reply.fill('Yes');
    await reply.press('Enter');
    await ann.page.getByRole('button', { name: '1 reply' }).click();
    await expect.poll(() => answers(ann)).toEqual(['Shall we?', 'Yes']);
    await ann.message('Shall we?').hover();
    await ann.message('Shall we?').getByRole('button', { name: 'React' }).click();
    await ann.page.getByRole('menuitem', { name: '❤️', exact: true }).click();
    const hearts = ben.page.getByRole('button', { name: '❤️ 1', pressed: false }).first();
    await hearts.click();
    await ann.page.getByRole('button', { name: '❤️ 2', pressed: true }).first().waitFor();
    await ben.page.getByRole('button', { name: '❤️ 2', pressed: true }).first().click();
    await ann.page.getByRole('button', { name: '❤️ 1', pressed: true }).first().waitFor();

    await ann.message('Shall we?').hover();
    await ann.message('Shall we?').getByRole('button', { name: 'More actions' }).click();
    await ann.page.getByRole('menuitem', { name: 'Delete' }).click();
    await ann.page.getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => ben.said()).toEqual(['This message was deleted.', 'Yes']);
  });

  test('counts undeleted replies, while others write and delete them', async () => {
    const ann = await comesIn('Ann');
    const ben = await comesIn('Ben');
    await ann.write('Who comes?');
    await ben.message('Who comes?').hover();
    await ben.message('Who comes?').getByRole('button', { name: 'More actions' }).click();
    await ben.page.getByRole('menuitem', { name: 'Open thread' }).click();
    const reply = ben.page.getByRole('textbox', { name: 'Reply' });
    const write = async (text: string) => {
      await reply.fill(text);
      await reply.press('Enter');
      await ann.message(text).waitFor();
    };
    for (const text of ['one of us', 'two of us', 'three of us']) await write(text);
    const saysBoth = async (count: string) => {
      for (const { page } of [ann, ben]) {
        const counts = page.locator('#messages .replies');
        await expect.poll(() => counts.allTextContents()).toEqual([count]);
      }
    };
    await saysBoth('3 replies');
    for (const [text, left] of [
      ['one of us', '2 replies'],
      ['two of us', '1 reply'],
    ] as const) {
      await ben.message(text).hover();
      await ben.message(text).getByRole('button', { name: 'More actions' }).click();
      await ben.page.getByRole('menuitem', { name: 'Delete' }).click();
      await ben.page.getByRole('button', { name: 'Delete' }).click();
      await saysBoth(left);
    }
    await write('four of us');
    await saysBoth('2 replies');
    await ann.page.reload();
    await saysBoth('2 replies');
  });

  test('offers exactly the actions of a role, and shows changes of the role', async () => {
    const ann = await comesIn('Ann');
    await ann.write('my room');
    const ben = await comesIn('Ben');
    await ben.message('my room').waitFor();
    await ben.message('my room').hover();
    await ben.message('my room').getByRole('button', { name: 'More actions' }).click();
    await ben.page.getByRole('menu').waitFor();
    expect(await ben.page.getByRole('menuitem').allTextContents()).toEqual([
      'React',
      'Reply',
      'Open thread',
      'Copy text',
      'Copy link to message',
    ]);
    await ben.page.keyboard.press('Escape');
    await expect
      .poll(() => offered(ben, 'Actions for Ann'))
      .toEqual(['Mention', 'Send a direct message', 'Block']);
    // Polled, since some items appear once the room's inbox update has arrived.
    await expect
      .poll(() => offered(ben, 'Room menu'))
      .toEqual([
        'Copy link',
        'Go to a date',
        'Pin',
        'Mark as unread',
        'Notifications',
        'Archive',
        'Leave room',
      ]);

    await actOn(ann, 'Ben', 'Mute');
    await ann.page.getByLabel('For', { exact: true }).selectOption('1 hour');
    await ann.page.getByRole('button', { name: 'Mute', exact: true }).click();
    await ben.page.getByText(/^You are muted until .*; until then you can read\.$/).waitFor();
    await ben.field.waitFor({ state: 'hidden' });
    await actOn(ann, 'Ben', 'Unmute');
    await ann.page.getByRole('button', { name: 'Unmute', exact: true }).click();
    await ben.write('thank you');
    await ann.message('thank you').waitFor();

    await actOn(ann, 'Ben', 'Make moderator');
    await ann.page.getByRole('button', { name: 'Make moderator', exact: true }).click();
    await ben.message('my room').hover();
    const more = ben.message('my room').getByRole('button', { name: 'More actions' });
    await expect.poll(() => offeredBy(ben, more)).toContain('Delete');

    await ann.page.getByRole('button', { name: 'Room menu' }).click();
    await ann.page.getByRole('menuitem', { name: 'Room settings' }).click();
    await ann.page.getByLabel('Announcements only').check();
    await ann.page.getByRole('button', { name: 'Save' }).click();
    await ben.page.getByText('Only owners write in this room.').waitFor();

    await ann.page.getByRole('button', { name: 'Room menu' }).click();
    await ann.page.getByRole('menuitem', { name: 'Incoming webhooks' }).click();
    await ann.page.getByRole('dialog').getByLabel('Name').fill('alerts');
    await ann.page.getByRole('button', { name: 'Make an address' }).click();
    const url = await ann.page.getByRole('dialog').getByLabel('Address').inputValue();
    const alert = { method: 'POST', body: 'Disk full' };
    expect((await fetch(url, alert)).status).toBe(201);
    await ben.message('Disk full').waitFor();
    await ann.page.keyboard.press('Escape');
    await ann.page.getByRole('button', { name: 'Room menu' }).click();
    await ann.page.getByRole('menuitem', { name: 'Incoming webhooks' }).click();
    const revoke = ann.page.getByRole('button', { name: 'Revoke: alerts' });
    await revoke.click();
    await revoke.waitFor({ state: 'detached' });
    expect((await fetch(url, alert)).status).toBe(404);
    await ann.page.keyboard.press('Escape');

    await actOn(ann, 'Ben', 'Ban');
    await ann.page.getByRole('button', { name: 'Ban', exact: true }).click();
    await ben.page.getByText('You are banned from this room; choose another one.').waitFor();
    await expect.poll(() => ann.here()).toEqual(['Ann']);
    await actOn(ann, 'Ben', 'Lift the ban');
    await ann.page.getByRole('button', { name: 'Lift the ban', exact: true }).click();
    await ben.page.getByRole('button', { name: 'Join again' }).click();
    await expect.poll(() => ann.here()).toEqual(['Ann', 'Ben']);
  });
});

/** How many messages the long room has, numbered from 1. */
const LONG = 3_000;

interface Log {
  scrollTop: number;
  scrollHeight: number;
  clientHeight: number;
}

describe.skipIf(!hasBrowser)('the page in a room of 3,000 messages', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' }, true, (dataDir) =>
    fillRoom({
      path: roomPath(dataDir, 'long'),
      roomId: 'long',
      messages: LONG,
      members: 20,
      textOf: (seq) => `no ${seq}`,
    }),
  );

  test('scrolls to the first message and back, draws a part of them, and keeps its place', async () => {
    company.room = 'long';
    // A small window, which is drawn fast.
    const viewport = { width: 640, height: 480 };
    const ann = await company.comesIn('Ann', host().url, { viewport });
    const log = ann.page.getByRole('log', { name: 'Messages' });
    await ann.page.getByText(`no ${LONG}`, { exact: true }).waitFor();

    // In the middle, the visible messages stay in place while others are added above and below.
    await log.evaluate((element: Log) => {
      element.scrollTop = 900;
    });
    const seen = await log.evaluate(placeOfFirstInSight);
    const ben = await company.comesIn('Ben', host().url);
    await ben.write('something new');
    await ann.page.getByRole('button', { name: '1 new message' }).waitFor();
    const moved = async () => Math.abs((await log.evaluate(placeOf, seen.text)) - seen.top);
    await expect.poll(moved).toBeLessThan(2);

    const most = await ann.page.waitForFunction(goUpTo, 'no 1', { polling: 'raf' });
    expect(await most.jsonValue()).toBeLessThan(600);
    await ann.page.getByText('This is the beginning of long.').waitFor();

    await ann.page.getByRole('button', { name: '1 new message' }).click();
    await ann.message('something new').waitFor();
    await expect.poll(() => log.evaluate(isAtEnd)).toBe(true);
  });

  test('renders nothing of a room that was left while its messages were loading', async () => {
    company.room = 'long';
    const line = await company.lineTo(host().url);
    const ann = await company.arrives(line.url);
    let pages = 0;
    ann.page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('"hasMore":true')) pages++;
      });
    });
    await ann.join('Ann', 'long');
    await ann.isIn();
    line.cut();
    await ann.page.getByText('The connection is lost.').waitFor();
    // Loaded messages are drawn in steps; earlier ones are requested once the first is in sight.
    await expect
      .poll(async () => {
        await ann.page.getByRole('log', { name: 'Messages' }).evaluate(goUp);
        return ann.page.getByText('Loading earlier messages…').isVisible();
      })
      .toBe(true);
    await ann.page.evaluate("location.hash = 'elsewhere'");
    await ann.page.getByRole('heading', { level: 1, name: 'elsewhere' }).waitFor();
    line.mend();
    await ann.isOnlineAgain();
    await expect.poll(() => pages).toBeGreaterThan(0);
    await ann.page.getByText('Nothing was said here yet').waitFor();
    expect(await ann.said()).toEqual([]);
  });

  test('shows a search result among the messages around it', async () => {
    company.room = 'long';
    const ann = await company.comesIn('Ann', host().url);
    await ann.page.getByRole('button', { name: 'Search' }).click();
    await ann.page.getByLabel('Search in this room').fill('1321');
    await ann.page.getByLabel('Search in this room').press('Enter');
    await ann.page.getByRole('link', { name: /no 1321$/ }).click();
    await expect
      .poll(() => ann.page.locator('#messages .message:focus .text').textContent())
      .toBe('no 1321');
    const log = ann.page.getByRole('log', { name: 'Messages' });
    await expect
      .poll(async () => {
        await log.evaluate((element: Log) => {
          element.scrollTop = element.scrollHeight;
        });
        return ann.page.getByText('no 1450', { exact: true }).count();
      })
      .toBe(1);
    await scrollUpTo(ann, ann.page.getByText('no 1250', { exact: true }));
    const ben = await company.comesIn('Ben', host().url);
    const token = await (await fetch(new URL('/test-token?username=Cleo', host().url))).text();
    const visitor = new HttpVisitor(new URL(host().url).origin, token);
    const answer = { body: { message: 'an answer', replyTo: 1321 } };
    const first = await visitor.ask('POST', 'long', '/messages', answer);
    const { seq } = (first.body as Reply<'message'>).message;
    await visitor.ask('POST', 'long', '/messages', answer);
    const found = ann.message('no 1321');
    await found.getByRole('button', { name: '2 replies' }).waitFor();
    await visitor.ask('DELETE', 'long', `/messages/${seq}`);
    await found.getByRole('button', { name: '1 reply' }).waitFor();
    await ben.write('meanwhile');
    await ann.page.getByRole('button', { name: '2 new messages' }).click();
    await ann.message('meanwhile').waitFor();
    await expect.poll(() => log.evaluate(isAtEnd)).toBe(true);
  });
});

interface Drawn {
  getBoundingClientRect(): { top: number };
  querySelectorAll(selector: string): ArrayLike<Drawn & { textContent: string }>;
}

function goUp(log: Log): void {
  log.scrollTop = 0;
}

/** Scrolls to the top. @returns once `text` is drawn, the most messages that were drawn at once */
function goUpTo(text: string): number | undefined {
  const page = globalThis as unknown as {
    most?: number;
    document: { querySelector(selector: string): Log & Drawn };
  };
  const log = page.document.querySelector('#log');
  const texts = Array.from(log.querySelectorAll('.text'));
  page.most = Math.max(page.most ?? 0, texts.length);
  if (texts.some(({ textContent }) => textContent === text)) return page.most;
  log.scrollTop = 0;
  return undefined;
}

function placeOfFirstInSight(log: Drawn): { text: string; top: number } {
  const { top } = log.getBoundingClientRect();
  const texts = Array.from(log.querySelectorAll('.text'));
  const seen = texts.find((text) => text.getBoundingClientRect().top >= top);
  return {
    text: seen?.textContent ?? '',
    top: (seen?.getBoundingClientRect().top ?? 0) - top,
  };
}

function placeOf(log: Drawn, text: string): number {
  const found = Array.from(log.querySelectorAll('.text')).find(
    ({ textContent }) => textContent === text,
  );
  return (found?.getBoundingClientRect().top ?? Infinity) - log.getBoundingClientRect().top;
}

function isAtEnd({ scrollHeight, scrollTop, clientHeight }: Log): boolean {
  return scrollHeight - scrollTop - clientHeight < 2;
}
