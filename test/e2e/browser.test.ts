import { once } from 'node:events';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasBrowser, launchBrowser, Line, PATIENTLY, Visitor } from '../support/browser.ts';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const hosts = [
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const;

/** What would run, or turn the page around, if it were ever read as anything but text. */
const HOSTILE = [
  '<img src=x onerror="window.pwned = 1">',
  '<script>window.pwned = 1</script>',
  '"><svg onload=window.pwned=1>',
  'javascript:window.pwned=1',
  '<style>*{display:none}</style>',
  '{{constructor.constructor("window.pwned=1")()}}',
  '&lt;b&gt; &amp; \' " ` ${window.pwned=1}',
  '</li></ol><iframe srcdoc="<script>parent.pwned=1</script>">',
];

describe.skipIf(!hasBrowser).each(hosts)('the page on the %s host', (_, start) => {
  let browser: Browser;
  let host: Host;
  let room: string;
  let visitors: Visitor[] = [];
  let lines: Line[] = [];

  beforeAll(async () => {
    [browser, host] = await Promise.all([launchBrowser(), start()]);
  });

  afterAll(async () => {
    await browser.close();
    await host.close();
  });

  beforeEach(() => {
    room = `room ${crypto.randomUUID()}`;
  });

  afterEach(async () => {
    const company = visitors;
    await Promise.all(visitors.map((visitor) => visitor.close()));
    await Promise.all(lines.map((line) => line.close()));
    visitors = [];
    lines = [];
    for (const visitor of company) visitor.assertContent();
  });

  async function comesIn(name: string, url = host.url): Promise<Visitor> {
    const visitor = await Visitor.arrive(browser, url);
    visitors.push(visitor);
    await visitor.join(name, room);
    await visitor.isIn();
    return visitor;
  }

  async function lineToHost(): Promise<Line> {
    const line = await Line.to(host.url);
    lines.push(line);
    return line;
  }

  /** Says things as somebody without a browser; a user may say at most 200 at once. */
  async function post(texts: string[]): Promise<void> {
    const username = `poster ${texts[0]}`;
    const token = await fetch(
      new URL(`/test-token?username=${encodeURIComponent(username)}`, host.url),
    );
    const url = new URL(`/rooms/${encodeURIComponent(room)}/ws`, host.url);
    url.protocol = 'ws:';
    const socket = new WebSocket(url, ['parlor.v1', `bearer.${await token.text()}`]);
    await once(socket, 'open');
    let unanswered = texts.length;
    const answered = new Promise<void>((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        for (const line of String(data).split('\n')) {
          if (line.startsWith('["ack",') && line.includes('"ok":true') && --unanswered === 0) {
            resolve();
          }
        }
      });
    });
    for (let from = 0; from < texts.length; from += 50) {
      const commands = texts.slice(from, from + 50);
      socket.send(
        commands.map((message) => JSON.stringify(['message', { message }, 0])).join('\n'),
      );
    }
    await answered;
    socket.close();
    await once(socket, 'close');
  }

  test('lets two people see each other come, type, talk and go', async () => {
    const ann = await comesIn('Ann');
    await expect.poll(() => ann.here(), PATIENTLY).toEqual(['Ann']);
    const ben = await comesIn('Ben');
    await expect.poll(() => ann.here(), PATIENTLY).toEqual(['Ann', 'Ben']);
    await expect.poll(() => ben.here(), PATIENTLY).toEqual(['Ann', 'Ben']);

    await ben.field.pressSequentially('Hel');
    await ann.page.getByText('Ben is typing…').waitFor();
    await ben.write('Hello Ann');
    await expect.poll(() => ann.said(), PATIENTLY).toEqual(['Hello Ann']);
    await ann.page.getByText('Ben is typing…').waitFor({ state: 'hidden' });

    for (const text of ['Hello Ben', 'How are you?', 'And a third']) await ann.write(text);
    const all = ['Hello Ann', 'Hello Ben', 'How are you?', 'And a third'];
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(all);
    await expect.poll(() => ann.said(), PATIENTLY).toEqual(all);
    await ben.page.getByRole('button', { name: 'Leave' }).click();
    await expect.poll(() => ann.here(), PATIENTLY).toEqual(['Ann']);
    await ben.page.getByRole('button', { name: 'Join' }).click();
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(all);
    await expect.poll(() => ann.here(), PATIENTLY).toEqual(['Ann', 'Ben']);
  });

  test('keeps what was written while the line was cut, and hears what was missed, once each', async () => {
    const line = await lineToHost();
    const ann = await comesIn('Ann', line.url);
    const ben = await comesIn('Ben');
    await ann.write('before');
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(['before']);

    line.cut();
    await ann.page.getByText('The connection is lost.').waitFor();
    await ann.write('from Ann, one');
    await ann.write('from Ann, two');
    await expect
      .poll(() => ann.said(), PATIENTLY)
      .toEqual(['before', 'unsent: from Ann, one', 'unsent: from Ann, two']);
    await ben.write('from Ben, one');
    await ben.write('from Ben, two');
    await expect
      .poll(() => ben.said(), PATIENTLY)
      .toEqual(['before', 'from Ben, one', 'from Ben, two']);

    line.mend();
    await ann.isOnlineAgain();
    const all = ['before', 'from Ben, one', 'from Ben, two', 'from Ann, one', 'from Ann, two'];
    await expect.poll(() => ann.said(), PATIENTLY).toEqual(all);
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(all);
    await expect.poll(() => ben.here(), PATIENTLY).toEqual(['Ann', 'Ben']);
  });

  test('sends what was written before the window was loaded anew', async () => {
    const line = await lineToHost();
    const ann = await comesIn('Ann', line.url);
    const ben = await comesIn('Ben');
    line.cut();
    await ann.page.getByText('The connection is lost.').waitFor();
    await ann.write('almost lost');
    await expect.poll(() => ann.said(), PATIENTLY).toEqual(['unsent: almost lost']);
    await ann.page.goto('about:blank');
    line.mend();
    await ann.page.goto(line.url);
    await expect.poll(() => ann.said(), PATIENTLY).toEqual(['almost lost']);
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(['almost lost']);
  });

  test('comes back by itself after the host dropped everyone', async () => {
    const ann = await comesIn('Ann');
    const ben = await comesIn('Ben');
    await ann.write('before');
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(['before']);
    await host.interrupt(room);
    await ann.write('after, by Ann');
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(['before', 'after, by Ann']);
    await ben.write('after, by Ben');
    await expect
      .poll(() => ann.said(), PATIENTLY)
      .toEqual(['before', 'after, by Ann', 'after, by Ben']);
  });

  test(
    'pages through 1,100 missed messages, and scrolls back to the first',
    { timeout: 90_000 },
    async () => {
      const line = await lineToHost();
      const ann = await comesIn('Ann', line.url);
      await ann.write('first');
      await expect.poll(() => ann.said(), PATIENTLY).toEqual(['first']);
      line.cut();
      await ann.page.getByText('The connection is lost.').waitFor();
      const missed = Array.from({ length: 1_100 }, (_, at) => `missed ${at}`);
      // A user may not say so much at once; eleven may.
      for (let from = 0; from < missed.length; from += 100)
        await post(missed.slice(from, from + 100));
      const pages: string[] = [];
      ann.page.on('websocket', (socket) => {
        socket.on('framesent', ({ payload }) => {
          if (String(payload).startsWith('["getMissed"')) pages.push(String(payload));
        });
      });
      line.mend();
      await ann.isOnlineAgain();
      await ann.page.getByText('missed 1099', { exact: true }).waitFor();
      // The first 500 come with joining.
      await expect.poll(() => pages, PATIENTLY).toHaveLength(2);

      const log = ann.page.getByRole('log', { name: 'Messages' });
      const scrolledBack = async () => {
        // Named here: no program of tests has the DOM's own types.
        await log.evaluate((element: { scrollTop?: number }) => {
          element.scrollTop = 0;
        });
        return (await ann.said()).at(0);
      };
      await expect.poll(scrolledBack, { timeout: 30_000, interval: 20 }).toBe('first');
      expect(await ann.said()).toEqual(['first', ...missed]);
    },
  );

  test('keeps its place when earlier messages come, and says how many new ones there are', async () => {
    const ben = await comesIn('Ben');
    const early = Array.from({ length: 120 }, (_, at) => `early ${at}`);
    await post(early);
    const ann = await comesIn('Ann');
    await ann.page.getByText('early 119', { exact: true }).waitFor();
    expect(await ann.said()).toEqual(early.slice(-50));
    const log = ann.page.getByRole('log', { name: 'Messages' });
    // The second row of what is loaded, seen from the very beginning of it.
    const row = ann.page.getByText('early 71', { exact: true });
    const before = await log.evaluate(placeFromBeginning, 'early 71');
    await expect
      .poll(() => ann.page.getByText('early 20', { exact: true }).count(), PATIENTLY)
      .toBe(1);
    await expect
      .poll(async () => Math.abs((await placeOf(row, log)) - before), PATIENTLY)
      .toBeLessThan(2);

    await ben.write('new one');
    await ann.page.getByRole('button', { name: '1 new message' }).click();
    await ann.page.getByRole('button', { name: '1 new message' }).waitFor({ state: 'hidden' });
    await ann.page.getByText('new one', { exact: true }).waitFor();
    expect(await log.evaluate(isAtEnd)).toBe(true);
  });

  test('is told over the socket it opened why a room cannot be', async () => {
    const url = new URL('/rooms/%20x/ws', host.url);
    url.protocol = 'ws:';
    const socket = new WebSocket(url, 'parlor.v1');
    const heard: string[] = [];
    socket.addEventListener('message', ({ data }) => heard.push(String(data)));
    const [{ code }] = (await once(socket, 'close')) as [CloseEvent];
    expect(code).toBe(4504);
    expect(heard.map((line) => JSON.parse(line))).toEqual([
      ['joined', { ok: false, error: expect.objectContaining({ field: 'roomId' }) }],
    ]);
  });

  test('shows names, messages and rooms as text, whatever they hold', async () => {
    room = `<img src=x onerror=window.pwned=1> ${crypto.randomUUID()} /?#%2F`;
    const ann = await comesIn('<img src=x onerror=window.pwned=1>');
    const ben = await comesIn('"><svg/onload=window.pwned=1>');
    for (const text of HOSTILE) await ann.write(text);
    await expect.poll(() => ben.said(), PATIENTLY).toEqual(HOSTILE);
    await expect.poll(() => ann.said(), PATIENTLY).toEqual(HOSTILE);
    await expect
      .poll(() => ben.here(), PATIENTLY)
      .toEqual(['"><svg/onload=window.pwned=1>', '<img src=x onerror=window.pwned=1>']);
    await ben.field.pressSequentially('x');
    await ann.page.getByText('"><svg/onload=window.pwned=1> is typing…').waitFor();
    expect(await ann.page.getByRole('heading', { level: 1 }).textContent()).toBe(room);
    for (const { page } of [ann, ben]) {
      expect(await page.evaluate('"pwned" in window')).toBe(false);
      expect(await page.locator('#messages :is(img, script, svg, style, iframe)').count()).toBe(0);
    }
  });
});

/** How far below the top of the log a row stands, in pixels. */
async function placeOf(row: Locator, log: Locator): Promise<number> {
  const [a, b] = await Promise.all([row.boundingBox(), log.boundingBox()]);
  return (a?.y ?? Infinity) - (b?.y ?? 0);
}

interface Log {
  scrollTop: number;
  getBoundingClientRect(): { top: number };
  querySelectorAll(
    selector: string,
  ): Iterable<{ textContent: string; getBoundingClientRect(): { top: number } }>;
}

/** Goes to the beginning of the log, and tells where a text stands before anything has loaded. */
function placeFromBeginning(log: Log, text: string): number {
  log.scrollTop = 0;
  const row = [...log.querySelectorAll('.text')].find(({ textContent }) => textContent === text);
  return (row?.getBoundingClientRect().top ?? 0) - log.getBoundingClientRect().top;
}

function isAtEnd(log: { scrollHeight: number; scrollTop: number; clientHeight: number }): boolean {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
}
