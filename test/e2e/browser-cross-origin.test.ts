import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { hasBrowser, sharedBrowser } from '../support/browser.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

/** The functions of an application's page that the tests call. */
const SCRIPT = `
  const result = async (response) => ({ status: response.status, body: await response.json() });
  window.ask = (url, init) => fetch(url, init).then(result, (error) => ({ failed: error.message }));

  window.stream = async (url, headers) => {
    const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers } });
    if (!response.ok) return result(response);
    let text = '';
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    while (!text.includes('event: message')) text += (await reader.read()).value;
    await reader.cancel();
    return { status: response.status, text };
  };

  window.join = (url, options, roomId) => new Promise((resolve) => {
    const socket = io(url, { forceNew: true, reconnection: false, ...options });
    const end = (outcome) => { socket.disconnect(); resolve(outcome); };
    socket.on('connect_error', ({ message, data }) => end({ message, code: data?.code }));
    socket.on('connect', () => {
      const { engine } = socket.io;
      const isUpgrading = (options.transports ?? ['polling', 'websocket']).length > 1;
      const talk = () => socket.emit('joinRoom', { roomId }, (joined) =>
        socket.emit('message', { roomId, message: 'hello' }, (said) =>
          end({ ok: joined.ok && said.ok, by: engine.transport.name })));
      if (isUpgrading && engine.transport.name === 'polling') engine.once('upgrade', talk);
      else talk();
    });
  });

  window.native = (url, protocols) => new Promise((resolve) => {
    const socket = new WebSocket(url, protocols);
    socket.onmessage = ({ data }) => { socket.close(); resolve(JSON.parse(data.split('\\n')[0])); };
    socket.onclose = ({ code }) => resolve({ closed: code });
  });
`;

/** Serves a page from an origin of its own. */
async function servePage(): Promise<{ url: string; close(): void }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>An application</title><script>${SCRIPT}</script>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

const [listed, foreign] = [await servePage(), await servePage()];
afterAll(() => {
  listed.close();
  foreign.close();
});

const hosts = useHosts({ CLIENT_URL: listed.url });

describe.skipIf(!hasBrowser)('in a browser, a page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  /** Opens a page and loads the Socket.IO client from the host, as tutorials do. */
  async function visit(pageUrl: string, hostUrl: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(pageUrl);
    await page.addScriptTag({ url: `${hostUrl}/socket.io/socket.io.min.js` });
    return page;
  }

  /** Calls a function of {@link SCRIPT}. */
  function call(page: Page, name: string, ...args: unknown[]): Promise<unknown> {
    const given = args.map((arg) => (arg === undefined ? 'undefined' : JSON.stringify(arg)));
    return page.evaluate(`${name}(${given.join(',')})`);
  }

  const authorized = async (name = 'alice') => ({
    authorization: `Bearer ${await tokenFor(name)}`,
  });
  const TRACING = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    baggage: 'a=b',
    'sentry-trace': '1-1',
    'x-requested-with': 'XMLHttpRequest',
    'cache-control': 'no-cache',
    'idempotency-key': '1',
  };
  const unauthorized = { status: 401, body: { error: { code: 'unauthorized' } } };

  describe.each(['node', 'edge'] as const)('of CLIENT_URL at the %s host', (name) => {
    const url = () => hosts[name].url;

    it.each([
      ['with default options', {}, 'websocket'],
      ['by polling', { transports: ['polling'] }, 'polling'],
      ['by WebSocket', { transports: ['websocket'] }, 'websocket'],
      ['with credentials', { withCredentials: true }, 'websocket'],
      [
        'by polling with credentials',
        { transports: ['polling'], withCredentials: true },
        'polling',
      ],
      ['with headers', { extraHeaders: { 'x-client': '1', ...TRACING } }, 'websocket'],
      ['without a slash', { addTrailingSlash: false }, 'websocket'],
    ])('[CONN2] connects over Socket.IO %s', async (_, options, by) => {
      const page = await visit(listed.url, url());
      const auth = { token: await tokenFor('alice') };
      const outcome = await call(page, 'join', url(), { ...options, auth }, newRoom());
      expect(outcome).toEqual({ ok: true, by });
    });

    it('connects over Socket.IO with its token in a header', async () => {
      const page = await visit(listed.url, url());
      const options = { transports: ['polling'], extraHeaders: await authorized() };
      expect(await call(page, 'join', url(), options, newRoom())).toEqual({
        ok: true,
        by: 'polling',
      });
    });

    it.each([['polling'], ['websocket']])(
      '[CONN1] [CONN6] can read why Socket.IO refuses it, by %s',
      async (transport) => {
        const page = await visit(listed.url, url());
        for (const options of [{ auth: { token: 'nonsense' } }, { query: { token: 'nonsense' } }]) {
          const given = { ...options, transports: [transport] };
          expect(await call(page, 'join', url(), given, newRoom())).toMatchObject({
            code: 'unauthorized',
          });
        }
      },
    );

    it('[CONN6] can use HTTP, with tracing headers and credentials, and read refusals', async () => {
      const page = await visit(listed.url, url());
      const headers = { ...(await authorized()), 'content-type': 'application/json', ...TRACING };
      const messages = `${url()}/rooms/${newRoom()}/messages`;
      const body = JSON.stringify({ message: 'hello' });
      const post = { method: 'POST', headers, body, credentials: 'include' };
      expect(await call(page, 'ask', messages, post)).toMatchObject({ status: 201 });
      expect(await call(page, 'ask', messages, { headers })).toMatchObject({
        status: 200,
        body: { messages: [{ message: 'hello' }] },
      });
      expect(await call(page, 'ask', messages)).toMatchObject(unauthorized);
      const patch = { method: 'PATCH', headers, body: '{"message":"x"}' };
      expect(await call(page, 'ask', `${messages}/99`, patch)).toMatchObject({ status: 404 });
      const tooLarge = { ...post, body: JSON.stringify({ message: 'x'.repeat(70_000) }) };
      expect(await call(page, 'ask', messages, tooLarge)).toMatchObject({ status: 413 });
      expect(await call(page, 'ask', `${url()}/nowhere`)).toMatchObject({ status: 404 });
    });

    it('can follow a room by a stream and by long polls, and read refusals', async () => {
      const page = await visit(listed.url, url());
      const room = `${url()}/rooms/${newRoom()}`;
      const headers = { ...(await authorized()), 'content-type': 'application/json' };
      const post = { method: 'POST', headers, body: '{"message":"hello"}' };
      await call(page, 'ask', `${room}/messages`, post);
      const events = `${room}/events?since=0:0`;
      const resumed = { ...headers, 'last-event-id': '0:0' };
      expect(await call(page, 'stream', events, resumed)).toMatchObject({
        status: 200,
        text: expect.stringContaining('"message":"hello"'),
      });
      expect(await call(page, 'ask', events, { headers })).toMatchObject({
        status: 200,
        body: { events: [['message', { message: 'hello' }]] },
      });
      expect(await call(page, 'stream', events)).toMatchObject(unauthorized);
      expect(await call(page, 'ask', events)).toMatchObject(unauthorized);
    });

    it('[CONN1] can open a native socket, and read why one is refused', async () => {
      const page = await visit(listed.url, url());
      const address = `${url().replace('http', 'ws')}/rooms/${newRoom()}/ws`;
      const protocols = ['parlor.v1', `bearer.${await tokenFor('alice')}`];
      expect(await call(page, 'native', address, protocols)).toMatchObject([
        'joined',
        { ok: true },
      ]);
      expect(await call(page, 'native', address, ['parlor.v1', 'bearer.nonsense'])).toMatchObject([
        'joined',
        { ok: false, error: { code: 'unauthorized' } },
      ]);
    });
  });

  it.each(['node', 'edge'] as const)(
    '[CONN2] of a foreign origin is refused at the %s host',
    async (name) => {
      const { url } = hosts[name];
      const page = await visit(foreign.url, url);
      const auth = { token: await tokenFor('alice') };
      for (const transports of [['polling'], ['websocket']]) {
        const outcome = await call(page, 'join', url, { transports, auth }, newRoom());
        expect(outcome).toEqual({ message: expect.stringMatching(/^(xhr poll|websocket) error$/) });
      }
      const headers = await authorized();
      for (const init of [{ headers }, { method: 'DELETE', headers }, {}]) {
        expect(await call(page, 'ask', `${url}/rooms/x`, init)).toEqual({
          failed: 'Failed to fetch',
        });
      }
      const protocols = ['parlor.v1', `bearer.${auth.token}`];
      const socket = `${url.replace('http', 'ws')}/rooms/x/ws`;
      // Browsers hide the status of a refused upgrade, so the reason comes over the socket.
      expect(await call(page, 'native', socket, protocols)).toMatchObject([
        'joined',
        { ok: false, error: { code: 'forbidden', message: expect.stringContaining('CLIENT_URL') } },
      ]);
      expect(await call(page, 'native', socket, [])).toEqual({ closed: 1006 });
    },
  );
});
