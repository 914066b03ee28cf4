import { describe, expect, test } from 'vitest';
import { keyOf, signToken } from '../../src/auth/tokens.ts';
import { hasBrowser } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import type { Host } from '../support/browser-hosts.ts';

const SECRET = 'a secret of forty characters, or even more';

const company = Company.forAll();

const arrive = ({ url }: Host) => company.arrives(url);
const comesIn = (name: string, { url }: Host) => company.comesIn(name, url);

describe.skipIf(!hasBrowser)('the page in production', () => {
  const host = nodeHostFor({ JWT_SECRET: SECRET }, false);

  function tokenOf(
    claims: { sub: string; name?: string; bot?: boolean },
    lastsS = 3_600,
  ): Promise<string> {
    const exp = Math.floor(Date.now() / 1_000) + lastsS;
    return signToken({ ...claims, exp }, keyOf(SECRET));
  }

  test('asks for a token, and shows the name in the token', async () => {
    const ann = await arrive(host());
    await ann.join('Ann', company.room);
    await ann.page.getByText('This server asks for a token; paste the one').waitFor();
    await expect
      .poll(() => ann.page.getByLabel('Token', { exact: true }).evaluate(isFocused))
      .toBe(true);
    await ann.join('', company.room, await tokenOf({ sub: 'a-1', name: 'Ann Verified' }));
    await ann.isIn();
    await expect.poll(() => ann.here()).toEqual(['Ann Verified']);
  });

  test('marks a name without a token as unverified', async () => {
    const ann = await arrive(host());
    await ann.join('Ann', company.room, await tokenOf({ sub: 'a-2' }));
    await ann.isIn();
    await expect
      .poll(() => ann.page.locator('#panel .people-list .tag').allTextContents())
      .toEqual(['unverified', 'you']);
  });

  test('marks a bot', async () => {
    const ann = await arrive(host());
    await ann.join('Ann', company.room, await tokenOf({ sub: 'a-4', name: 'Ann', bot: true }));
    await ann.isIn();
    await expect
      .poll(() => ann.page.locator('#panel .people-list .tag').allTextContents())
      .toEqual(['bot', 'you']);
  });

  test('shows what to do about an invalid token', async () => {
    const ann = await arrive(host());
    await ann.join('Ann', company.room, 'not a token');
    await ann.page.getByText('This is no token; paste all of it').waitFor();
    await ann.join('Ann', company.room, await tokenOf({ sub: 'a-3' }, -60));
    await ann.page.getByText('Your token has expired; paste a new one').waitFor();
    const foreign = await signToken(
      { sub: 'a-3', exp: Math.floor(Date.now() / 1_000) + 3_600 },
      keyOf(`${SECRET} of somebody else`),
    );
    await ann.join('Ann', company.room, foreign);
    await ann.page.getByText('The token is not valid; get a new one.').waitFor();
    expect(await ann.page.getByRole('button', { name: 'Join', exact: true }).isVisible()).toBe(
      true,
    );
  });
});

describe.skipIf(!hasBrowser)('the page where guests are allowed', () => {
  const host = nodeHostFor({ JWT_SECRET: SECRET, ALLOW_GUESTS: 'true' }, false);

  test('accepts a guest, and restores the same guest after a reload', async () => {
    const gus = await comesIn('Gus', host());
    await gus.page.locator('#panel .people-list').getByText('guest').waitFor();
    await gus.write('before');
    await expect.poll(() => gus.said()).toEqual(['before']);
    const sockets: string[] = [];
    gus.page.on('websocket', (socket) => sockets.push(socket.url()));
    await gus.page.reload();
    await gus.isIn();
    // Guests have no inbox; the page lists the rooms of this browser.
    const listed = gus.page.locator('#room-list .room-label');
    await expect.poll(() => listed.allTextContents()).toEqual([company.room]);
    await gus.write('after');
    await expect.poll(() => gus.said()).toEqual(['before', 'after']);
    expect(sockets.filter((url) => url.includes('/inbox/'))).toEqual([]);
    const path = `/rooms/${encodeURIComponent(company.room)}/messages`;
    const response = await fetch(new URL(path, host().url));
    const { messages } = (await response.json()) as { messages: { senderId: string }[] };
    expect(new Set(messages.map(({ senderId }) => senderId)).size).toBe(1);
  });

  test('makes the next guest of a window another user', async () => {
    const gus = await comesIn('Gus', host());
    await gus.write('by Gus');
    await gus.hasSent('by Gus');
    await gus.page.getByRole('button', { name: 'Sign out' }).click();
    await gus.join('Ben', company.room);
    await gus.isIn();
    expect(await gus.said()).toEqual(['by Gus']);
    await gus.write('by Ben');
    await gus.hasSent('by Ben');
    const path = `/rooms/${encodeURIComponent(company.room)}/messages`;
    const response = await fetch(new URL(path, host().url));
    const { messages } = (await response.json()) as { messages: { senderId: string }[] };
    expect(new Set(messages.map(({ senderId }) => senderId)).size).toBe(2);
  });
});

describe.skipIf(!hasBrowser)('the page where frames are shorter than messages', () => {
  const host = nodeHostFor({ MAX_FRAME_BYTES: '4096' });

  test('stays usable after a message over the limit of a frame', async () => {
    const ann = await comesIn('Ann', host());
    await ann.write('x'.repeat(5_000));
    await ann.page.getByText('Not sent. This is too long; shorten it').waitFor();
    await ann.page.getByRole('button', { name: 'Discard' }).click();
    await ann.write('small again');
    await expect.poll(() => ann.said()).toEqual(['small again']);
  });
});

describe.skipIf(!hasBrowser)('the page where messages are short', () => {
  const host = nodeHostFor({ MAX_MESSAGE_BYTES: '900' });

  test('shows why a message was refused, and returns it to be shortened', async () => {
    const ann = await comesIn('Ann', host());
    await ann.write('long '.repeat(190));
    await ann.page.getByText('Not sent. Keep a message under 900 bytes.').waitFor();
    await ann.write('next');
    await expect.poll(() => ann.said()).toContain('next');
    // An edit that was begun is left: the text that is taken back is no part of it.
    await ann.field.press('ArrowUp');
    await expect.poll(() => ann.field.inputValue()).toBe('next');
    await ann.page.getByRole('button', { name: 'Edit' }).click();
    await expect.poll(() => ann.field.inputValue()).toMatch(/^long long /);
    await ann.write('short');
    await expect.poll(() => ann.said()).toEqual(['next', 'short']);
  });

  test('reads the length limit of messages from the server', async () => {
    const ann = await comesIn('Ann', host());
    await ann.field.fill('x'.repeat(1_100));
    const note = ann.page.locator('#composer-place .note > span');
    await expect.poll(() => note.textContent()).toContain('This is 200 characters too long');
  });
});

describe.skipIf(!hasBrowser)('the page where a user has one connection', () => {
  const host = nodeHostFor({ MAX_CONNECTIONS_PER_USER: '1' }, true);

  test('does not reconnect when the server says so, and shows why', async () => {
    await comesIn('Ann', host());
    const again = await arrive(host());
    await again.join('Ann', company.room);
    await again.page.getByText('This room is open too often under your name; close').waitFor();
    expect(await again.page.getByRole('button', { name: 'Join' }).isVisible()).toBe(true);
  });
});

describe.skipIf(!hasBrowser)('the page', () => {
  const host = nodeHostFor({}, true);

  test('names the invalid field of the form', async () => {
    const ann = await arrive(host());
    const name = ann.page.getByLabel('Your name');
    for (const [given, sentence] of [
      ['', 'Enter the name that others will see.'],
      ['x'.repeat(65), 'Choose a name of at most 64 characters.'],
      ['\u3164\u2800', 'Choose a name of visible characters.'],
      ['guest:ann', 'Your name must not begin with "guest:".'],
    ] as const) {
      await ann.join(given, company.room);
      await ann.page.getByRole('alert').getByText(sentence).waitFor();
      expect(await name.getAttribute('aria-invalid')).toBe('true');
      await expect.poll(() => name.evaluate(isFocused)).toBe(true);
    }
    for (const given of ['', '..', 'x'.repeat(129)]) {
      await ann.join('Ann', given);
      const field = ann.page.getByLabel('Room', { exact: true });
      await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true');
    }
  });

  test('removes hidden characters from a name', async () => {
    const ann = await arrive(host());
    await ann.join(' An\u202En\u200B  Smi\u00ADth\u2800', company.room);
    await ann.write('hello');
    const sender = ann.page.getByRole('log').getByText('Ann Smith', { exact: true });
    await expect.poll(() => sender.count()).toBeGreaterThan(0);
  });

  test('removes a typing notice after 6 seconds', async () => {
    const ann = await arrive(host());
    await ann.page.clock.install();
    await ann.join('Ann', company.room);
    const ben = await comesIn('Ben', host());
    await expect.poll(() => ann.here()).toEqual(['Ann', 'Ben']);
    await ben.field.pressSequentially('Hm');
    const notice = ann.page.getByText('Ben is typing…');
    await notice.waitFor();
    await ann.page.clock.fastForward(6_000);
    await notice.waitFor({ state: 'hidden' });
  });

  test('sends a heartbeat after joining, and every 25 seconds', async () => {
    const ann = await arrive(host());
    const frames: string[] = [];
    ann.page.on('websocket', (socket) => {
      if (!socket.url().includes('/rooms/')) return;
      socket.on('framesent', ({ payload }) => frames.push(`> ${String(payload)}`));
      socket.on('framereceived', ({ payload }) => frames.push(`< ${String(payload)}`));
    });
    await ann.page.clock.install();
    await ann.join('Ann', company.room);
    await ann.isIn();
    // The list of people asks for members once it is loaded.
    await expect.poll(() => ann.here()).toEqual(['Ann']);
    const signs = () => frames.filter((frame) => /^(> ping|< pong)$/.test(frame));
    await expect.poll(signs).toEqual(['> ping', '< pong']);
    // When the clock jumps, the page would take an outstanding reply for lost.
    const unanswered = () => {
      const refs = frames.flatMap((frame) => /^> \[.*,(\d+)\]$/.exec(frame)?.[1] ?? []);
      return refs.filter((ref) => !frames.some((frame) => frame.includes(`["ack",${ref},`)));
    };
    await expect.poll(unanswered).toEqual([]);
    await ann.page.clock.fastForward(25_000);
    await expect.poll(signs).toEqual(['> ping', '< pong', '> ping', '< pong']);
    expect(await ann.page.getByText('The connection is lost.').isVisible()).toBe(false);
  });

  test('reconnects at once on request', async () => {
    const line = await company.lineTo(host().url);
    const ann = await arrive({ ...host(), url: line.url });
    await ann.page.clock.install();
    await ann.join('Ann', company.room);
    await ann.isIn();
    // The longest wait before the next attempt, on a clock that moves only to draw the page.
    await ann.page.evaluate('Math.random = () => 0.999');
    // Far enough ahead that the page's clock has not passed this time before it is paused.
    await ann.page.clock.pauseAt(Date.now() + 20_000);
    const drawn = async (selector: string) => {
      await expect
        .poll(async () => {
          await ann.page.clock.runFor(20);
          return ann.page.locator(selector).count();
        })
        .toBe(1);
    };
    line.cut();
    const again = ann.page.getByRole('button', { name: 'Try now' });
    await drawn('#banner button');
    line.mend();
    await again.click();
    await drawn('#banner:empty');
    await ann.page.clock.resume();
    await ann.isIn();
    await ann.write('back');
    await expect.poll(() => ann.said()).toEqual(['back']);
  });

  test('moves the focus into the room list over the messages, and back', async () => {
    const viewport = { width: 360, height: 640 };
    const ann = await company.comesIn('Ann', host().url, { viewport });
    const rooms = ann.page.getByRole('button', { name: 'Rooms', exact: true });
    await rooms.click();
    const close = ann.page.getByRole('button', { name: 'Close rooms' });
    await expect.poll(() => close.evaluate(isFocused)).toBe(true);
    await ann.page.keyboard.press('Escape');
    await close.waitFor({ state: 'hidden' });
    await expect.poll(() => rooms.evaluate(isFocused)).toBe(true);
  });

  test('moves the focus with Shift+Tab from the text field to the newest message', async () => {
    const ann = await comesIn('Ann', host());
    for (const text of ['one', 'two', 'three']) {
      await ann.write(text);
      await ann.hasSent(text);
    }
    await ann.field.press('Shift+Tab');
    await expect.poll(() => ann.message('three').evaluate(holdsFocus)).toBe(true);
  });

  test('returns the focus when the dialog of a menu is cancelled', async () => {
    const ann = await comesIn('Ann', host());
    await ann.write('stays');
    await ann.hasSent('stays');
    await ann.message('stays').hover();
    const more = ann.message('stays').getByRole('button', { name: 'More actions' });
    await more.click();
    await ann.page.getByRole('menuitem', { name: 'Delete' }).click();
    await ann.page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => more.evaluate(isFocused)).toBe(true);
  });

  test('keeps unread counts visible, however long the name of the room', async () => {
    const first = company.room;
    const long = `${'a very long name '.repeat(5)}${first}`;
    const ann = await comesIn('Ann', host());
    await ann.page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(long))}`);
    await ann.page.getByRole('heading', { level: 1, name: long }).waitFor();
    await ann.page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(first))}`);
    await ann.page.getByRole('heading', { level: 1, name: first, exact: true }).waitFor();
    company.room = long;
    await (await comesIn('Ben', host())).write('here I am');
    const badge = ann.page.locator('#room-list .badge');
    const isInside = () =>
      badge.evaluate(
        (one: Box & { closest(selector: string): Box }) =>
          one.getBoundingClientRect().right <
          one.closest('#room-list').getBoundingClientRect().right,
      );
    await expect.poll(isInside).toBe(true);
  });
});

interface Box {
  getBoundingClientRect(): { right: number };
}

interface Focusable {
  ownerDocument: { activeElement: unknown };
}

function isFocused(element: Focusable): boolean {
  return element.ownerDocument.activeElement === element;
}

function holdsFocus(element: Focusable & { contains(other: unknown): boolean }): boolean {
  return element.contains(element.ownerDocument.activeElement);
}
