import { describe, expect, test } from 'vitest';
import { keyOf, signToken } from '../../src/auth/tokens.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';

const SECRET = 'a secret of forty characters, or even more';

const company = Company.forAll();

interface Log {
  scrollTop: number;
  scrollHeight: number;
  clientHeight: number;
}

interface Placed {
  getBoundingClientRect(): { top: number; bottom: number; height: number };
}

describe.skipIf(!hasBrowser)('the page, with unread messages', () => {
  const host = nodeHostFor({ JWT_SECRET: SECRET, COMMAND_BURST: '100000' }, false);

  function tokenOf(name: string): Promise<string> {
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    return signToken({ sub: `id-${name}`, name, exp }, keyOf(SECRET));
  }

  /** Sends a request over HTTP as a user. */
  async function ask<T>(name: string, method: string, path: string, body?: object): Promise<T> {
    const url = new URL(`/rooms/${encodeURIComponent(company.room)}${path}`, host().url);
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${await tokenOf(name)}`,
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect([path, response.ok]).toEqual([path, true]);
    return (await response.json()) as T;
  }

  async function say(name: string, texts: readonly string[], mentioned?: string): Promise<void> {
    const mentions = mentioned === undefined ? {} : { mentions: [`id-${mentioned}`] };
    // oxlint-disable-next-line no-await-in-loop -- in this order
    for (const message of texts) await ask(name, 'POST', '/messages', { message, ...mentions });
  }

  async function comesIn(name: string, url = host().url): Promise<Visitor> {
    const visitor = await company.arrives(url);
    await visitor.join('', company.room, await tokenOf(name));
    return visitor;
  }

  /** The unread counts that the room gives a user who joins. */
  async function countsOf(name: string): Promise<[unread: number, mentions: number]> {
    const url = new URL(`/rooms/${encodeURIComponent(company.room)}/ws`, host().url);
    url.protocol = 'ws:';
    const socket = new WebSocket(url, ['parlor.v1', `bearer.${await tokenOf(name)}`]);
    const data = await new Promise<string>((resolve) => {
      socket.addEventListener('message', (event) => resolve(String(event.data)), { once: true });
    });
    socket.close();
    const [, { you }] = JSON.parse(data.split('\n')[0] ?? '') as [
      string,
      { you: { unread: number; unreadMentions: number } },
    ];
    return [you.unread, you.unreadMentions];
  }

  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => `no ${from + at} `);

  test('begins at the first unread message, and marks only visible messages as read', async () => {
    await say('Ben', numbered(1, 20));
    await ask('Ann', 'PUT', '/read', { readUpTo: 20 });
    await say('Ben', numbered(21, 70));
    await say('Ben', ['no 71, for Ann'], 'Ann');
    await say('Ben', numbered(72, 140));
    expect(await countsOf('Ann')).toEqual([100, 1]);

    const ann = await comesIn('Ann');
    const { page } = ann;
    const log = page.getByRole('log', { name: 'Messages' });
    const line = page.getByText('New messages', { exact: true });
    await line.waitFor();
    // The position of the line in the log: 0 at its top, 1 at its bottom.
    const lineAt = () =>
      line.evaluate((one: Placed & { closest(selector: string): Placed }) => {
        const { top, height } = one.closest('#log').getBoundingClientRect();
        return (one.getBoundingClientRect().top - top) / height;
      });
    await expect.poll(lineAt).toBeCloseTo(0.25, 1);
    await ann.message('no 21 ').waitFor();
    await page.getByRole('button', { name: '100+ new messages' }).waitFor();
    expect(await countsOf('Ann')).toEqual([100, 1]);

    // Jumping to the end past unread messages marks none of them as read.
    await page.getByRole('button', { name: '100+ new messages' }).click();
    await ann.message('no 140 ').waitFor();
    await page.getByRole('button', { name: '1 mention above' }).waitFor();
    await page.getByRole('button', { name: 'Unread messages above' }).waitFor();
    expect(await countsOf('Ann')).toEqual([100, 1]);

    await page.getByRole('button', { name: '1 mention above' }).click();
    await expect
      .poll(() => page.locator('#messages .message:focus .text').textContent())
      .toBe('no 71, for Ann');
    await page.getByRole('button', { name: /mention/ }).waitFor({ state: 'hidden' });

    // Scroll from the first unread message to the newest one.
    const above = page.getByRole('button', { name: 'Unread messages above' });
    if (await above.isVisible()) await above.click();
    await line.waitFor();
    await expect
      .poll(async () => {
        const isAtEnd = await log.evaluate(readOn);
        return isAtEnd && (await ann.message('no 140 ').count()) === 1;
      })
      .toBe(true);
    await expect.poll(() => countsOf('Ann')).toEqual([0, 0]);
    await expect.poll(() => page.title()).toBe(`${company.room} · Parlor`);
  });

  test('counts unread messages for a user who never wrote, also after a reload', async () => {
    const first = company.room;
    await say('Ben', ['hello']);
    const ann = await comesIn('Ann');
    await ann.message('hello').waitFor();
    await expect
      .poll(async () => {
        const { members } = await ask<{ members: { userId: string }[] }>('Ben', 'GET', '/members');
        return members.map(({ userId }) => userId);
      })
      .toContain('id-Ann');
    await ann.page.evaluate("location.hash = 'elsewhere'");
    await ann.page.getByRole('heading', { level: 1, name: 'elsewhere' }).waitFor();
    await say('Ben', numbered(1, 5));
    await say('Ben', ['for Ann'], 'Ann');
    const badge = ann.page.getByRole('link', { name: '6 unread, and you are mentioned' });
    await badge.waitFor();
    await ann.page.reload();
    await badge.waitFor();
    expect(await countsOf('Ann')).toEqual([6, 1]);
    // The room loads once it is opened, with its earlier messages.
    await ann.page.getByRole('link', { name: first }).click();
    await ann.page.getByText('New messages', { exact: true }).waitFor();
    await expect.poll(() => ann.said()).toEqual(['hello', ...numbered(1, 5), 'for Ann']);
    await expect.poll(() => countsOf('Ann')).toEqual([0, 0]);
  });

  test('stores nothing in an empty room that was only viewed', async () => {
    const ann = await comesIn('Ann');
    await ann.isIn();
    const cat = await comesIn('Cat');
    await cat.isIn();
    const { members } = await ask<{ members: object[] }>('Ben', 'GET', '/members');
    expect(members).toEqual([]);
  });

  test('counts only unread messages in the title', async () => {
    await say('Ben', ['hello']);
    const ann = await comesIn('Ann');
    await ann.message('hello').waitFor();
    await expect.poll(() => ann.page.title()).toBe(`${company.room} · Parlor`);
    await ann.page.evaluate(`(() => {
      window.titles = [];
      const note = () => window.titles.push(document.title);
      new MutationObserver(note).observe(document.querySelector('title'), { childList: true });
    })()`);
    await say('Ben', numbered(1, 5));
    await ann.message('no 5 ').waitFor();
    await expect.poll(() => countsOf('Ann')).toEqual([0, 0]);
    expect(await ann.page.evaluate('window.titles')).toEqual([]);
  });

  test('stays at the newest message while older ones are drawn before it', async () => {
    await say('Ben', numbered(1, 45));
    await ask('Ann', 'PUT', '/read', { readUpTo: 45 });
    const ann = await company.arrives(host().url);
    await ann.page.evaluate(`(() => {
      window.frames = [];
      const log = document.querySelector('#log');
      const note = () => {
        const drawn = document.querySelectorAll('#messages .message').length;
        const below = log.scrollHeight - log.scrollTop - log.clientHeight;
        if (drawn > 0) window.frames.push({ drawn, below });
        requestAnimationFrame(note);
      };
      requestAnimationFrame(note);
    })()`);
    await ann.join('', company.room, await tokenOf('Ann'));
    await ann.page.getByText('This is the beginning of').waitFor();
    expect(await ann.page.locator('#messages .message').count()).toBe(45);
    const frames = await ann.page.evaluate<{ drawn: number; below: number }[]>('window.frames');
    expect(frames[0]?.drawn).toBeLessThan(45);
    expect(Math.max(...frames.map(({ below }) => below))).toBeLessThan(2);
  });

  test('keeps the focus on a message while older rows are removed at the top', async () => {
    await say('Ben', numbered(1, 100));
    await ask('Ann', 'PUT', '/read', { readUpTo: 100 });
    const ann = await comesIn('Ann');
    await ann.message('no 100 ').waitFor();
    await ann.page.keyboard.press('Shift+Tab');
    const focused = ann.page.locator('#messages .message:focus .text');
    await expect.poll(() => focused.textContent()).toMatch(/^no 100 /);
    // Rows may still be added above this one; it goes only if rows at the top are removed.
    await ann.page.evaluate("document.querySelector('#messages .message').id = 'first-row'");
    await say('Ben', numbered(101, 160));
    await ann.message('no 160 ').waitFor();
    await ann.page.locator('#first-row').waitFor({ state: 'detached' });
    expect(await focused.textContent()).toMatch(/^no 100 /);
  });

  test('keeps the position of a reader who scrolled up just before it draws', async () => {
    await say('Ben', numbered(1, 45));
    await ask('Ann', 'PUT', '/read', { readUpTo: 45 });
    const ann = await comesIn('Ann');
    await ann.message('no 45 ').waitFor();
    // Waits until all are drawn: rows added above would move the reader's place.
    await ann.page.getByText('This is the beginning of').waitFor();
    const log = ann.page.getByRole('log', { name: 'Messages' });
    const top = () => log.evaluate((element: Log) => element.scrollTop);
    await expect.poll(top).toBeGreaterThan(50);
    // Negative handles, since the page cancels its frames and must not cancel the ones awaited here.
    await ann.page.evaluate(`new Promise((resolve) => {
      const nextFrame = requestAnimationFrame;
      window.requestAnimationFrame = (draw) => -setTimeout(draw);
      document.querySelector('#log').scrollTop = 0;
      window.dispatchEvent(new Event('focus'));
      nextFrame(() => nextFrame(() => {
        window.requestAnimationFrame = nextFrame;
        resolve();
      }));
    })`);
    expect(await top()).toBe(0);
  });

  test('counts messages as unread while the window is visible without the focus', async () => {
    await say('Ben', ['hello']);
    const ann = await comesIn('Ann');
    await ann.message('hello').waitFor();
    await ann.page.evaluate(
      "document.hasFocus = () => false; window.dispatchEvent(new Event('blur'))",
    );
    await say('Ben', ['on the second screen']);
    await ann.message('on the second screen').waitFor();
    await ann.page.getByText('New messages', { exact: true }).waitFor();
    await expect.poll(() => ann.page.title()).toMatch(/^\(1\) /);
    expect(await countsOf('Ann')).toEqual([1, 0]);
    await ann.page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))");
    await expect.poll(() => countsOf('Ann')).toEqual([0, 0]);
  });

  test('scrolls to the first new message when a hidden window is shown', async () => {
    await say('Ben', numbered(1, 30));
    const ann = await comesIn('Ann');
    const { page } = ann;
    await ann.message('no 30 ').waitFor();
    await page.evaluate(`(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
      document.hasFocus = () => false;
      document.dispatchEvent(new Event('visibilitychange'));
    })()`);
    await say('Ben', numbered(31, 90));
    await expect.poll(() => page.title()).toMatch(/^\(60\) /);
    await page.evaluate(`(() => {
      delete document.visibilityState;
      delete document.hasFocus;
      document.dispatchEvent(new Event('visibilitychange'));
    })()`);
    const line = page.getByText('New messages', { exact: true });
    await expect
      .poll(() => line.evaluate((one: Placed) => one.getBoundingClientRect().top))
      .toBeGreaterThan(0);
    await page.getByRole('button', { name: /^\d+ new messages$/ }).waitFor();
    const [unread] = await countsOf('Ann');
    expect(unread).toBeGreaterThan(20);
    expect(unread).toBeLessThanOrEqual(60);
  });
});

/**
 * Scrolls down by half of the log and waits until that was drawn, since skipped messages do not count as
 * read. @returns whether the end of the drawn messages is in sight
 */
async function readOn(log: Log): Promise<boolean> {
  const page = globalThis as unknown as { requestAnimationFrame(seen: () => void): void };
  log.scrollTop += log.clientHeight / 2;
  await new Promise<void>((resolve) => {
    page.requestAnimationFrame(() => page.requestAnimationFrame(() => resolve()));
  });
  return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
}
