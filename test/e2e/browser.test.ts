import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { Company } from '../support/browser-company.ts';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';

const hosts = [
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const;

/** Texts that would run code or change the page if they were taken for anything but text. */
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
  const company = Company.forAll();
  let host: Host;

  beforeAll(async () => {
    host = await start();
  });

  afterAll(() => host.close());

  const comesIn = (name: string, url = host.url) => company.comesIn(name, url);

  test('shows two users how the other joins, types, sends and leaves', async () => {
    const ann = await comesIn('Ann');
    await expect.poll(() => ann.here()).toEqual(['Ann']);
    const ben = await comesIn('Ben');
    await expect.poll(() => ann.here()).toEqual(['Ann', 'Ben']);
    await expect.poll(() => ben.here()).toEqual(['Ann', 'Ben']);

    await ben.field.pressSequentially('Hel');
    await ann.page.getByText('Ben is typing…').waitFor();
    await ben.write('Hello Ann');
    await expect.poll(() => ann.said()).toEqual(['Hello Ann']);
    await ann.page.getByText('Ben is typing…').waitFor({ state: 'hidden' });

    for (const text of ['Hello Ben', 'How are you?', 'And a third']) await ann.write(text);
    const all = ['Hello Ann', 'Hello Ben', 'How are you?', 'And a third'];
    await expect.poll(() => ben.said()).toEqual(all);
    await expect.poll(() => ann.said()).toEqual(all);
    await ben.leave();
    await expect.poll(() => ann.here()).toEqual(['Ann']);
    await ben.page.getByRole('button', { name: 'Join', exact: true }).click();
    await expect.poll(() => ben.said()).toEqual(all);
    // Ben wrote first, so he owns the room.
    await expect.poll(() => ann.here()).toEqual(['Ben', 'Ann']);
  });

  test('keeps messages written while disconnected, and receives missed ones, once each', async () => {
    const line = await company.lineTo(host.url);
    const ann = await comesIn('Ann', line.url);
    const ben = await comesIn('Ben');
    await ann.write('before');
    await expect.poll(() => ben.said()).toEqual(['before']);

    line.cut();
    await ann.page.getByText('The connection is lost.').waitFor();
    await ann.write('from Ann, one');
    await ann.write('from Ann, two');
    await expect
      .poll(() => ann.said())
      .toEqual(['before', 'unsent: from Ann, one', 'unsent: from Ann, two']);
    await ben.write('from Ben, one');
    await ben.write('from Ben, two');
    await expect.poll(() => ben.said()).toEqual(['before', 'from Ben, one', 'from Ben, two']);

    line.mend();
    await ann.isOnlineAgain();
    const all = ['before', 'from Ben, one', 'from Ben, two', 'from Ann, one', 'from Ann, two'];
    await expect.poll(() => ann.said()).toEqual(all);
    await expect.poll(() => ben.said()).toEqual(all);
    await expect.poll(() => ben.here()).toEqual(['Ann', 'Ben']);
  });

  test('sends after a reload what was written before it', async () => {
    const line = await company.lineTo(host.url);
    const ann = await comesIn('Ann', line.url);
    const ben = await comesIn('Ben');
    line.cut();
    await ann.page.getByText('The connection is lost.').waitFor();
    await ann.write('almost lost');
    await expect.poll(() => ann.said()).toEqual(['unsent: almost lost']);
    await ann.page.goto('about:blank');
    line.mend();
    await ann.page.goto(line.url);
    await expect.poll(() => ann.said()).toEqual(['almost lost']);
    await expect.poll(() => ben.said()).toEqual(['almost lost']);
  });

  test('reconnects after the host dropped every connection', async () => {
    const ann = await comesIn('Ann');
    const ben = await comesIn('Ben');
    await ann.write('before');
    await expect.poll(() => ben.said()).toEqual(['before']);
    await host.interrupt(company.room);
    await ann.write('after, by Ann');
    await expect.poll(() => ben.said()).toEqual(['before', 'after, by Ann']);
    await ben.write('after, by Ben');
    await expect.poll(() => ann.said()).toEqual(['before', 'after, by Ann', 'after, by Ben']);
  });

  test('loads and connects only to its own server', async () => {
    const ann = await comesIn('Ann');
    const policy = (await fetch(host.url)).headers.get('content-security-policy') ?? '';
    expect(policy).not.toMatch(/unsafe|\*|https?:|wss?:/);
    const blocked = await ann.page.evaluate<string[]>(TRY_TO_LEAVE);
    expect(blocked.toSorted()).toEqual([
      'connect-src',
      'img-src',
      'script-src-elem',
      'style-src-attr',
    ]);
    // Violations that this test has caused.
    ann.complaints.length = 0;
  });

  test('shows why a room id is refused, from the socket', async () => {
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

  /** Sends a request over HTTP as a user without a browser. */
  async function ask(username: string, method: string, path: string, body?: object): Promise<void> {
    const query = new URLSearchParams({ username });
    const token = await (await fetch(new URL(`/test-token?${query.toString()}`, host.url))).text();
    const response = await fetch(
      new URL(`/rooms/${encodeURIComponent(company.room)}${path}`, host.url),
      {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      },
    );
    expect([path, response.ok]).toEqual([path, true]);
    await response.body?.cancel();
  }

  test('names users who have reacted, online or not', async () => {
    const ann = await comesIn('Ann');
    await ann.write('shall we?');
    await ann.hasSent('shall we?');
    await ask('Cat', 'PUT', '/messages/1/reactions/%F0%9F%91%8D');
    const chip = (count: number) => ann.page.getByRole('button', { name: `👍 ${count}` });
    const title = (count: number) => chip(count).getAttribute('title');
    // Names are loaded on hover.
    await expect.poll(() => title(1)).toBe('1 person reacted with 👍');
    await chip(1).hover();
    await expect.poll(() => title(1)).toBe('Cat reacted with 👍');
    await ask('Dora', 'PUT', '/messages/1/reactions/%F0%9F%91%8D');
    await expect.poll(() => title(2)).toBe('Cat and Dora reacted with 👍');
    await chip(2).click();
    await expect.poll(() => title(3)).toBe('Cat, Dora and Ann reacted with 👍');
    await ask('Cat', 'DELETE', '/messages/1/reactions/%F0%9F%91%8D');
    await expect.poll(() => title(2)).toBe('Dora and Ann reacted with 👍');
  });

  test('shows names, messages, rooms, topics and reactions as text, whatever they contain', async () => {
    const room = `<img src=x onerror=window.pwned=1> ${crypto.randomUUID()} /?#%2F`;
    company.room = room;
    const ann = await comesIn('<img src=x onerror=window.pwned=1>');
    const { page } = ann;
    for (const text of HOSTILE) await ann.write(text);
    await expect.poll(() => ann.said()).toEqual(HOSTILE);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(room);
    await expect.poll(() => page.title()).toBe(`${room.replaceAll(/\s+/g, ' ')} · Parlor`);

    const ben = await comesIn('"><svg/onload=window.pwned=1>');
    await ann.write('see (https://example.org/a?b=<c>), not javascript:alert(1).');
    const link = ben.page.getByRole('link', { name: 'https://example.org/a?b=', exact: true });
    expect(await link.getAttribute('href')).toBe('https://example.org/a?b=');
    expect(await link.getAttribute('rel')).toContain('noopener');
    expect(await ben.page.locator('#messages a').count()).toBe(1);
    await expect
      .poll(() => ben.said())
      .toEqual([...HOSTILE, 'see (https://example.org/a?b=<c>), not javascript:alert(1).']);
    await ben.field.pressSequentially('x');
    await page.getByText('"><svg/onload=window.pwned=1> is typing…').waitFor();

    for (const text of HOSTILE) {
      const name = text.slice(0, 64).trim();
      await ask(name, 'POST', '/messages', { message: 'by name' });
      const byName = ann.message('by name').last().locator('.name');
      await expect.poll(() => byName.textContent()).toBe(name);
      const emoji = text.replaceAll(/\s/g, '/').slice(0, 64);
      await ask('cat', 'PUT', `/messages/1/reactions/${encodeURIComponent(emoji)}`);
      await page.getByRole('button', { name: `${emoji} 1`, exact: true }).waitFor();
      await ask('<img src=x onerror=window.pwned=1>', 'PATCH', '', { topic: text });
      await expect.poll(() => page.locator('#topic').textContent()).toBe(text);
    }
    for (const text of HOSTILE) {
      await page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(text))}`);
      await page.getByRole('link', { name: text, exact: true }).waitFor();
      await expect.poll(() => page.getByRole('heading', { level: 1 }).textContent()).toBe(text);
    }

    await ben.page.getByRole('button', { name: 'Search', exact: true }).click();
    await ben.page.getByLabel('Search in this room').fill('pwned');
    await ben.page.getByLabel('Search in this room').press('Enter');
    await ben.page.getByText('messages were found').waitFor();
    await ask('Dan', 'POST', '/messages', { message: '明天\u0002在\u0003会议室开会，தமிழ்' });
    for (const [query, hit] of [
      ['会议室', '会议室'],
      ['தமிழ', 'தமிழ்'],
    ]) {
      await ben.page.getByLabel('Search in this room').fill(query!);
      await ben.page.getByLabel('Search in this room').press('Enter');
      const marks = ben.page.locator('.hits mark');
      await expect.poll(() => marks.allTextContents()).toEqual([hit]);
    }
    for (const { page: each } of [ann, ben]) {
      expect(await each.evaluate('"pwned" in window')).toBe(false);
      const foreign = ':is(img:not(.mark), script, svg:not(.icon), style, iframe, b)';
      expect(await each.locator(`#chat ${foreign}`).count()).toBe(0);
    }
  });
});

/** Acts like injected code; resolves with the directives of the content security policy that blocked it. */
const TRY_TO_LEAVE = `new Promise((resolve) => {
  const blocked = [];
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
    blocked.push(effectiveDirective);
    if (blocked.length === 4) resolve(blocked);
  });
  const script = document.createElement('script');
  script.textContent = 'window.pwned = 1';
  const image = document.createElement('img');
  image.src = 'http://127.0.0.1:9/stolen';
  image.setAttribute('style', 'color: red');
  document.body.append(script, image);
  fetch('http://127.0.0.1:9/stolen').catch(() => undefined);
})`;
