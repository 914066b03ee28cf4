import { rm } from 'node:fs/promises';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { edgeOptions } from '../support/hosts.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { tokenFor } from '../support/tokens.ts';
import { newRoom } from '../support/for-each-transport.ts';

/**
 * Socket.IO at the edge while rooms sleep, rooms break and clients change their transport: official
 * clients, the production objects under workerd, and a method that aborts a room's object.
 */

let folder: string;
let miniflare: Miniflare;
let url: string;
const logged: string[] = [];

beforeAll(async () => {
  folder = await bundleWorker('test/fixtures/faulty-worker/worker.ts');
  miniflare = new Miniflare({
    ...edgeOptions(folder, { COMMANDS_PER_SECOND: '10000', COMMAND_BURST: '100000' }),
    log: new Log(LogLevel.NONE),
    // Collected and not checked for failures, since aborting objects causes some.
    handleStructuredLogs: ({ message }) => logged.push(message),
  });
  url = (await miniflare.ready).origin;
});
afterAll(async () => {
  await miniflare.dispose();
  await rm(folder, { recursive: true, force: true });
});

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});

interface FaultyRoom {
  abort(): Promise<void>;
}

async function room(roomId: string): Promise<FaultyRoom> {
  const rooms = await miniflare.getDurableObjectNamespace('ROOM');
  return rooms.get(rooms.idFromName(roomId)) as unknown as FaultyRoom;
}

/** How long a client waits for a reply, in milliseconds. */
const PATIENCE_MS = 100_000;

/** A client that keeps what it received and when it was disconnected. */
class Client {
  readonly socket: Socket;
  readonly userId: string;
  readonly messages: Message[] = [];
  readonly joinsAndLeaves: string[] = [];
  readonly drops: string[] = [];
  #waiting: (() => void)[] = [];

  constructor(userId: string, token: string, options: object = {}) {
    this.userId = userId;
    this.socket = io(url, { auth: { token }, forceNew: true, ...options });
    sockets.push(this.socket);
    this.socket.on('message', (message: Message) => {
      this.messages.push(message);
      this.#check();
    });
    for (const event of ['userJoined', 'userLeft']) {
      this.socket.on(event, (who: { userId: string }) => {
        this.joinsAndLeaves.push(`${event} ${who.userId}`);
      });
    }
    this.socket.on('disconnect', (reason) => this.drops.push(reason));
  }

  async join(roomId: string): Promise<void> {
    expect(await this.command('joinRoom', { roomId })).toMatchObject({ ok: true });
  }

  command<R>(name: string, payload: object): Promise<R> {
    return this.socket.timeout(PATIENCE_MS).emitWithAck(name, payload) as Promise<R>;
  }

  /** Waits until `holds` is true, which is checked whenever something arrives. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        if (holds()) resolve();
      });
      this.#check();
    });
  }

  #check(): void {
    for (const look of this.#waiting) look();
  }
}

async function connected(userId: string, options: object = WEBSOCKET): Promise<Client> {
  const client = new Client(userId, await tokenFor(userId), options);
  await new Promise<void>((resolve) => client.socket.once('connect', resolve));
  return client;
}

async function enter(userId: string, roomId: string, options?: object): Promise<Client> {
  const client = await connected(userId, options);
  await client.join(roomId);
  return client;
}

/** Waits until a client has upgraded from polling. */
async function hasUpgraded({ socket }: Client): Promise<void> {
  const { engine } = socket.io;
  if (engine.transport.name === 'websocket') return;
  await new Promise((resolve) => engine.once('upgrade', resolve));
}

const WEBSOCKET = { transports: ['websocket'] };

function texts(messages: Message[]): string[] {
  return messages.map(({ message }) => message);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at + 1));
}

describe('a default client that joins while messages arrive', () => {
  it('upgrades from polling, receives each message once and in order, and stays online', async () => {
    const roomId = newRoom();
    const speaker = await enter('speaker', roomId, WEBSOCKET);
    const watcher = await enter('watcher', roomId, WEBSOCKET);
    // Joins by polling, and upgrades while the messages below are sent.
    const listener = await enter('listener', roomId, { upgrade: true, rememberUpgrade: false });
    const { engine } = listener.socket.io;
    let upgradedAt = -1;
    engine.once('upgrade', () => {
      upgradedAt = listener.messages.length;
    });
    const say = (message: string) => speaker.command('message', { roomId, message });
    let count = 1_000;
    await Promise.all(numbered(count).map(say));
    // Sends until the upgrade has happened, however slow it is, and then one message more.
    while (engine.transport.name !== 'websocket') await say(String(++count));
    await say(String(++count));
    for (const client of [listener, watcher]) {
      await client.until(() => client.messages.length >= count);
    }
    expect(texts(listener.messages)).toEqual(numbered(count));
    expect(texts(watcher.messages)).toEqual(numbered(count));
    expect(upgradedAt).toBeLessThan(count);
    expect(watcher.joinsAndLeaves).toEqual(['userJoined listener']);
    expect(listener.drops).toEqual([]);
  });
});

/** A client that joins by long polling, and upgrades to a WebSocket when the test asks for it. */
async function pollingMember(userId: string, roomId: string) {
  const path = `${url}/socket.io/?EIO=4&transport=polling`;
  const get = async (query: string) => (await fetch(`${path}${query}`)).text();
  const { sid } = JSON.parse((await get('')).slice(1)) as { sid: string };
  const post = (body: string) => fetch(`${path}&sid=${sid}`, { method: 'POST', body });
  await post(`40${JSON.stringify({ token: await tokenFor(userId) })}`);
  await get(`&sid=${sid}`);
  await post(`420["joinRoom",${JSON.stringify({ roomId })}]`);
  expect(await get(`&sid=${sid}`)).toContain('"ok":true');
  const raw = rawSocket(`${path.replace('polling', 'websocket')}&sid=${sid}`);
  onTestFinished(() => raw.socket.terminate());
  raw.socket.once('open', () => raw.socket.send('2probe'));
  await raw.frame((frame) => frame === '3probe');
  return { move: () => raw.socket.send('5'), ...raw };
}

describe('a client that upgrades to a WebSocket while others join and leave', () => {
  it('receives each join and leave', async () => {
    const roomId = newRoom();
    const going: Client[] = [];
    const coming: Client[] = [];
    for (let at = 0; at < 20; at++) {
      going.push(await enter(`goes ${at}`, roomId, WEBSOCKET));
      coming.push(await connected(`comes ${at}`));
    }
    const mover = await pollingMember('mover', roomId);
    const moves = coming.map(async (client, at) => {
      if (at === 5) mover.move();
      await Promise.all([client.join(roomId), going[at]!.command('leaveRoom', { roomId })]);
    });
    await Promise.all(moves);
    await coming[0]!.command('message', { roomId, message: 'last' });
    await mover.frame((frame) => frame.includes('"last"'));
    const heardOf = (event: string) =>
      mover.frames
        .filter((frame) => frame.startsWith(`42["${event}"`))
        .map((frame) => /"userId":"([^"]+)"/.exec(frame)?.[1] ?? '')
        .toSorted();
    const names = (clients: Client[]) => clients.map(({ userId }) => userId).toSorted();
    expect(heardOf('userJoined')).toEqual(names(coming));
    expect(heardOf('userLeft')).toEqual(names(going));
  });
});

describe('a room whose object is aborted 20 times while users send', () => {
  it('sends every client all messages, loses none and duplicates none', async () => {
    const roomId = newRoom();
    const clients = [
      await enter('anna', roomId, WEBSOCKET),
      await enter('ben', roomId, WEBSOCKET),
      await enter('cleo', roomId, { transports: ['polling'] }),
      await enter('dora', roomId),
    ];
    const [anna, ben] = clients as [Client, Client];
    const acknowledged: string[] = [];
    const done = { breaks: 0 };
    async function talk(client: Client): Promise<void> {
      for (let at = 0; at < 100 || done.breaks < 20; at++) {
        const message = `${client.userId} ${at}`;
        const reply = await client.command<{ ok: boolean }>('message', { roomId, message });
        expect(reply).toMatchObject({ ok: true });
        acknowledged.push(message);
      }
    }
    // Aborts the object in the middle of the talk: each time after a few more messages.
    async function breakIt(): Promise<void> {
      for (; done.breaks < 20; done.breaks++) {
        const heard = acknowledged.length;
        await (await room(roomId)).abort().catch(() => undefined);
        await ben.until(() => acknowledged.length > heard + 4);
      }
    }
    await Promise.all([breakIt(), talk(anna), talk(ben)]);
    expect(done.breaks).toBe(20);
    expect(await anna.command('message', { roomId, message: 'last' })).toMatchObject({ ok: true });
    for (const client of clients.slice(1)) {
      await client.until(() => client.messages.some(({ message }) => message === 'last'));
    }
    for (const client of clients) {
      expect(client.drops, client.userId).toEqual([]);
      const others = [...acknowledged, 'last'].filter(
        (message) => !message.startsWith(`${client.userId} `),
      );
      const expected = client === anna ? others.filter((message) => message !== 'last') : others;
      expect(texts(client.messages).toSorted(), client.userId).toEqual(expected.toSorted());
      const seqs = client.messages.map(({ seq }) => seq);
      expect(seqs, client.userId).toEqual(seqs.toSorted((a, b) => a - b));
    }
  });
});

describe('a newer token with another name', () => {
  it.each([['polling'], ['websocket']])(
    '[AUTH10] given by %s is kept by a room whose object is aborted before or after it',
    async (transport) => {
      const roomId = newRoom();
      const anna = await enter('anna', roomId, { transports: [transport] });
      const ben = await enter('ben', roomId, WEBSOCKET);
      const names = async () => {
        const page = { roomId, online: true };
        const { members } = await ben.command<{ members: { username: string }[] }>(
          'getMembers',
          page,
        );
        return members.map(({ username }) => username).toSorted();
      };
      for (const name of ['Anne', 'Annie']) {
        if (name === 'Annie') await (await room(roomId)).abort().catch(() => undefined);
        const token = await tokenFor('anna', { name });
        expect(await anna.command('refreshToken', { token })).toMatchObject({ ok: true });
        if (name === 'Anne') await (await room(roomId)).abort().catch(() => undefined);
        const reply = await anna.command('message', { roomId, message: 'hi' });
        expect(reply).toMatchObject({ ok: true, message: { sender: name } });
        expect(await names()).toEqual([name, 'ben']);
      }
      expect([...anna.drops, ...ben.drops]).toEqual([]);
    },
  );
});

describe('a crowd of silent connections', () => {
  it('allows its room to sleep, keeps no polling session, and receives the next message', async () => {
    const roomId = newRoom();
    const crowd: Client[] = [];
    // A few at a time, since a client gives up an upgrade that takes too long and stays with polling.
    while (crowd.length < 200) {
      const names = Array.from({ length: 10 }, (_, at) => `member ${crowd.length + at}`);
      const some = await Promise.all(names.map((name) => enter(name, roomId)));
      await Promise.all(some.map(hasUpgraded));
      crowd.push(...some);
    }
    const [speaker, ...others] = crowd as [Client, ...Client[]];
    const said: string[] = [];
    const say = async (message: string) => {
      said.push(message);
      expect(await speaker.command('message', { roomId, message })).toMatchObject({ ok: true });
      await Promise.all(
        others.map((client) => client.until(() => client.messages.length >= said.length)),
      );
    };
    const timesWoken = () => logged.filter((line) => line === `${roomId} is in memory`).length;
    // A room sleeps after ten seconds without an event; on a busy machine the last one may be late.
    while (timesWoken() < 2) {
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      await say('wake up');
    }
    const sessions = await miniflare.getDurableObjectNamespace('SESSION');
    for (const { socket } of crowd.slice(0, 20)) {
      const { id = '' } = socket.io.engine as { id?: string };
      const session = sessions.get(sessions.idFromName(id)) as unknown as {
        startUpgrade(): Promise<string>;
      };
      expect(await session.startUpgrade()).toBe('unknown');
    }
    // Nothing but these messages has woken the room.
    expect(timesWoken()).toBeLessThanOrEqual(1 + said.length);
    await say('barrier');
    for (const client of others) expect(texts(client.messages)).toEqual(said);
  });
});
