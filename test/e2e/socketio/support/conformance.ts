// Everything that the published suites of Engine.IO v4 and Socket.IO v5 check, in our own words.
// Test files import it to run it against their server. Titles say what a client may rely on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRISK, type Fixture } from './fixture.ts';
import { type HttpAnswer, RawPolling, RawSocket } from './raw-client.ts';

let fixture: Fixture;

/** Runs the tests of this module against a fixture, which must have the heartbeats of `BRISK`. */
export function conformsTo(startFixture: () => Promise<Fixture>): void {
  beforeAll(async () => {
    fixture = await startFixture();
  });

  afterAll(() => fixture.stop());
}

function engineUrl(path: string, query: string): string {
  return `${fixture.url}${path}?${query}`;
}

function polling(path: string): RawPolling {
  return new RawPolling(engineUrl(path, 'EIO=4&transport=polling'));
}

/** A WebSocket session whose handshake is not read yet. */
function webSocket(path: string, sid?: string): RawSocket {
  const query = 'EIO=4&transport=websocket';
  return new RawSocket(engineUrl(path, sid ? `${query}&sid=${sid}` : query));
}

/** A WebSocket session after its handshake. */
async function opened(path: string): Promise<RawSocket> {
  const socket = webSocket(path);
  await socket.next();
  return socket;
}

/** A Socket.IO socket in the main namespace, after its `auth` event. */
async function connected(): Promise<RawSocket> {
  const socket = await opened('/socket.io/');
  socket.send('40');
  await socket.nextButPing();
  await socket.nextButPing();
  return socket;
}

async function statusOf(url: string, method = 'GET'): Promise<number> {
  const response = await fetch(url, { method });
  await response.arrayBuffer();
  return response.status;
}

/**
 * Repeats two requests until they arrived in the intended order, which `inOrder` sees from the answers:
 * over two connections they may arrive in either order, or with a ping between them.
 */
async function untilInOrder(
  both: () => Promise<[HttpAnswer, HttpAnswer]>,
  inOrder: (answers: [HttpAnswer, HttpAnswer]) => boolean,
): Promise<[HttpAnswer, HttpAnswer]> {
  const answers = await both();
  return inOrder(answers) ? answers : untilInOrder(both, inOrder);
}

/** Polls and answers pings, which a slow machine gets, until something else arrives. */
async function pollButPing(session: RawPolling): Promise<HttpAnswer> {
  const answer = await session.poll();
  if (answer.body !== '2') return answer;
  await session.post('3');
  return pollButPing(session);
}

/**
 * Aborts a waiting poll. @returns the answer to the next poll. A client cannot know when its poll waits,
 * so the abort comes after longer and longer delays, shorter than the time to the next ping; a poll that
 * had not arrived yet, or was answered already, leaves the session open.
 */
async function pollAfterOneGivenUp(afterMs = 10): Promise<HttpAnswer> {
  const session = polling('/engine.io/');
  await session.open();
  const poll = await session.cuttablePoll();
  await new Promise((resolve) => {
    setTimeout(resolve, afterMs);
  });
  poll.resetAndDestroy();
  const next = await session.poll();
  return next.status === 200 ? pollAfterOneGivenUp(afterMs < 100 ? afterMs * 2 : 10) : next;
}

const HANDSHAKE = {
  pingInterval: BRISK.PING_INTERVAL_MS,
  pingTimeout: BRISK.PING_TIMEOUT_MS,
  maxPayload: 1_000_000,
};

describe.each(['/engine.io/', '/socket.io/'])('Engine.IO at %s', (path) => {
  describe('a handshake by polling', () => {
    it('returns sid, upgrades, heartbeat and size limit, and nothing else', async () => {
      const { body } = await polling(path).poll();
      expect(body[0]).toBe('0');
      expect(JSON.parse(body.slice(1))).toEqual({
        ...HANDSHAKE,
        sid: expect.any(String),
        upgrades: ['websocket'],
      });
    });

    it.each(['transport=polling', 'EIO=abc&transport=polling', 'EIO=4', 'EIO=4&transport=abc'])(
      'is refused with 400 for ?%s',
      async (query) => {
        expect(await statusOf(engineUrl(path, query))).toBe(400);
      },
    );

    it.each(['POST', 'PUT'])('is refused with 400 for %s', async (method) => {
      const { url } = polling(path);
      expect(await statusOf(url, method)).toBe(400);
    });
  });

  describe('a handshake by WebSocket', () => {
    it('returns the same, without upgrades', async () => {
      const socket = webSocket(path);
      const first = (await socket.next()) as string;
      expect(first[0]).toBe('0');
      expect(JSON.parse(first.slice(1))).toEqual({
        ...HANDSHAKE,
        sid: expect.any(String),
        upgrades: [],
      });
      socket.close();
    });

    it.each(['transport=websocket', 'EIO=abc&transport=websocket', 'EIO=4', 'EIO=4&transport=abc'])(
      'is refused for ?%s',
      async (query) => {
        expect(await new RawSocket(engineUrl(path, query)).closed).toBe(1006);
      },
    );
  });

  describe('the heartbeat', () => {
    it('continues by polling as long as pings are answered', async () => {
      const session = polling(path);
      await session.open();
      for (const _ of Array(3).keys()) {
        expect(await session.poll()).toEqual({ status: 200, body: '2' });
        expect((await session.post('3')).status).toBe(200);
      }
    });

    it('ends a silent polling session', async () => {
      const session = polling(path);
      await session.open();
      expect(await session.poll()).toEqual({ status: 200, body: '2' });
      // The poll is answered when the session ends, or comes later and the sid is unknown.
      expect(['1', '{"code":1,"message":"Session ID unknown"}']).toContain(
        (await session.poll()).body,
      );
      expect((await session.poll()).status).toBe(400);
    });

    it('continues by WebSocket as long as pings are answered', async () => {
      const socket = await opened(path);
      for (const _ of Array(3).keys()) {
        expect(await socket.next()).toBe('2');
        socket.send('3');
      }
      socket.close();
    });

    it('ends a silent WebSocket session', async () => {
      const socket = await opened(path);
      expect(await socket.closed).toBe(1005);
    });
  });

  describe('a close', () => {
    it('by polling answers the waiting poll, then removes the session', async () => {
      let session = polling(path);
      const closeWhilePolled = async (): Promise<[HttpAnswer, HttpAnswer]> => {
        session = polling(path);
        await session.open();
        return Promise.all([session.poll(), session.post('1')]);
      };
      const [, post] = await untilInOrder(closeWhilePolled, ([{ body }]) => body === '6');
      expect(post).toEqual({ status: 200, body: 'ok' });
      expect((await session.poll()).status).toBe(400);
    });

    it('by WebSocket closes it', async () => {
      const socket = await opened(path);
      socket.send('1');
      expect(await socket.closed).toBe(1005);
    });
  });

  describe('an upgrade', () => {
    it('answers the probe, ends polling, and continues over the WebSocket', async () => {
      const session = polling(path);
      const { sid } = await session.open();
      const socket = webSocket(path, sid);
      await socket.opened();
      socket.send('2probe');
      expect(await socket.next()).toBe('3probe');
      expect(await pollButPing(session)).toEqual({ status: 200, body: '6' });
      socket.send('5');
      // Pings are sent over the WebSocket from now on.
      expect(await socket.next()).toBe('2');
      socket.close();
    });

    it('refuses requests with the same sid, and keeps the session', async () => {
      const session = polling(path);
      const { sid } = await session.open();
      const socket = webSocket(path, sid);
      await socket.opened();
      socket.send('2probe', '5');
      expect(await socket.next()).toBe('3probe');
      // A ping over the WebSocket shows that it has taken over.
      expect(await socket.next()).toBe('2');
      socket.send('3');
      expect((await session.poll()).status).toBe(400);
      expect((await session.post('4x')).status).toBe(400);
      expect(await webSocket(path, sid).closed).toBe(1005);
      expect(await socket.next()).toBe('2');
      socket.close();
    });
  });
});

describe('Engine.IO messages', () => {
  const PATH = '/engine.io/';

  it.each(['4hello', '4test1\x1e4test2\x1e4test3', '4hello\x1ebAQIDBA=='])(
    'are echoed by polling unchanged: %j',
    async (body) => {
      const session = polling(PATH);
      await session.open();
      expect(await session.post(body)).toEqual({ status: 200, body: 'ok' });
      // A ping may be sent between the two.
      const polled = (await session.poll()).body.split('\x1e').filter((packet) => packet !== '2');
      expect(polled.join('\x1e')).toBe(body);
    },
  );

  it('that are malformed end a polling session', async () => {
    const session = polling(PATH);
    await session.open();
    expect((await session.post('abc')).status).toBe(400);
    expect((await session.poll()).status).toBe(400);
  });

  it('are lost when two polls wait at the same time', async () => {
    let session = polling(PATH);
    const pollTwice = async (): Promise<[HttpAnswer, HttpAnswer]> => {
      session = polling(PATH);
      await session.open();
      return Promise.all([session.poll(), session.poll()]);
    };
    // If a ping answers the first poll before the second arrives, they do not wait at the same time.
    const isUnasked = (answers: HttpAnswer[]) => answers.every(({ body }) => body !== '2');
    const answers = await untilInOrder(pollTwice, isUnasked);
    expect(answers.toSorted((a, b) => a.status - b.status)).toEqual([
      { status: 200, body: '1' },
      { status: 400, body: '' },
    ]);
    expect((await session.poll()).status).toBe(400);
  });

  it('are lost when a poll is aborted', async () => {
    expect((await pollAfterOneGivenUp()).status).toBe(400);
  });

  it('are echoed by WebSocket, text and bytes', async () => {
    const socket = await opened(PATH);
    socket.send('4hello', Uint8Array.from([1, 2, 3, 4]));
    expect(await socket.nextButPing()).toBe('4hello');
    expect(await socket.nextButPing()).toEqual(Uint8Array.from([1, 2, 3, 4]));
    socket.close();
  });

  it('that are malformed close a WebSocket', async () => {
    const socket = await opened(PATH);
    socket.send('abc');
    expect(await socket.closed).toBe(1005);
  });

  it('follow an upgrade', async () => {
    const session = polling(PATH);
    const { sid } = await session.open();
    await session.post('4before');
    const socket = webSocket(PATH, sid);
    await socket.opened();
    socket.send('2probe', '5', '4after');
    expect(await socket.next()).toBe('3probe');
    expect(await socket.nextButPing()).toBe('4before');
    expect(await socket.nextButPing()).toBe('4after');
    socket.close();
  });

  it('are limited in size: 413 by polling, 1009 by WebSocket', async () => {
    const most = `4${'x'.repeat(999_999)}`;
    const session = polling(PATH);
    await session.open();
    expect((await session.post(`${most}x`)).status).toBe(413);
    expect((await session.post(most)).status).toBe(200);
    const socket = await opened(PATH);
    socket.send(most);
    expect(await socket.nextButPing()).toBe(most);
    socket.send(`${most}x`);
    expect(await socket.closed).toBe(1009);
  });
});

describe('Socket.IO', () => {
  const PATH = '/socket.io/';
  const ONE = Uint8Array.from([1, 2, 3]);
  const TWO = Uint8Array.from([4, 5, 6]);
  const PLACES = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';

  it.each([
    ['40', '40', '42["auth",{}]'],
    ['40{"token":"123"}', '40', '42["auth",{"token":"123"}]'],
    ['40/custom,', '40/custom,', '42/custom,["auth",{}]'],
    ['40/custom,{"token":"abc"}', '40/custom,', '42/custom,["auth",{"token":"abc"}]'],
  ])('accepts a client on %s', async (packet, prefix, auth) => {
    const socket = await opened(PATH);
    socket.send(packet);
    const reply = (await socket.nextButPing()) as string;
    expect(reply.slice(0, prefix.length)).toBe(prefix);
    expect(JSON.parse(reply.slice(prefix.length))).toEqual({ sid: expect.any(String) });
    expect(await socket.nextButPing()).toBe(auth);
    socket.close();
  });

  it('[SIO2] refuses a namespace that does not exist', async () => {
    const socket = await opened(PATH);
    socket.send('40/random');
    expect(await socket.nextButPing()).toBe('44/random,{"message":"Invalid namespace"}');
    socket.close();
  });

  it('closes on a malformed handshake', async () => {
    const socket = await opened(PATH);
    socket.send('4abc');
    expect(await socket.closed).toBe(1005);
  });

  it('closes when no namespace is joined, although pings are answered', async () => {
    const socket = await opened(PATH);
    for (let frame = await socket.next(); frame !== undefined; frame = await socket.next()) {
      expect(frame).toBe('2');
      socket.send('3');
    }
    expect(socket.code).toBe(1005);
  });

  it('keeps the connection after leaving the main namespace', async () => {
    const socket = await connected();
    socket.send('41');
    expect(await socket.next()).toBe('2');
    socket.close();
  });

  it('keeps the other namespaces after leaving one', async () => {
    const socket = await connected();
    socket.send('40/custom');
    await socket.nextButPing();
    await socket.nextButPing();
    socket.send('41/custom', '42["message","to main"]');
    expect(await socket.nextButPing()).toBe('42["message-back","to main"]');
    socket.close();
  });

  it('carries events', async () => {
    const socket = await connected();
    socket.send('42["message",1,"2",{"3":[true]}]');
    expect(await socket.nextButPing()).toBe('42["message-back",1,"2",{"3":[true]}]');
    socket.close();
  });

  it('carries events with binary parts', async () => {
    const socket = await connected();
    socket.send(`452-["message",${PLACES}]`, ONE, TWO);
    expect(await socket.nextButPing()).toBe(`452-["message-back",${PLACES}]`);
    expect(await socket.nextButPing()).toEqual(ONE);
    expect(await socket.nextButPing()).toEqual(TWO);
    socket.close();
  });

  it('carries acknowledgements', async () => {
    const socket = await connected();
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    expect(await socket.nextButPing()).toBe('43456[1,"2",{"3":[false]}]');
    socket.close();
  });

  it('carries acknowledgements with binary parts', async () => {
    const socket = await connected();
    socket.send(`452-789["message-with-ack",${PLACES}]`, ONE, TWO);
    expect(await socket.nextButPing()).toBe(`462-789[${PLACES}]`);
    expect(await socket.nextButPing()).toEqual(ONE);
    expect(await socket.nextButPing()).toEqual(TWO);
    socket.close();
  });

  it.each(['4abc', '42{}', '42abc["message-with-ack",1]'])('closes on %s', async (packet) => {
    const socket = await connected();
    socket.send(packet);
    expect(await socket.closed).toBe(1005);
  });
});
