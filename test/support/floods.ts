import { setImmediate as turn } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { BareConnection, frameOf, upgradeRequest } from './bare-connection.ts';
import { ask } from './http-client.ts';
import { tokenFor } from './tokens.ts';

/** The target of a flood. */
export interface Target {
  url: string;
  /** The room that a flood joins, if it needs one, and in which others talk. */
  roomId: string;
}

/** Counts of what happened during a flood, by name. */
export type Tally = Record<string, number>;

/** A running flood. */
export interface Flood {
  stop(): Promise<Tally>;
}

type Start = (target: Target) => Promise<Flood>;

/** The most bytes that a socket of a flood may have unsent; more would only fill this process. */
const UNSENT = 256 * 1024;
const POLLING = '/socket.io/?EIO=4&transport=polling';
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';

const nativePath = (roomId: string) => `/rooms/${encodeURIComponent(roomId)}/ws`;
const mallory = (claims = {}) => tokenFor('mallory', claims);

/** Repeats `once` in `atOnce` concurrent loops until stopped. */
function repeat(atOnce: number, once: (count: (what: string) => void) => Promise<unknown>): Flood {
  const tally: Tally = {};
  const state = { isOver: false };
  const count = (what: string) => {
    tally[what] = (tally[what] ?? 0) + 1;
  };
  const lanes = Array.from({ length: atOnce }, async () => {
    while (!state.isOver) {
      // Refused and cut connections are expected.
      await once(count).catch(() => count('failed'));
      await turn();
    }
  });
  return {
    async stop() {
      state.isOver = true;
      await Promise.all(lanes);
      return tally;
    },
  };
}

/** Opens a socket with a token, unless `options` has other headers. */
async function open(url: string, path: string, options = {}): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${await mallory()}` };
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, {
    headers,
    perMessageDeflate: false,
    ...options,
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('It has closed.')));
  });
  socket.on('error', () => undefined);
  return socket;
}

/** Opens a socket that authenticates and joins as Socket.IO clients do. */
async function openSocketIo({ url, roomId }: Target): Promise<WebSocket> {
  const socket = await open(url, SOCKET_IO);
  socket.send(`40${JSON.stringify({ token: await mallory() })}`);
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error('It has closed.')));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text === '2') socket.send('3');
      if (text.startsWith('44')) socket.terminate();
      if (text.startsWith('40')) socket.send(`420["joinRoom",${JSON.stringify({ roomId })}]`);
      if (text.startsWith('430')) resolve();
    });
  });
  return socket;
}

/** Sends frames as fast as the host reads them, over one socket at a time. */
function pour(connect: () => Promise<WebSocket>, frame: (at: number) => string | Buffer): Flood {
  let at = 0;
  let isOver = false;
  let socket: WebSocket | undefined;
  const flood = repeat(1, async (count) => {
    const opened = await connect();
    socket = opened;
    count('sockets');
    opened.on('message', () => count('answers'));
    const closed = new Promise<void>((resolve) => {
      opened.once('close', (code) => {
        count(`closed ${code}`);
        resolve();
      });
    });
    // The flood may have been stopped before this socket was known.
    if (isOver) opened.terminate();
    while (opened.readyState === WebSocket.OPEN) {
      for (let burst = 0; burst < 50 && opened.bufferedAmount < UNSENT; burst++) {
        opened.send(frame(at++));
        count('frames');
      }
      await turn();
    }
    await closed;
  });
  return {
    stop() {
      isOver = true;
      const over = flood.stop();
      socket?.terminate();
      return over;
    },
  };
}

/**
 * Opens sockets, eight at a time, and writes the same prepared frames to each until it is closed, so
 * that the flood costs this process as little as possible.
 */
function pourBytes(url: string, start: string, bytes: Buffer): Flood {
  const connections = new Set<BareConnection>();
  let isOver = false;
  const flood = repeat(8, async (count) => {
    const connection = new BareConnection(url, { isStubborn: true });
    connections.add(connection);
    if (isOver) connection.destroy();
    connection.write(start);
    try {
      await connection.until(/^HTTP\/1\.1 101 /);
      count('sockets');
      // Ends at a Close frame, because waiting for the host to end the connection takes time.
      const told = connection.until(/\r\n\r\n[^]*\x88/);
      await Promise.race([told, connection.pour(bytes)]);
      count('closed');
    } finally {
      connection.destroy();
      connections.delete(connection);
    }
  });
  return {
    stop() {
      isOver = true;
      for (const connection of connections) connection.destroy();
      return flood.stop();
    },
  };
}

const asMallory = async () => ({ Authorization: `Bearer ${await mallory()}` });
const BIG = frameOf({ opcode: 1, payload: Buffer.alloc(1024 * 1024, 'a') });

const text = (at: number) => `flood ${at}`;

/** All floods, by what they do. */
export const floods = {
  'writes fast, native': (target) =>
    Promise.resolve(
      pour(
        () => open(target.url, nativePath(target.roomId)),
        (at) => `["message",{"message":"${text(at)}"},${at}]`,
      ),
    ),

  'writes fast, Socket.IO': (target) =>
    Promise.resolve(
      pour(
        () => openSocketIo(target),
        (at) =>
          `42${at + 10}["message",${JSON.stringify({ roomId: target.roomId, message: text(at) })}]`,
      ),
    ),

  'writes fast, HTTP': async ({ url, roomId }) => {
    const headers = {
      authorization: `Bearer ${await mallory()}`,
      'content-type': 'application/json',
    };
    const path = `/rooms/${encodeURIComponent(roomId)}/messages`;
    return repeat(20, async (count) => {
      const body = '{"message":"flood"}';
      const { status } = await ask(url, path, { method: 'POST', headers, body });
      count(`status ${status}`);
    });
  },

  'types fast': (target) =>
    Promise.resolve(
      pour(
        () => open(target.url, nativePath(target.roomId)),
        (at) => `["typing",{"isTyping":${at % 2 === 0}}]`,
      ),
    ),

  'joins and leaves': ({ url, roomId }) =>
    Promise.resolve(
      repeat(8, async (count) => {
        const socket = await open(url, nativePath(roomId));
        count('joined');
        socket.terminate();
      }),
    ),

  'opens sockets without end': async ({ url, roomId }) => {
    const sockets: WebSocket[] = [];
    const flood = repeat(8, async (count) => {
      sockets.push(await open(url, nativePath(roomId)));
      count('joined');
    });
    return {
      async stop() {
        const tally = await flood.stop();
        for (const socket of sockets) socket.terminate();
        return tally;
      },
    };
  },

  'goes through rooms': async ({ url }) => {
    const headers = { authorization: `Bearer ${await mallory()}` };
    let at = 0;
    return repeat(20, async (count) => {
      const { status } = await ask(url, `/rooms/flooded-${at++}/messages`, { headers });
      count(`status ${status}`);
    });
  },

  garbage: ({ url, roomId }) =>
    Promise.resolve(
      pour(
        () => open(url, nativePath(roomId)),
        (at) => `{"garbage":${at}]`,
      ),
    ),

  'frames too big': async ({ url, roomId }) => {
    const start = upgradeRequest(nativePath(roomId), await asMallory());
    return pourBytes(url, start, BIG);
  },

  'frames in many pieces': async ({ url, roomId }) => {
    const piece = frameOf({ opcode: 0, payload: 'a', isLast: false });
    const pieces = Buffer.concat(Array.from({ length: 1_000 }, () => piece));
    return repeat(2, async (count) => {
      const connection = new BareConnection(url);
      const Authorization = `Bearer ${await mallory()}`;
      connection.write(upgradeRequest(nativePath(roomId), { Authorization }));
      try {
        await connection.until(/^HTTP\/1\.1 101 /);
        connection.write(frameOf({ opcode: 1, payload: 'a', isLast: false }));
        // 100,000 bytes in as many frames: more than a message may have.
        for (let at = 0; at < 100; at++) connection.write(pieces);
        // The last frame, because workerd passes on only whole messages, of up to 32 MiB.
        connection.write(frameOf({ opcode: 0, payload: 'a' }));
        await Promise.race([connection.ended(), connection.until(/\r\n\r\n[^]*\x88/)]);
        count('ended');
      } finally {
        connection.destroy();
      }
    });
  },

  'compressed bombs': async ({ url, roomId }) => {
    const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    const start = upgradeRequest(nativePath(roomId), { ...(await asMallory()), ...offer });
    // 16 MiB compressed to 16 KiB, sent whether or not the host has agreed to compression.
    const payload = deflateRawSync(Buffer.alloc(16 * 1024 * 1024, '0'));
    const bomb = frameOf({ opcode: 1, payload, isCompressed: true });
    return pourBytes(url, start, bomb);
  },

  'half-open sockets': async ({ url, roomId }) => {
    const connections: BareConnection[] = [];
    const [head = ''] = upgradeRequest(nativePath(roomId)).split('\r\n\r\n');
    for (let at = 0; at < 500; at++) {
      const connection = new BareConnection(url);
      // Never sends the end of its request.
      connection.write(head);
      connections.push(connection);
    }
    return {
      stop() {
        for (const connection of connections) connection.destroy();
        return Promise.resolve({ connections: connections.length });
      },
    };
  },

  'sockets that say nothing': async ({ url }) => {
    const sockets: WebSocket[] = [];
    const flood = repeat(4, async (count) => {
      const socket = await open(url, SOCKET_IO, { headers: {} });
      sockets.push(socket);
      socket.once('close', () => count('closed'));
      await ask(url, POLLING);
      count('opened');
    });
    return {
      async stop() {
        const tally = await flood.stop();
        for (const socket of sockets) socket.terminate();
        return tally;
      },
    };
  },

  'reads nothing': async (target) => {
    const readers: BareConnection[] = [];
    for (let at = 0; at < 5; at++) {
      const reader = new BareConnection(target.url);
      const Authorization = `Bearer ${await mallory()}`;
      reader.write(upgradeRequest(nativePath(target.roomId), { Authorization }));
      await reader.until(/^HTTP\/1\.1 101 /);
      reader.stopReading();
      readers.push(reader);
    }
    // Another user sends what they do not read: 40 long messages a second, which is allowed.
    const socket = await open(target.url, nativePath(target.roomId), {
      headers: { authorization: `Bearer ${await tokenFor('much to say')}` },
    });
    const timer = setInterval(() => {
      socket.send(JSON.stringify(['message', { message: 'x'.repeat(8_000) }]));
    }, 25);
    return {
      stop() {
        clearInterval(timer);
        socket.terminate();
        for (const reader of readers) reader.destroy();
        return Promise.resolve({ readers: readers.length });
      },
    };
  },
} satisfies Record<string, Start>;

export type FloodName = keyof typeof floods;
