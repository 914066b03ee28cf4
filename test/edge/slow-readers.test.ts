import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/edge/environment.ts';
import { relayName } from '../../src/edge/relay-name.ts';
import { service } from '../../src/edge/service.ts';
import { upgradeRequest } from '../../src/edge/upgrade-context.ts';
import { Client, newRoom, tokenOf, within } from './client.ts';

/** Unsent bytes of a slow client: above half of the limit, where it loses ephemeral events. */
const SLOW = 800_000;

/** `bufferedAmount` of sockets, in bytes; the runtime of the tests does not have it, newer ones do. */
const waiting = new WeakMap<object, number>();
/** `bufferedAmount` of every Socket.IO client's socket that the Worker holds, in bytes. */
let waitingInWorker = 0;

beforeEach(() => {
  waitingInWorker = 0;
  Object.defineProperty(WebSocket.prototype, 'bufferedAmount', {
    configurable: true,
    get(this: WebSocket & { binaryType?: string }) {
      // Only the sockets of Socket.IO clients have this binary type.
      return waiting.get(this) ?? (this.binaryType === 'arraybuffer' ? waitingInWorker : 0);
    },
  });
});

afterEach(() => {
  Reflect.deleteProperty(WebSocket.prototype, 'bufferedAmount');
});

async function newRoomWithSignals(): Promise<string> {
  const roomId = newRoom();
  await within(roomId, (object) => void Object.assign(object['limits'], { openSignals: true }));
  return roomId;
}

/** A slow client of a room. */
interface Reader {
  /** Sets how many bytes its socket has not sent. */
  setWaiting(bytes: number): Promise<void>;
  /** The payloads of the events of this name received so far. */
  heard(name: string): Record<string, unknown>[];
}

function relayOf(roomId: string) {
  return env.RELAY.getByName(relayName(roomId, 1));
}

async function atRelay(roomId: string): Promise<Reader> {
  const identity = { userId: 'bob', name: 'bob' };
  const request = upgradeRequest({ identity, join: {}, end: 'native' });
  const response = await relayOf(roomId).fetch(request);
  const client = new Client(response.webSocket!);
  await client.until('joined');
  return {
    heard: (name) => client.heard(name),
    setWaiting: (bytes) =>
      runInDurableObject(relayOf(roomId), (_, state) => {
        for (const socket of state.getWebSockets()) waiting.set(socket, bytes);
      }),
  };
}

/** A Socket.IO client, whose socket the Worker holds. */
async function inWorker(roomId: string): Promise<Reader> {
  const bindings = { ...(env as unknown as Environment), SIGNALS: 'open' };
  const app = service(bindings, { localOnly: false, guestsByDefault: false });
  const url = 'http://chat/socket.io/?EIO=4&transport=websocket';
  const { webSocket } = await app.request(url, { headers: { upgrade: 'websocket' } }, env);
  const frames: string[] = [];
  webSocket!.addEventListener('message', ({ data }) => void frames.push(String(data)));
  webSocket!.accept();
  webSocket!.send(`40${JSON.stringify({ token: await tokenOf({ sub: 'bob', name: 'bob' }) })}`);
  await expect.poll(() => frames.join()).toContain('40{');
  webSocket!.send(`420["joinRoom",{"roomId":"${roomId}"}]`);
  await expect.poll(() => frames.join()).toContain('430[{"ok":true');
  return {
    heard: (name) =>
      frames
        .filter((frame) => frame.startsWith(`42["${name}",`))
        .map((frame) => (JSON.parse(frame.slice(2)) as [string, Record<string, unknown>])[1]),
    setWaiting: (bytes) => {
      waitingInWorker = bytes;
      return Promise.resolve();
    },
  };
}

describe.each([
  ['on a relay', atRelay],
  ['of Socket.IO in the Worker', inWorker],
])('a client %s that reads too slowly', (_, open) => {
  it('[SIG4] [PRES5] gets the newest of each signal, and a presence, once it keeps up again', async () => {
    const roomId = await newRoomWithSignals();
    const alice = await atRoom(roomId);
    const bob = await open(roomId);
    await alice.ask('cursor', { x: 0 });
    await expect.poll(() => bob.heard('cursor')).toMatchObject([{ x: 0, userId: 'alice' }]);

    await bob.setWaiting(SLOW);
    await alice.ask('hand', { raised: true });
    for (let x = 1; x <= 5; x++) await alice.ask('cursor', { x });
    await alice.ask('message', { message: 'not to be lost' });
    // A message is sent at once, after everything that was sent before it.
    await expect.poll(() => bob.heard('message')).toHaveLength(1);
    expect([bob.heard('hand'), bob.heard('cursor').length]).toEqual([[], 1]);

    await bob.setWaiting(0);
    await expect.poll(() => bob.heard('presence')).toMatchObject([{ onlineCount: 2 }]);
    expect(bob.heard('hand')).toMatchObject([{ raised: true }]);
    expect(bob.heard('cursor')).toMatchObject([{ x: 0 }, { x: 5 }]);
    await alice.ask('cursor', { x: 6 });
    await expect.poll(() => bob.heard('cursor')).toMatchObject([{ x: 0 }, { x: 5 }, { x: 6 }]);
  });
});

/** A client whose socket the room's own object holds. */
async function atRoom(roomId: string): Promise<Client> {
  const request = upgradeRequest({ identity: { userId: 'alice' }, join: {}, end: 'native' });
  const response = await env.ROOM.getByName(roomId).fetch(request);
  const client = new Client(response.webSocket!);
  await client.until('joined');
  return client;
}
