import { describe, expect, it, onTestFinished } from 'vitest';
import { BackgroundTraffic } from '../support/background-traffic.ts';
import { type FloodName, floods, type Tally } from '../support/floods.ts';
import { ask, problemOf } from '../support/http-client.ts';
import { type RawSocket, rawSocket } from '../support/raw-socket.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();
type HostName = keyof typeof hosts;

/** Floods one room while other users talk in another. @returns the flood's tally */
async function flood(host: HostName, name: FloodName): Promise<Tally> {
  const { url } = hosts[host];
  const traffic = await BackgroundTraffic.enter(url);
  const going = await floods[name]({ url, roomId: newRoom() });
  for (let round = 0; round < 3; round++) expect(await traffic.goOn()).toEqual([]);
  const tally = await going.stop();
  expect(await traffic.goOn()).toEqual([]);
  return tally;
}

describe('while one client floods the node host, others continue', () => {
  it.each(Object.keys(floods) as FloodName[])('%s', async (name) => {
    expect(Object.keys(await flood('node', name)).length).toBeGreaterThan(0);
  });
});

describe('while one client floods the edge host, others continue', () => {
  it.each([
    'writes fast, native',
    'writes fast, HTTP',
    'goes through rooms',
    'garbage',
    'opens sockets without end',
    'frames in many pieces',
    'sockets that say nothing',
  ] as const)('%s', async (name) => {
    expect(Object.keys(await flood('edge', name)).length).toBeGreaterThan(0);
  });
});

/** Opens a native socket, and waits until it is open or refused. */
async function openNative(
  host: HostName,
  roomId: string,
  userId: string,
  protocols: string[] = [],
) {
  const path = `${hosts[host].url}/rooms/${roomId}/ws`;
  const raw = rawSocket(path, { authorization: `Bearer ${await tokenFor(userId)}` }, protocols);
  onTestFinished(() => raw.socket.terminate());
  await raw.opened;
  return raw;
}

/** Joins over a native socket and sends `frames` commands at once. */
async function sendCommands(
  host: HostName,
  frames: number,
  roomId = newRoom(),
  userId = 'mallory',
) {
  const raw = await openNative(host, roomId, userId);
  await raw.frame((frame) => frame.startsWith('["joined"'));
  send(raw, frames);
  return raw;
}

function send({ socket }: RawSocket, frames: number): void {
  for (let at = 0; at < frames; at++) socket.send(`["typing",{},${at}]`);
}

/** Sends `frames` events at once over Socket.IO, on a bare WebSocket too. */
async function sendEvents(frames: number) {
  const roomId = newRoom();
  const raw = rawSocket(`${hosts.node.url}/socket.io/?EIO=4&transport=websocket`);
  onTestFinished(() => raw.socket.terminate());
  await raw.opened;
  raw.socket.send(`40${JSON.stringify({ token: await tokenFor('molly') })}`);
  await raw.frame((frame) => frame.startsWith('40'));
  raw.socket.send(`42999999["joinRoom",${JSON.stringify({ roomId })}]`);
  await raw.frame((frame) => frame.startsWith('43999999'));
  for (let at = 0; at < frames; at++) {
    raw.socket.send(`42${at}["typing",${JSON.stringify({ roomId })}]`);
  }
  return raw;
}

it.each([
  ['WebSockets', (frames: number) => sendCommands('node', frames), '["ack",450,', /\["ack",/g],
  ['Socket.IO', sendEvents, '43450[', /^43\d+\[/gm],
] as const)(
  '[ADM3] the node host reads a socket no faster than twice what its user may do: %s',
  async (...row) => {
    const [, sendFlood, ack, answer] = row;
    const from = performance.now();
    const raw = await sendFlood(3_000);
    await raw.frame((frame) => frame.includes(ack));
    const seconds = (performance.now() - from) / 1_000;
    const answered = raw.frames.join('\n').match(answer)?.length ?? 0;
    // A bucket of 400, refilled by 100 a second; one read may be up to 50 ms ahead of it.
    expect(answered).toBeLessThanOrEqual(400 + 100 * seconds + 10);
  },
);

it('[ADM3] the node host reads an unauthenticated socket no faster', async () => {
  const raw = rawSocket(`${hosts.node.url}/socket.io/?EIO=4&transport=websocket`);
  onTestFinished(() => raw.socket.terminate());
  await raw.opened;
  const refused = () => raw.frames.filter((frame) => frame.startsWith('44')).length;
  const from = performance.now();
  for (let at = 0; at < 3_000; at++) raw.socket.send('40{"token":"nonsense"}');
  await raw.frame(() => refused() >= 450);
  const seconds = (performance.now() - from) / 1_000;
  expect(refused()).toBeLessThanOrEqual(400 + 100 * seconds + 10);
});

describe('the edge host bans a user who floods', () => {
  const toWait = expect.toSatisfy((ms: number) => ms > 0 && ms <= 60_000);
  const refusal = { code: 'rate_limited', retryAfterMs: toWait };

  it('[ADM6] [LIM2] from the room, at every transport, for a minute', async () => {
    const roomId = newRoom();
    const raw = await sendCommands('edge', 3_000, roomId, 'natalie');
    expect(await raw.closed).toBe(4504);
    expect(raw.frames.join('\n')).toContain('rate_limited');
    const { refused } = await openNative('edge', roomId, 'natalie');
    expect(refused?.status).toBe(429);
    expect(JSON.parse(refused?.body ?? '')).toMatchObject({ error: refusal });
    const elsewhere = new SocketIoVisitor(hosts.edge.url, { token: await tokenFor('natalie') });
    onTestFinished(() => void elsewhere.socket.disconnect());
    expect(await elsewhere.join(roomId)).toMatchObject({ ok: false, error: refusal });
    // The ban applies neither to other rooms nor to other users of this room.
    expect(await elsewhere.join(newRoom())).toMatchObject({ ok: true });
    expect((await openNative('edge', roomId, 'ned')).refused).toBeUndefined();
  });

  it('[ADM6] also if the flood comes over one socket after the other', async () => {
    const roomId = newRoom();
    const send = async () => {
      const raw = await openNative('edge', roomId, 'oscar');
      if (raw.refused !== undefined) return raw.refused.status;
      raw.socket.send('x'.repeat(1024 * 1024));
      return raw.closed;
    };
    const ends = new Set<number>();
    for (let sent = 0; sent < 100 && !ends.has(429); sent++) ends.add(await send());
    expect(ends).toEqual(new Set([1009, 429]));
  });

  it('[ADM6] from Socket.IO for a minute', async () => {
    const who = { token: await tokenFor('sophie') };
    const roomId = newRoom();
    const [flooding, again] = [1, 2].map(() => new SocketIoVisitor(hosts.edge.url, who));
    onTestFinished(() => void [flooding, again].map((visitor) => visitor!.socket.disconnect()));
    await flooding!.join(roomId);
    for (let at = 0; at < 3_000; at++) flooding!.socket.emit('typing', { roomId });
    await flooding!.until('to be sent away', () => !flooding!.socket.connected);
    const from = performance.now();
    expect(await again!.connect()).toMatchObject({ code: 'rate_limited' });
    expect(performance.now() - from).toBeGreaterThan(240);
  });

  it('[ADM6] except a user whose five tabs send 200 commands each at once', async () => {
    const roomId = newRoom();
    const tabs = await Promise.all(
      [1, 2, 3, 4, 5].map(() => openNative('edge', roomId, 'tabitha')),
    );
    for (const tab of tabs) send(tab, 200);
    for (const tab of tabs) await tab.frame((frame) => frame.includes('["ack",199,'));
    for (const { socket } of tabs) expect(socket.readyState).toBe(socket.OPEN);
  });
});

/**
 * Attempts something `count` times at once, and again if nothing was refused: on a busy machine the
 * attempts may take so long that the token bucket refills.
 */
async function untilRefused<T>(
  count: number,
  attempt: () => Promise<T>,
  isRefused: (answer: T) => boolean,
): Promise<T[]> {
  const answers: T[] = [];
  for (let round = 0; round < 20 && !answers.some(isRefused); round++) {
    answers.push(...(await Promise.all(Array.from({ length: count }, attempt))));
  }
  return answers;
}

it('[ADM4] the edge host lets a user into new rooms at a bounded rate, at every transport', async () => {
  const { url } = hosts.edge;
  const headers = { authorization: `Bearer ${await tokenFor('rover')}` };
  const from = performance.now();
  const answers = await untilRefused(
    150,
    async () => {
      const roomId = newRoom();
      return { roomId, ...(await ask(url, `/rooms/${roomId}/messages`, { headers })) };
    },
    ({ status }) => status !== 200,
  );
  const seconds = (performance.now() - from) / 1_000;
  const entered = answers.filter(({ status }) => status === 200);
  expect(entered.length).toBeGreaterThanOrEqual(100);
  expect(entered.length).toBeLessThanOrEqual(101 + 10 * seconds);
  const refused = answers.find(({ status }) => status !== 200)!;
  expect([refused.status, problemOf(refused).code]).toEqual([429, 'rate_limited']);

  const knocks = await untilRefused(
    30,
    () => openNative('edge', newRoom(), 'rover'),
    (raw) => raw.refused !== undefined,
  );
  expect(knocks.map((raw) => raw.refused?.status)).toContain(429);
  const visitor = new SocketIoVisitor(url, { token: await tokenFor('rover') });
  onTestFinished(() => void visitor.socket.disconnect());
  const joins = await untilRefused(
    30,
    async () => {
      const roomId = newRoom();
      const joined = await visitor.join(roomId);
      // Leaves, since a socket may be in 50 rooms only.
      if (joined.ok) await visitor.command('leaveRoom', { roomId });
      return joined;
    },
    (joined) => !joined.ok && joined.error.code === 'rate_limited',
  );
  expect(joins).toContainEqual(
    expect.objectContaining({
      error: expect.objectContaining({ code: 'rate_limited' }) as unknown,
    }),
  );
  // The user may enter rooms they used lately, and other users may enter any room.
  let lately = '';
  const enter = async () => {
    lately = newRoom();
    return (await ask(url, `/rooms/${lately}/messages`, { headers })).status;
  };
  await expect.poll(enter).toBe(200);
  expect(await visitor.join(lately)).toMatchObject({ ok: true });
  expect((await openNative('edge', newRoom(), 'homer')).refused).toBeUndefined();
});

it('[LIM3] the node host accepts a message in 1,000 fragments, and refuses more', async () => {
  const roomId = newRoom();
  const [few, many] = [
    await openNative('node', roomId, 'peter'),
    await openNative('node', roomId, 'paul'),
  ];
  const text = '["typing",{},1]'.padEnd(1_000);
  for (let at = 0; at < 1_000; at++) few.socket.send(text[at]!, { fin: at === 999 });
  await few.frame((frame) => frame.includes('["ack",1,'));
  for (let at = 0; at < 1_002; at++) many.socket.send(' ', { fin: false });
  expect(await many.closed).toBe(1008);
});

describe.each(['node', 'edge'] as const)('[ADM10] the %s host delays', (host) => {
  it.each([
    ['with a status', []],
    ['over the socket', ['parlor.v1']],
  ])('the refusal of one socket too many, %s', async (_, protocols) => {
    const roomId = newRoom();
    for (let at = 0; at < 10; at++) await openNative(host, roomId, 'olivia');
    const from = performance.now();
    const raw = await openNative(host, roomId, 'olivia', protocols);
    const said = raw.refused?.body ?? (await raw.frame((frame) => frame.startsWith('["joined"')));
    expect(said).toContain('too_many_connections');
    expect(performance.now() - from).toBeGreaterThan(240);
  });

  it('the refusal of too many HTTP requests', async () => {
    const path = `/rooms/${newRoom()}`;
    const asked = async (userId: string, method: string, to: string, body: object) => {
      const authorization = `Bearer ${await tokenFor(userId)}`;
      const headers = { authorization, 'content-type': 'application/json' };
      const from = performance.now();
      const { status } = await ask(hosts[host].url, `${path}${to}`, {
        method,
        headers,
        body: JSON.stringify(body),
      });
      return { status, ms: performance.now() - from };
    };
    await asked('owen', 'POST', '/messages', { message: 'mine' });
    await asked('owen', 'PATCH', '', { slowModeSeconds: 3_600 });
    await asked('harry', 'POST', '/messages', { message: 'one' });
    const second = await asked('harry', 'POST', '/messages', { message: 'two' });
    expect(second.status).toBe(429);
    expect(second.ms).toBeGreaterThan(240);
  });
});
