import { describe, expect, test } from 'vitest';
import type { Conversation } from '../../src/client/inbox.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import { scrollUpTo } from '../support/browser-hands.ts';

const company = Company.forAll();

function replyField({ page }: Visitor) {
  return page.getByRole('textbox', { name: 'Reply' });
}

function rowOf({ page }: Visitor, text: string) {
  return page.getByRole('list', { name: 'Thread' }).locator('.message').filter({ hasText: text });
}

async function reply(visitor: Visitor, text: string): Promise<void> {
  await replyField(visitor).fill(text);
  await replyField(visitor).press('Enter');
}

/** Whether a row of the thread is visible, between the panel's head and the composer. */
async function isInSight(visitor: Visitor, text: string): Promise<boolean> {
  const row = await rowOf(visitor, text).last().boundingBox();
  const field = await visitor.page.locator('.thread .composer').boundingBox();
  const head = await visitor.page.locator('.panel-head').boundingBox();
  if (row === null || field === null || head === null) return false;
  return row.y >= head.y + head.height - 1 && row.y + row.height <= field.y + 1;
}

describe.skipIf(!hasBrowser)('threads and drafts on the page', () => {
  const host = nodeHostFor();
  const comesIn = (name: string, options = {}) => company.comesIn(name, host().url, options);

  async function ask(name: string, method: string, path: string, body?: object): Promise<unknown> {
    const query = new URLSearchParams({ username: name });
    const { url } = host();
    const token = await (await fetch(new URL(`/test-token?${query.toString()}`, url))).text();
    const at = new URL(`/rooms/${encodeURIComponent(company.room)}${path}`, url);
    const response = await fetch(at, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return response.json();
  }

  async function messages(): Promise<Message[]> {
    return ((await ask('Ann', 'GET', '/messages?limit=100')) as { messages: Message[] }).messages;
  }

  /** Sends a message with `replies` replies. */
  async function talk(replies: number): Promise<void> {
    await ask('Ben', 'POST', '/messages', { message: 'the root' });
    for (let at = 1; at <= replies; at++) {
      await ask('Ben', 'POST', '/messages', { message: `answer ${at}.`, replyTo: 1 });
    }
  }

  async function openThread(visitor: Visitor, replies: number): Promise<void> {
    const thread = visitor.page.getByRole('button', { name: `${replies} replies` });
    await scrollUpTo(visitor, thread);
    await thread.click();
  }

  test('open at their end, follow new messages, and scroll to own ones', async () => {
    await talk(45);
    const ann = await comesIn('Ann');
    await openThread(ann, 45);
    await expect.poll(() => isInSight(ann, 'answer 45.')).toBe(true);
    await ask('Ben', 'POST', '/messages', { message: 'one more', replyTo: 1 });
    await expect.poll(() => isInSight(ann, 'one more')).toBe(true);

    const body = ann.page.locator('#panel-body');
    await body.evaluate((element: { scrollTop: number }) => {
      element.scrollTop = 0;
    });
    await expect.poll(() => isInSight(ann, 'the root')).toBe(true);
    await ask('Ben', 'POST', '/messages', { message: 'and another', replyTo: 1 });
    await rowOf(ann, 'and another').waitFor({ state: 'attached' });
    await expect.poll(() => isInSight(ann, 'the root')).toBe(true);
    await reply(ann, 'my own answer');
    await expect.poll(() => isInSight(ann, 'my own answer')).toBe(true);
  });

  test('stay open: replies and edits made there stay there', async () => {
    await talk(3);
    const ann = await comesIn('Ann', { viewport: { width: 700, height: 700 } });
    await openThread(ann, 3);
    await rowOf(ann, 'answer 2.').hover();
    await rowOf(ann, 'answer 2.').getByRole('button', { name: 'Reply', exact: true }).click();
    await ann.page.getByText('Reply to Ben: answer 2.').waitFor();
    await reply(ann, 'to the second');
    await expect
      .poll(async () => (await messages()).at(-1))
      .toMatchObject({ message: 'to the second', replyTo: 1, meta: { quotes: 3 } });
    await rowOf(ann, 'to the second')
      .getByRole('button', { name: /answer 2\./ })
      .waitFor();

    await rowOf(ann, 'to the second').hover();
    await rowOf(ann, 'to the second').getByRole('button', { name: 'More actions' }).click();
    await ann.page.getByRole('menuitem', { name: 'Edit' }).click();
    await expect.poll(() => replyField(ann).inputValue()).toBe('to the second');
    await reply(ann, 'to the second, I mean');
    await expect.poll(async () => (await messages()).at(-1)?.message).toBe('to the second, I mean');
    expect((await messages())[0]?.replyCount).toBe(4);
  });

  test('[MSG9] include replies to a reply that are written in the room', async () => {
    await talk(1);
    const ann = await comesIn('Ann');
    await ann.message('answer 1.').hover();
    await ann.message('answer 1.').getByRole('button', { name: 'Reply', exact: true }).click();
    await ann.write('in the room');
    await expect
      .poll(async () => (await messages()).at(-1))
      .toMatchObject({ message: 'in the room', replyTo: 1, meta: { quotes: 2 } });
  });

  test('show what has become of messages that are older than those loaded', async () => {
    await ask('Ann', 'POST', '/messages', { message: 'first text' });
    const others = Array.from({ length: 120 }, (_, at) => `filler ${at}`);
    for (const message of others) await ask('Ben', 'POST', '/messages', { message });
    await ask('Ben', 'POST', '/messages', { message: 'an answer', replyTo: 1 });
    await ask('Ben', 'POST', '/messages', { message: 'to be deleted, I think', replyTo: 2 });
    await ask('Ann', 'PUT', '/read', { readUpTo: 123 });
    const ann = await comesIn('Ann');
    const quote = ann.message('an answer').locator('.quote');
    await quote.getByText('first text').waitFor();
    const other = ann.message('to be deleted, I think').locator('.quote');
    await other.getByText('filler 0').waitFor();
    await ask('Ben', 'DELETE', '/messages/2');
    await other.getByText('filler 0').waitFor({ state: 'detached' });
    await ask('Ann', 'PATCH', '/messages/1', { message: 'second text' });
    await quote.getByText('second text').waitFor();
    await quote.click();
    await ann.message('second text').hover();
    await ann.message('second text').getByRole('button', { name: 'More actions' }).click();
    await ann.page.getByRole('menuitem', { name: 'Edit' }).click();
    await expect.poll(() => ann.field.inputValue()).toBe('second text');
  });

  test('keep drafts of rooms and threads, with their reply target, in every window of the user', async () => {
    await talk(2);
    const first = company.room;
    const second = `${first} too`;
    const ann = await comesIn('Ann');
    const { page } = ann;
    await ann.message('the root').hover();
    await ann.message('the root').getByRole('button', { name: 'Reply' }).click();
    await ann.field.fill('a reply begun');
    await openThread(ann, 2);
    await replyField(ann).fill('a thread begun');
    await page.getByRole('button', { name: 'Close', exact: true }).click();

    await page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(second))}`);
    await page.getByRole('heading', { level: 1, name: second, exact: true }).waitFor();
    await expect.poll(() => ann.field.inputValue()).toBe('');
    await page.locator('#room-list .room').filter({ hasText: 'Draft' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: first, exact: true }).waitFor();
    await expect.poll(() => ann.field.inputValue()).toBe('a reply begun');
    await page.getByText('Reply to Ben: the root').waitFor();
    await openThread(ann, 2);
    await expect.poll(() => replyField(ann).inputValue()).toBe('a thread begun');

    const other = await page.context().newPage();
    await other.goto(host().url);
    await other.getByLabel('Your name').fill('Ann');
    await other.getByLabel('Room', { exact: true }).fill(first);
    await other.getByRole('button', { name: 'Join', exact: true }).click();
    await other.getByText('Reply to Ben: the root').waitFor();
    const field = other.getByRole('textbox', { name: 'Message' });
    await expect.poll(() => field.inputValue()).toBe('a reply begun');
    await field.press('Enter');
    await expect
      .poll(async () => (await messages()).at(-1))
      .toMatchObject({ message: 'a reply begun', replyTo: 1 });
    await other.close();
  });

  test('ask before the user signs out with a draft, and hide it from the next user', async () => {
    const ann = await comesIn('Ann');
    const { page } = ann;
    await ann.field.fill('for my eyes only');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page
      .getByText(`What you have begun to write in ${company.room} will be removed.`)
      .waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => ann.field.inputValue()).toBe('for my eyes only');
    await page.getByRole('button', { name: 'Sign out' }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign out?' });
    await dialog.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
    expect(await page.content()).not.toContain('for my eyes only');
    await ann.join('Ben', company.room);
    await ann.isIn();
    await expect.poll(() => ann.field.inputValue()).toBe('');
  });

  test('keep an unfinished edit and the draft it interrupted, and ask before the room is left', async () => {
    const ann = await comesIn('Ann');
    const { page } = ann;
    await ann.write('first words');
    await ann.hasSent('first words');
    const drafts = async () => {
      const query = new URLSearchParams({ username: 'Ann' });
      const token = await (
        await fetch(new URL(`/test-token?${query.toString()}`, host().url))
      ).text();
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(new URL('/inbox', host().url), { headers });
      const { conversations } = (await response.json()) as { conversations: Conversation[] };
      return conversations.filter(({ hasDraft }) => hasDraft).map(({ roomId }) => roomId);
    };
    // A draft is uploaded once the page knows that the room is in the inbox.
    const uploaded = async () => {
      const found = await drafts();
      if (found.includes(company.room)) return found;
      await ann.field.fill('');
      await ann.field.fill('a new message');
      return found;
    };
    await expect.poll(uploaded, { interval: 1_500 }).toContain(company.room);
    await ann.message('first words').hover();
    await ann.message('first words').getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await ann.field.fill('better words');
    await page.reload();
    await page.getByText('Editing: first words').waitFor();
    await expect.poll(() => ann.field.inputValue()).toBe('better words');
    await ann.field.press('Enter');
    await expect.poll(() => ann.said()).toEqual(['better words (edited)']);
    await expect.poll(() => ann.field.inputValue()).toBe('a new message');
    await ann.leave();
    const dialog = page.getByRole('dialog', { name: `Leave ${company.room}?` });
    await dialog.getByText('What you have begun to write').waitFor();
    await dialog.getByRole('button', { name: 'Leave' }).click();
    await ann.join('Ann', company.room);
    await ann.isIn();
    await expect.poll(() => ann.field.inputValue()).toBe('');
    await expect.poll(drafts).not.toContain(company.room);
  });

  test('hide unsent messages of another user of the window, and keep them for that user', async () => {
    const line = await company.lineTo(host().url);
    const ann = await company.comesIn('Ann', line.url);
    const { page } = ann;
    // By then the later parts of the page are loaded, such as the dialog at signing out.
    await expect.poll(() => ann.here()).toEqual(['Ann']);
    line.cut();
    await page.getByText('The connection is lost.').waitFor();
    await ann.write('only for Ann to see');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('One message is not sent yet.').waitFor();
    const dialog = page.getByRole('dialog', { name: 'Sign out?' });
    await dialog.getByRole('button', { name: 'Sign out' }).click();
    line.mend();
    await ann.join('Ben', company.room);
    await ann.isIn();
    await ann.write('by Ben');
    await expect.poll(() => ann.said()).toEqual(['by Ben']);
    expect(await page.locator('body').textContent()).not.toContain('only for Ann');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await ann.join('Ann', company.room);
    await ann.isIn();
    await expect.poll(() => ann.said()).toEqual(['by Ben', 'unsent: only for Ann to see']);
  });
});
