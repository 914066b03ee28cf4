import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RawPolling, RawSocket } from '../e2e/socketio/support/raw-client.ts';
import { BareConnection, upgradeRequest } from '../support/bare-connection.ts';
import { ask, problemOf } from '../support/http-client.ts';
import { startNodeHost } from '../support/hosts.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts({ ALLOW_GUESTS: 'true' });

const POLLING = '/socket.io/?EIO=4&transport=polling';
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const OLD_CLIENT =
  'Unsupported protocol version: connect with a Socket.IO client of version 3.x or 4.x, which speak Engine.IO 4.';
const TOKEN_IN_URL = /^A token in a URL .* auth: \{ token \}/;

interface Outcome {
  /** The user id that the client has in a room, if it could join. */
  userId?: string;
  code?: string;
  message?: string;
}

/** Connects with the official client and joins a room. */
async function outcomeOf(url: string, options: Parameters<typeof io>[1]): Promise<Outcome> {
  const socket: Socket = io(url, { forceNew: true, reconnection: false, ...options });
  onTestFinished(() => void socket.disconnect());
  const outcome = await new Promise<Outcome>((resolve) => {
    socket.on('connect_error', (error) => {
      const { data } = error as Error & { data?: { code: string } };
      resolve({ ...(data && { code: data.code }), message: error.message });
    });
    socket.on('connect', () => {
      socket.emit('joinRoom', { roomId: newRoom() }, ({ you }: { you: { userId: string } }) =>
        resolve({ userId: you.userId }),
      );
    });
  });
  socket.disconnect();
  return outcome;
}

describe.each(['node', 'edge'] as const)('a Socket.IO handshake at the %s host', (name) => {
  const url = () => hosts[name].url;

  it.each(['polling', 'websocket'] as const)(
    '[SIO1] needs no slash at the end of its path, by %s',
    async (transport) => {
      const options = { addTrailingSlash: false, transports: [transport] };
      const auth = { token: await tokenFor('alice') };
      expect(await outcomeOf(url(), { ...options, auth })).toEqual({ userId: 'alice' });
    },
  );

  it('[SIO1] upgrades without the slash', async () => {
    const auth = { token: await tokenFor('alice') };
    const socket = io(url(), { addTrailingSlash: false, auth, forceNew: true });
    onTestFinished(() => void socket.disconnect());
    await new Promise((resolve) => {
      socket.io.engine.once('upgrade', resolve);
    });
    const joined: unknown = await socket.emitWithAck('joinRoom', { roomId: newRoom() });
    expect(joined).toMatchObject({ ok: true, you: { userId: 'alice' } });
  });

  it.each(['polling', 'websocket'])('may have an empty sid, by %s', async (transport) => {
    const options = { transports: [transport], query: { sid: '' } };
    const auth = { token: await tokenFor('alice') };
    expect(await outcomeOf(url(), { ...options, auth })).toEqual({ userId: 'alice' });
  });

  it('[SIO1] is refused at any other path', async () => {
    for (const path of [
      '/socket.io/x?EIO=4&transport=polling',
      '/socket.io//?EIO=4',
      '/socket.iox',
    ]) {
      const answer = await ask(url(), path);
      expect([path, answer.status, problemOf(answer).code]).toEqual([path, 404, 'unknown_command']);
      const socket = rawSocket(`${url()}${path}`);
      await socket.opened;
      expect([path, socket.refused?.status]).toEqual([path, 404]);
    }
  });

  const refusals: [query: string, code: number, message: string][] = [
    ['EIO=3&transport=websocket', 5, OLD_CLIENT],
    ['EIO=5&transport=websocket', 5, OLD_CLIENT],
    ['transport=websocket', 5, OLD_CLIENT],
    ['EIO=4&transport=polling', 3, 'Bad request'],
    ['EIO=4&transport=webtransport', 0, 'Transport unknown'],
    ['EIO=4', 0, 'Transport unknown'],
  ];

  it.each(refusals)(
    '[SIO4] ?%s is refused before the WebSocket opens',
    async (query, code, message) => {
      const connection = new BareConnection(url());
      onTestFinished(() => connection.destroy());
      connection.write(upgradeRequest(`/socket.io/?${query}`, {}));
      const [, status, body] = await connection.until(/^HTTP\/1\.1 (\d+) [^]*?\r\n\r\n([^]*\})/);
      expect([status, JSON.parse(body ?? '')]).toEqual(['400', { code, message }]);
      expect(connection.text.match(/HTTP\//g)).toHaveLength(1);
    },
  );

  it.each([
    ['GET', 'EIO=3&transport=polling', 5],
    ['GET', 'EIO=5&transport=polling', 5],
    ['GET', 'EIO=4&transport=websocket', 3],
    ['POST', 'EIO=4&transport=polling', 2],
    ['PUT', 'EIO=4&transport=polling', 2],
    ['GET', 'EIO=4&transport=polling&sid=abc', 1],
    ['GET', '', 0],
  ])(
    '[SIO4] %s ?%s is refused with the code of the official server',
    async (method, query, code) => {
      const answer = await ask(url(), `/socket.io/?${query}`, { method });
      expect([answer.status, answer.json()]).toEqual([400, { code, message: expect.any(String) }]);
    },
  );

  it('is refused for a polling client of version 2, saying which versions can connect', async () => {
    const answer = await ask(url(), '/socket.io/?EIO=3&transport=polling&t=OldOne&b64=1');
    expect([answer.status, answer.json()]).toEqual([400, { code: 5, message: OLD_CLIENT }]);
  });

  it('is followed by 400 for a PUT in its session', async () => {
    const session = new RawPolling(`${url()}${POLLING}`);
    await session.open();
    expect((await session.put()).status).toBe(400);
  });

  describe('with CONNECT and more sent at once', () => {
    const packets = async (roomId: string) => [
      `40${JSON.stringify({ token: await tokenFor('alice') })}`,
      `420${JSON.stringify(['joinRoom', { roomId }])}`,
      `421${JSON.stringify(['message', { roomId, message: 'at once' }])}`,
    ];
    const answers = [
      /^40\{"sid":/,
      /^430\[\{"ok":true,/,
      /^431\[\{"ok":true,.*"message":"at once"/,
    ];

    it('[SIO5] is answered in order over a WebSocket', async () => {
      const socket = new RawSocket(`${url()}${WEBSOCKET}`);
      onTestFinished(() => socket.close());
      await socket.opened();
      socket.send(...(await packets(newRoom())));
      expect(await socket.nextButPing()).toMatch(/^0\{/);
      for (const answer of answers) expect(await socket.nextButPing()).toMatch(answer);
    });

    it('[SIO5] is answered in order over long polling, in one body', async () => {
      const session = new RawPolling(`${url()}${POLLING}`);
      await session.open();
      expect(await session.post((await packets(newRoom())).join('\x1e'))).toMatchObject({
        body: 'ok',
      });
      const got: string[] = [];
      while (got.length < answers.length) {
        const { status, body } = await session.poll();
        expect(status).toBe(200);
        got.push(...body.split('\x1e').filter((packet) => packet !== '2' && packet !== '6'));
      }
      for (const [at, answer] of answers.entries()) expect(got[at]).toMatch(answer);
    });

    it('[SIO5] ends when CONNECT is refused, after the reason', async () => {
      const socket = new RawSocket(`${url()}${WEBSOCKET}`);
      await socket.opened();
      socket.send('40{"token":"nonsense"}', '420["joinRoom",{"roomId":"x"}]');
      await socket.next();
      expect(await socket.nextButPing()).toMatch(/^44\{.*"code":"unauthorized"/);
      await socket.closed;
    });

    it('may be followed by a CONNECT with another token', async () => {
      const socket = new RawSocket(`${url()}${WEBSOCKET}`);
      onTestFinished(() => socket.close());
      await socket.opened();
      socket.send('40{"token":"nonsense"}', ...(await packets(newRoom())));
      await socket.next();
      expect(await socket.nextButPing()).toMatch(/^44/);
      for (const answer of answers) expect(await socket.nextButPing()).toMatch(answer);
    });
  });

  describe('with a token', () => {
    const transports = [['polling'], ['websocket'], ['polling', 'websocket']];

    it.each(transports)('[AUTH4] in the header Authorization, by %s', async (...names) => {
      const extraHeaders = { authorization: `Bearer ${await tokenFor('alice')}` };
      const options = { transports: names.filter((one) => typeof one === 'string'), extraHeaders };
      expect(await outcomeOf(url(), options)).toEqual({ userId: 'alice' });
    });

    it('[AUTH4] in auth takes precedence over the header', async () => {
      const extraHeaders = { authorization: `Bearer ${await tokenFor('alice')}` };
      const auth = { token: await tokenFor('bob') };
      expect(await outcomeOf(url(), { extraHeaders, auth })).toEqual({ userId: 'bob' });
      const bad = await outcomeOf(url(), { extraHeaders, auth: { token: 'nonsense' } });
      expect(bad.code).toBe('unauthorized');
    });

    it('[AUTH6] in the header counts beside empty ones in auth', async () => {
      const extraHeaders = { authorization: `Bearer ${await tokenFor('alice')}` };
      const auth = { token: '', guestToken: '' };
      expect(await outcomeOf(url(), { extraHeaders, auth })).toEqual({ userId: 'alice' });
    });

    it('of another scheme in the header, as of a proxy, makes the client a guest', async () => {
      const extraHeaders = { authorization: 'Basic YTpi' };
      expect((await outcomeOf(url(), { extraHeaders })).userId).toMatch(/^guest:/);
    });

    it.each(['polling', 'websocket'] as const)(
      '[AUTH5] in the query is refused, saying where it belongs, by %s',
      async (transport) => {
        const token = await tokenFor('alice');
        for (const query of [{ token }, { access_token: token }]) {
          const options = { transports: [transport], query };
          expect(await outcomeOf(url(), options)).toEqual({
            code: 'unauthorized',
            message: expect.stringMatching(TOKEN_IN_URL),
          });
        }
      },
    );
  });

  it('[AUTH5] with a token in the URL of another transport is refused, saying where it belongs', async () => {
    const token = await tokenFor('alice');
    const expected = { code: 'unauthorized', message: expect.stringMatching(TOKEN_IN_URL) };
    for (const path of ['', '/messages', '/events', '/export']) {
      const answer = await ask(url(), `/rooms/x${path}?token=${token}`);
      expect([path, answer.status, problemOf(answer)]).toEqual([path, 401, expected]);
    }
    const native = rawSocket(`${url()}/rooms/x/ws?access_token=${token}`);
    await native.opened;
    expect([native.refused?.status, JSON.parse(native.refused?.body ?? '')]).toEqual([
      401,
      { error: expected },
    ]);
    const browser = rawSocket(`${url()}/rooms/x/ws?token=${token}`, {}, ['parlor.v1']);
    expect(await browser.closed).toBe(4500);
    expect(JSON.parse(browser.frames[0] ?? '')).toEqual(['joined', { ok: false, error: expected }]);
  });

  it('[AUTH5] with a token in the right place and one in the URL uses the former', async () => {
    const headers = { authorization: `Bearer ${await tokenFor('alice')}` };
    expect((await ask(url(), '/rooms/x?token=mine', { headers })).status).toBe(200);
    const auth = { token: await tokenFor('alice') };
    expect(await outcomeOf(url(), { auth, query: { token: 'mine' } })).toEqual({ userId: 'alice' });
  });
});

describe('Socket.IO in development mode', () => {
  it('[CONN5] accepts pages of every port of this machine', async () => {
    const host = await startNodeHost({}, { development: true });
    onTestFinished(() => host.close());
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3000', 'http://[::1]:8080']) {
      const answer = await ask(host.url, POLLING, { headers: { origin } });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, origin]);
      const socket = new WebSocket(`${host.url.replace('http', 'ws')}${WEBSOCKET}`, { origin });
      await new Promise((resolve, reject) => {
        socket.once('open', resolve).once('error', reject);
      });
      socket.terminate();
    }
  });
});
