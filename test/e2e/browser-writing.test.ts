import { describe, expect, test } from 'vitest';
import { keyOf, signToken } from '../../src/auth/tokens.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import { scrollUpTo } from '../support/browser-hands.ts';
import type { Host } from '../support/browser-hosts.ts';

const SECRET = 'a secret of forty characters, or even more';
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const company = Company.forAll();

/** The messages of the room, read over HTTP. */
async function messagesOf({ url }: Host, name: string): Promise<Message[]> {
  const query = new URLSearchParams({ username: name });
  const token = await (await fetch(new URL(`/test-token?${query.toString()}`, url))).text();
  return messagesWith(url, token);
}

async function messagesWith(url: string, token: string): Promise<Message[]> {
  const path = `/rooms/${encodeURIComponent(company.room)}/messages?limit=100`;
  const response = await fetch(new URL(path, url), {
    headers: { authorization: `Bearer ${token}` },
  });
  const { messages } = (await response.json()) as { messages: Message[] };
  return messages;
}

function noteOf({ page }: Visitor): Promise<string[]> {
  return page.locator('#composer-place .note > span').allTextContents();
}

/** Sends with the button, which every device has. */
async function send({ page, field }: Visitor, text: string): Promise<void> {
  await field.fill(text);
  await page.locator('#composer-place').getByRole('button', { name: 'Send' }).click();
}

/** Presses Enter as Safari reports it when an input method has used it: key code 229, after the composition. */
async function pressTakenEnter({ page }: Visitor): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 };
  await session.send('Input.dispatchKeyEvent', { ...enter, type: 'keyDown', text: '\r' });
  await session.send('Input.dispatchKeyEvent', { ...enter, type: 'keyUp' });
  await session.detach();
}

/** Swipes by touch from the middle of a message's text, by `by` in pixels. */
async function swipe({ page }: Visitor, text: string, by: [x: number, y: number]): Promise<void> {
  const box = await page.locator('#messages .message .text').getByText(text).boundingBox();
  if (box === null) throw new Error(`"${text}" is not in sight.`);
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', part?: number) => {
    const at = { x: 195 + by[0] * (part ?? 0), y: box.y + box.height / 2 + by[1] * (part ?? 0) };
    const touchPoints = type === 'touchEnd' ? [] : [at];
    return session.send('Input.dispatchTouchEvent', { type, touchPoints });
  };
  await touch('touchStart');
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (let step = 1; step <= 8; step++) await touch('touchMove', step / 8);
  await touch('touchEnd');
  await session.detach();
}

describe.skipIf(!hasBrowser)('writing on the page', () => {
  const host = nodeHostFor();
  const comesIn = (name: string, options = {}) => company.comesIn(name, host().url, options);

  test('leaves Enter to an active input method, in every field', async () => {
    const ann = await company.arrives(host().url);
    const { page } = ann;
    await page.getByLabel('Your name').fill('アン');
    await page.getByLabel('Room', { exact: true }).fill(company.room);
    await pressTakenEnter(ann);
    expect(await page.getByRole('button', { name: 'Join', exact: true }).isVisible()).toBe(true);
    await page.keyboard.press('Enter');
    await ann.isIn();

    await ann.field.fill('にほん');
    await pressTakenEnter(ann);
    expect(await ann.field.inputValue()).toBe('にほん');
    expect(await ann.said()).toEqual([]);
    await ann.field.press('Enter');
    await expect.poll(() => ann.said()).toEqual(['にほん']);

    await ann.hasSent('にほん');
    await ann.field.press('ArrowUp');
    await ann.field.fill('にほんご');
    await pressTakenEnter(ann);
    expect(await ann.field.inputValue()).toBe('にほんご');
    await ann.field.press('Escape');

    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByLabel('Search in this room').fill('にほん');
    await pressTakenEnter(ann);
    expect(await page.locator('.search [role="status"]').textContent()).toBe('');

    await page.getByRole('button', { name: 'Join another room' }).click();
    await page.getByRole('textbox', { name: 'Room' }).fill('にほん');
    await pressTakenEnter(ann);
    expect(await page.getByRole('heading', { name: 'Join another room' }).isVisible()).toBe(true);
  });

  test('suggests and mentions users in scripts without spaces', async () => {
    await comesIn('李雷');
    await comesIn('สมชาย');
    const ann = await comesIn('Ann');
    await expect.poll(async () => (await ann.here()).toSorted()).toEqual(['Ann', 'สมชาย', '李雷']);
    await ann.field.pressSequentially('你好@');
    await ann.page.getByRole('option', { name: '李雷' }).waitFor();
    await ann.field.pressSequentially('李');
    await ann.field.press('Enter');
    await expect.poll(() => ann.field.inputValue()).toBe('你好@李雷 ');
    await ann.field.press('Enter');
    await ann.write('สวัสดี@สมชายครับ https://social.example/@李雷/1');
    await expect
      .poll(async () => (await messagesOf(host(), 'Ann')).map(({ mentions = [] }) => mentions))
      .toEqual([[expect.any(String)], [expect.any(String)]]);
    const marked = ann.page.locator('#messages .mention');
    await expect.poll(() => marked.allTextContents()).toEqual(['@李雷', '@สมชาย']);
  });

  test('ends links at the punctuation of their script, and keeps them out of the Tab order', async () => {
    const ann = await comesIn('Ann');
    await ann.write('请看https://example.com/a，谢谢 (HTTPS://EXAMPLE.COM/b_(c)).');
    await ann.hasSent('请看');
    await ann.write('the newest');
    await ann.hasSent('newest');
    const links = ann.page.locator('#messages a');
    await expect
      .poll(() => links.allTextContents())
      .toEqual(['https://example.com/a', 'HTTPS://EXAMPLE.COM/b_(c)']);
    const stops = () => ann.page.locator('#messages a[tabindex="0"]').count();
    await expect.poll(() => stops()).toBe(0);
    await ann.message('请看').focus();
    await expect.poll(() => stops()).toBe(2);
  });

  test('searches members in the room, and marks mentions without a match', async () => {
    const quiet = await comesIn('Quiet Quinn');
    await quiet.write('only once');
    await quiet.hasSent('only once');
    const busy = await comesIn('Busy');
    for (let at = 0; at < 60; at++) await send(busy, `so much to say, ${at}`);
    await busy.hasSent('to say, 59');
    await quiet.leave();
    const ann = await comesIn('Ann', phone);
    await ann.message('to say, 59').waitFor();
    await ann.field.pressSequentially('@quin');
    await ann.page.getByRole('option', { name: 'Quiet Quinn' }).tap();
    await expect.poll(() => ann.field.inputValue()).toBe('@Quiet Quinn ');
    await ann.field.pressSequentially('and @Nemo, @busy');
    await expect.poll(() => noteOf(ann)).toEqual(['“@Nemo” mentions nobody.']);
    await send(ann, await ann.field.inputValue());
    await expect
      .poll(async () => (await messagesOf(host(), 'Ann')).at(-1)?.mentions?.length)
      .toBe(2);
    expect(await noteOf(ann)).toEqual([]);
  });

  test('inserts a line break on Enter on touch devices, and sends with the button', async () => {
    const ann = await comesIn('Ann', phone);
    await ann.field.pressSequentially('one');
    await ann.field.press('Enter');
    await ann.field.pressSequentially('two');
    await expect.poll(() => ann.field.inputValue()).toBe('one\ntwo');
    await ann.page.getByRole('button', { name: 'Send' }).tap();
    await expect.poll(() => ann.said()).toEqual(['one\ntwo']);
    expect(await ann.field.getAttribute('enterkeyhint')).toBe('enter');
  });

  test('replies to a message that is swiped in reading direction, and scrolls otherwise', async () => {
    const ben = await comesIn('Ben');
    await ben.write('what do you think?');
    // Each of these is collapsed to twenty lines.
    for (const name of ['one', 'two', 'three', 'four']) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await ben.write(`${name}:\n${'line\n'.repeat(30)}`);
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await ben.hasSent(`${name}:`);
    }
    const ann = await comesIn('Ann', phone);
    const { page } = ann;
    const log = page.locator('#log');
    const row = ann.message('what do you think?');
    const top = () => log.evaluate<number, { scrollTop: number }>(({ scrollTop }) => scrollTop);
    await scrollUpTo(ann, row);
    await expect.poll(top).toBe(0);
    // The code for swipes is loaded later, with the seldom opened parts.
    const touchAction = () =>
      row.evaluate((element: { computedStyleMap(): { get(name: string): unknown } }) =>
        String(element.computedStyleMap().get('touch-action')),
      );
    await expect.poll(touchAction).toBe('pan-y pinch-zoom');
    const answering = page.locator('.about-mode').getByText('what do you think?');

    await swipe(ann, 'what do you think?', [50, 0]);
    await swipe(ann, 'what do you think?', [-150, 0]);
    expect(await answering.count()).toBe(0);
    expect(await row.getAttribute('style')).toBeFalsy();
    await swipe(ann, 'what do you think?', [150, 0]);
    await answering.waitFor();
    await send(ann, 'good');
    await ben.message('good').locator('.quote').getByText('what do you think?').waitFor();

    await page.evaluate("document.documentElement.dir = 'rtl'");
    // At the end of the log, rows far above are removed: scroll up again.
    await scrollUpTo(ann, row);
    await swipe(ann, 'what do you think?', [150, 0]);
    expect(await answering.count()).toBe(0);
    await swipe(ann, 'what do you think?', [-150, 0]);
    await answering.waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();

    const before = await top();
    await swipe(ann, 'what do you think?', [20, -200]);
    await expect.poll(top).toBeGreaterThan(before + 100);
    expect(await answering.count()).toBe(0);
  });

  test('warns that a text is too long before sending, and sends it in parts', async () => {
    const ann = await comesIn('Ann');
    const button = ann.page.locator('#composer-place').getByRole('button', { name: 'Send' });
    await ann.field.fill('x'.repeat(8_000));
    await expect.poll(() => noteOf(ann)).toEqual(['192 characters left.']);
    await ann.field.fill(`${'é'.repeat(4_000)}\n${'y'.repeat(500)}`);
    await expect
      .poll(() => noteOf(ann))
      .toEqual(['This is 164 characters too long to be sent as one message.']);
    expect(await button.first().isDisabled()).toBe(true);
    await ann.field.press('Enter');
    expect(await ann.said()).toEqual([]);
    await ann.page.getByRole('button', { name: 'Send in parts' }).click();
    await expect.poll(() => ann.said()).toEqual(['é'.repeat(4_000), 'y'.repeat(500)]);
    await expect.poll(() => ann.field.inputValue()).toBe('');
  });

  test('removes a leading # from a room’s name, and suggests a room whose name differs by case only', async () => {
    const ann = await company.arrives(host().url);
    const name = `tea ${crypto.randomUUID()}`;
    await ann.join(`Ann ${name}`, `#${name}`);
    await ann.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    await ann.page.getByRole('button', { name: 'Join another room' }).click();
    await ann.page.getByRole('textbox', { name: 'Room' }).fill(`#${name.toUpperCase()}`);
    await ann.page.getByRole('button', { name: `Join ${name}`, exact: true }).click();
    await ann.page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await ann.page.locator('#room-list .room-label').allTextContents()).toEqual([name]);
  });

  test('shows who has reacted where there is no pointer to hover with', async () => {
    const ann = await comesIn('Ann', phone);
    await send(ann, 'shall we?');
    const ben = await comesIn('Ben');
    await ben.message('shall we?').hover();
    await ben.message('shall we?').getByRole('button', { name: 'React' }).click();
    await ben.page.getByRole('menuitem', { name: '🎉', exact: true }).click();
    await ann.page.getByRole('button', { name: '🎉 1' }).waitFor();
    await ann.message('shall we?').locator('.text').tap();
    await ann.message('shall we?').getByRole('button', { name: 'More actions' }).tap();
    await ann.page.getByRole('menuitem', { name: 'Reactions' }).tap();
    const items = ann.page.getByRole('dialog', { name: 'Reactions' }).getByRole('listitem');
    await expect.poll(() => items.allTextContents()).toEqual(['🎉Ben']);
    await ann.page.getByRole('button', { name: 'Close', exact: true }).tap();
  });
});

describe.skipIf(!hasBrowser)('two users of the same name', () => {
  const host = nodeHostFor({ JWT_SECRET: SECRET }, false);

  function tokenOf(sub: string, name: string): Promise<string> {
    return signToken({ sub, name, exp: Math.floor(Date.now() / 1_000) + 600 }, keyOf(SECRET));
  }

  async function comesIn(sub: string, name: string): Promise<Visitor> {
    const visitor = await company.arrives(host().url);
    await visitor.join('', company.room, await tokenOf(sub, name));
    await visitor.isIn();
    return visitor;
  }

  test('are distinguished in the list, and the selected one is mentioned', async () => {
    await comesIn('alex-1', 'Alex');
    await comesIn('alex-2', 'Alex');
    const ann = await comesIn('ann', 'Ann');
    await expect.poll(() => ann.here()).toEqual(['Alex', 'Alex', 'Ann']);
    await ann.field.pressSequentially('dear @alex');
    const options = ann.page.getByRole('option');
    await expect.poll(() => options.count()).toBe(2);
    await ann.page.getByRole('option', { name: 'alex-2' }).click();
    await expect.poll(() => ann.field.inputValue()).toBe('dear @Alex ');
    await ann.field.press('Home');
    await ann.field.pressSequentially('my ');
    await ann.page.reload();
    await ann.isIn();
    await expect.poll(() => ann.field.inputValue()).toBe('my dear @Alex ');
    await ann.field.press('Enter');
    await ann.write('@Alex');
    const token = await tokenOf('ann', 'Ann');
    await expect
      .poll(async () => (await messagesWith(host().url, token)).length)
      .toBeGreaterThan(0);
    expect((await messagesWith(host().url, token))[0]?.mentions).toEqual(['alex-2']);
  });
});
