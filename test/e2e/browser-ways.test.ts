import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import { violations } from '../support/browser-hands.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const company = Company.forAll();

describe.skipIf(!hasBrowser)('finding one’s way on the page', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });
  const comesIn = (name: string, options = {}) => company.comesIn(name, host().url, options);

  async function say(name: string, texts: readonly string[]): Promise<void> {
    const query = new URLSearchParams({ username: name });
    const token = await (
      await fetch(new URL(`/test-token?${query.toString()}`, host().url))
    ).text();
    const room = `/rooms/${encodeURIComponent(company.room)}/messages`;
    for (const message of texts) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      const response = await fetch(new URL(room, host().url), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ message }),
      });
      expect(response.status).toBe(201);
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await response.body?.cancel();
    }
  }

  const many = Array.from({ length: 160 }, (_, at) => `message ${at + 1} of many`);

  test('an address with a number leads to that message, at the start and later', async () => {
    await say('Ben', many);
    const ann = await company.arrives(`${host().url}#${encodeURIComponent(company.room)}/3`);
    await ann.page.getByLabel('Your name').fill('Ann');
    await ann.page.getByRole('button', { name: 'Join', exact: true }).click();
    const marked = ann.page.locator('#messages .message.is-marked .text, .message:focus .text');
    await expect.poll(() => marked.first().textContent()).toBe('message 3 of many');
    await ann.page.evaluate("location.hash += '/150'");
    await ann.message('message 150 of many').waitFor();
    // The first link again.
    await ann.page.evaluate("location.hash += '/3'");
    await expect.poll(() => marked.first().textContent()).toBe('message 3 of many');
  });

  test('copies a link to a message', async () => {
    const ann = await comesIn('Ann', { permissions: ['clipboard-read', 'clipboard-write'] });
    await ann.write('remember this');
    await ann.hasSent('remember this');
    await ann.message('remember this').hover();
    await ann.message('remember this').getByRole('button', { name: 'More actions' }).click();
    await ann.page.getByRole('menuitem', { name: 'Copy link to message' }).click();
    await ann.page.getByText('Copied.').waitFor();
    expect(await ann.page.evaluate('navigator.clipboard.readText()')).toBe(
      `${host().url}#${encodeURIComponent(company.room)}/1`,
    );
  });

  test('goes to a day, and says when there are no messages since', async () => {
    await say('Ben', many);
    const ann = await comesIn('Ann');
    const go = async (day: string) => {
      await ann.page.getByRole('button', { name: 'Room menu' }).click();
      await ann.page.getByRole('menuitem', { name: 'Go to a date' }).click();
      await ann.page.getByLabel('Day').fill(day);
      await ann.page.getByRole('button', { name: 'Go', exact: true }).click();
    };
    await go('2999-01-01');
    await ann.page.getByText('Nothing was said here from that day on.').waitFor();
    await ann.page.keyboard.press('Escape');
    await go('2020-01-01');
    const focused = ann.page.locator('.message:focus .text');
    await expect.poll(() => focused.textContent()).toBe('message 1 of many');
  });

  test('pins a message for everyone, and lists pinned messages as links to them', async () => {
    await say('Ben', many.with(2, '**message** 3 of _many_'));
    await company.ask(host().url, 'Ben', 'PUT', '/pins/3');
    const ann = await comesIn('Ann');
    const line = (visitor: typeof ann) => visitor.page.locator('.pins');
    await line(ann).getByText('Ben: message 3 of many').waitFor();
    const ben = await comesIn('Ben');
    const last = ben.message('message 160 of many');
    await last.hover();
    await last.getByRole('button', { name: 'More actions' }).click();
    await ben.page.getByRole('menuitem', { name: 'Pin', exact: true }).click();
    for (const one of [ann, ben]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await line(one).getByText('2 pinned').waitFor();
    }
    await line(ann).focus();
    await ann.page.keyboard.press('Enter');
    const panel = ann.page.getByRole('region', { name: 'Pinned messages' });
    const pinned = panel.getByRole('link');
    await expect
      .poll(() => pinned.allTextContents())
      .toEqual([
        expect.stringContaining('message 160 of many'),
        expect.stringContaining('message 3 of many'),
      ]);
    expect(await violations(ann.page, AXE)).toEqual([]);
    expect(await panel.getByRole('button', { name: /^Unpin/ }).count()).toBe(0);
    await pinned.nth(1).press('Enter');
    const focused = ann.page.locator('.message:focus .text');
    await expect.poll(() => focused.textContent()).toBe('message 3 of many');

    await line(ben).click();
    const unpin = ben.page.getByRole('button', { name: /^Unpin/ });
    await unpin.first().click();
    await line(ann).getByText('1 pinned').waitFor();
    await expect.poll(() => unpin.count()).toBe(1);
    await unpin.click();
    await line(ann).waitFor({ state: 'hidden' });
    await ben.page.getByText('Nothing is pinned.').waitFor();
    await ben.page.keyboard.press('Escape');
    await ben.page.locator('#panel').waitFor({ state: 'hidden' });
  });

  test('narrows a search by sender and day, and gives hits as links', async () => {
    await say('Ben', ['the deploy is on']);
    await say('Cat', ['no deploy today']);
    const ann = await comesIn('Ann');
    const search = async (query: string) => {
      await ann.page.getByLabel('Search in this room').fill(query);
      await ann.page.getByLabel('Search in this room').press('Enter');
    };
    await ann.page.keyboard.press('Escape');
    await ann.page.locator('#room-name').focus();
    await ann.page.keyboard.press('/');
    await search('deploy');
    await ann.page.getByText('2 messages were found').waitFor();
    await search('deploy from:cat');
    await ann.page.getByText('1 message was found').waitFor();
    const hits = ann.page.locator('.hits').getByRole('link');
    expect(await hits.first().getAttribute('href')).toBe(`#${encodeURIComponent(company.room)}/2`);
    await search('deploy before:2020-01-01');
    await ann.page.getByText('Nothing was found;').waitFor();
  });

  test('switches rooms by key, steps through them, and lists all keys', async () => {
    const first = company.room;
    // A name of this test alone, so that its inbox has no rooms of other tests.
    const ann = await comesIn(`Ann ${crypto.randomUUID()}`);
    await ann.write('first');
    await ann.hasSent('first');
    const second = `${company.room} second`;
    const { page } = ann;
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByRole('combobox', { name: 'Room' }).fill(second);
    await page.keyboard.press('Enter');
    const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });
    await heading(second).waitFor();
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByRole('combobox', { name: 'Room' }).fill(first.slice(5, 20));
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('option', { selected: true }).waitFor();
    await page.getByRole('option', { name: first, exact: true }).click();
    await heading(first).waitFor();
    await page.keyboard.press('Alt+ArrowDown');
    await heading(second).waitFor();
    await ann.write('here too');
    await ann.hasSent('here too');
    await page.keyboard.press('Alt+ArrowUp');
    await heading(first).waitFor();
    await page.locator('#room-name').focus();
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await expect.poll(() => keys.isVisible()).toBe(true);
  });

  test('runs typed commands that the role allows, and sends everything else', async () => {
    const ann = await comesIn('Ann');
    await ann.write('my room');
    await ann.hasSent('my room');
    await ann.field.pressSequentially('/to');
    await ann.page.getByRole('option', { name: /^\/topic/ }).waitFor();
    await ann.field.press('Tab');
    await ann.field.pressSequentially('Deploys and coffee');
    await ann.field.press('Enter');
    await ann.page.locator('#topic').getByText('Deploys and coffee').waitFor();
    await ann.write('/mute nobody at all');
    await ann.page.getByText('There is no one person called “nobody at all” here').waitFor();
    const ben = await comesIn('Ben');
    await ben.write('/topic mine');
    await ben.write('/etc/hosts is broken');
    const all = ['my room', '/topic mine', '/etc/hosts is broken'];
    await expect.poll(() => ann.said()).toEqual(all);
  });

  test('works with assistive technology: axe-core finds no violation in seldom opened parts', async () => {
    const ann = await comesIn('Ann');
    const { page } = ann;
    await ann.write('**my** room with `code`\n> said\n- one\n```\nconst a = 1\n```');
    const found = async () => expect(await violations(page, AXE)).toEqual([]);
    await page.getByRole('button', { name: 'Emoji', exact: true }).click();
    await page.getByLabel('Find an emoji').waitFor();
    await found();
    await page.keyboard.press('Escape');
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByRole('combobox', { name: 'Room' }).waitFor();
    await found();
    await page.keyboard.press('Escape');
    await ann.field.pressSequentially('/');
    await page.getByRole('option').first().waitFor();
    await found();
    await ann.field.fill('');
    await page.locator('#room-name').focus();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await found();
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.getByLabel('Search in this room').fill('room');
    await page.keyboard.press('Enter');
    await page.getByText('1 message was found').waitFor();
    await found();
  });

  test('finds an emoji by name, in the chosen skin tone, and remembers it', async () => {
    const ann = await comesIn('Ann');
    const { page } = ann;
    const pick = async (word: string) => {
      await page.getByRole('button', { name: 'Emoji', exact: true }).click();
      await page.getByLabel('Find an emoji').fill(word);
    };
    await pick('waving');
    await page.getByRole('menuitem', { name: '👋', exact: true }).first().waitFor();
    await page.getByRole('button', { name: '✋🏽' }).click();
    await page.getByRole('menuitem', { name: '👋🏽', exact: true }).click();
    await expect.poll(() => ann.field.inputValue()).toBe('👋🏽 ');
    await page.getByRole('button', { name: 'Emoji', exact: true }).click();
    await expect.poll(() => page.getByRole('menuitem').first().textContent()).toBe('👋🏽');
  });
});
