import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { expect } from 'vitest';
import { keyOf, signToken } from '../../src/auth/tokens.ts';
import type { RoomObject } from '../../src/edge/room-object.ts';

/** One line as a client reads it. */
export type Line = [string, ...unknown[]];

/** The fields of payloads that tests look at; each payload has some of them. */
export interface Seen {
  ok: boolean;
  error: { code: string; message: string };
  epoch: string;
  position: string;
  online: { userId: string }[];
  onlineCount: number;
  you: { userId: string; username: string };
  message: { seq: number; message: string };
  messages: { seq: number; message: string }[];
  missed: { seq: number }[];
  duplicate: boolean;
}

export interface Ended {
  code: number;
  reason: string;
}

export function newRoom(): string {
  return `room-${crypto.randomUUID()}`;
}

export function stubOf(roomId: string): DurableObjectStub<RoomObject> {
  return env.ROOM.getByName(roomId);
}

/** Makes a room's object sleep, if it does not already; its sockets stay. */
export async function sleep(roomId: string): Promise<void> {
  try {
    await evictDurableObject(stubOf(roomId));
  } catch (error) {
    if (!/not currently running/.test(String(error))) throw error;
  }
}

/** Runs `look` inside a room's object, which wakes it. */
export function within<T>(
  roomId: string,
  look: (object: RoomObject, state: DurableObjectState) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject(stubOf(roomId), look);
}

/** When the alarm of a room's object runs, in epoch milliseconds; null if none is set. */
export function alarmOf(roomId: string): Promise<number | null> {
  return within(roomId, (_, { storage }) => storage.getAlarm());
}

/** Runs a room's alarms until none is set: inboxes, which may be slow, have then acknowledged their updates. */
export async function runAlarms(roomId: string): Promise<void> {
  const next = async () => {
    await runDurableObjectAlarm(stubOf(roomId));
    return alarmOf(roomId);
  };
  await expect.poll(next).toBeNull();
}

/** The platform evicts an object after 10 s without work; this leaves some margin. */
const ASLEEP_MS = 13_000;

/**
 * Waits until the platform has evicted a room's object; the room is awake again afterwards. Each look
 * wakes the object, so the next one waits as long again: on a busy machine the first may be too early.
 */
export async function fallsAsleep(roomId: string): Promise<void> {
  const instance = () => within(roomId, (object) => object.instance);
  const before = await instance();
  const looks = { interval: ASLEEP_MS, timeout: 6 * ASLEEP_MS };
  await new Promise((resolve) => setTimeout(resolve, ASLEEP_MS));
  await expect.poll(instance, looks).not.toBe(before);
}

/** A token that expires in an hour unless its claims say otherwise. */
export function tokenOf(claims: { sub: string; name?: string; exp?: number }): Promise<string> {
  const secret = keyOf((env as unknown as { JWT_SECRET: string }).JWT_SECRET);
  return signToken({ exp: Math.floor(Date.now() / 1_000) + 3_600, ...claims }, secret);
}

export interface JoinOptions {
  /** Claims beyond the user id; the name is the user id unless given here. */
  claims?: { name?: string; exp?: number };
  /** The query string of the upgrade request, with its `?`. */
  query?: string;
  headers?: Record<string, string>;
}

/** The response to an upgrade request of `userId`. */
export async function upgrade(
  roomId: string,
  userId: string,
  { claims = {}, query = '', headers = {} }: JoinOptions = {},
): Promise<Response> {
  const token = await tokenOf({ sub: userId, name: userId, ...claims });
  return exports.default.fetch(`http://chat/rooms/${encodeURIComponent(roomId)}/ws${query}`, {
    headers: { upgrade: 'websocket', authorization: `Bearer ${token}`, ...headers },
  });
}

/** Opens a native socket and waits until it has joined. */
export async function join(roomId: string, userId: string, options?: JoinOptions): Promise<Client> {
  const response = await upgrade(roomId, userId, options);
  if (response.webSocket === null) {
    throw new Error(`no socket: ${response.status} ${await response.text()}`);
  }
  const client = new Client(response.webSocket);
  await client.until('joined');
  return client;
}

/** A native client: keeps every line that it receives and how its socket was closed. */
export class Client {
  readonly socket: WebSocket;
  readonly lines: Line[] = [];
  readonly pongs: string[] = [];
  readonly ended: Promise<Ended>;
  #ref = 0;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => {
        resolve({ code, reason });
        this.#wake();
      });
    });
    socket.addEventListener('message', ({ data }) => {
      if (data === 'pong') this.pongs.push(data);
      else for (const line of String(data).split('\n')) this.lines.push(JSON.parse(line) as Line);
      this.#wake();
    });
    socket.accept();
  }

  /** Gives a command and waits for its reply; everything sent to this client before it is in `lines` then. */
  async ask(name: string, payload: object = {}): Promise<Seen> {
    const ref = this.#ref++;
    this.socket.send(JSON.stringify([name, payload, ref]));
    return (await this.#find((line) => line[0] === 'ack' && line[1] === ref))[2] as Seen;
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /** Waits for the first event of this name that fits, earlier ones included. @returns its payload */
  async until(name: string, fits: (payload: Seen) => boolean = () => true): Promise<Seen> {
    return (await this.#find((line) => line[0] === name && fits(line[1] as Seen)))[1] as Seen;
  }

  async pong(): Promise<void> {
    const { length } = this.pongs;
    this.socket.send('ping');
    await this.#when(() => this.pongs.length > length);
  }

  /** The payloads of the events of this name received so far. */
  heard(name: string): Record<string, unknown>[] {
    return this.lines
      .filter((line) => line[0] === name)
      .map((line) => line[1] as Record<string, unknown>);
  }

  /** Closes the socket and waits until the server has answered. */
  async close(code?: number, reason?: string): Promise<Ended> {
    this.socket.close(code, reason);
    return this.ended;
  }

  async #find(fits: (line: Line) => boolean): Promise<Line> {
    let found: Line | undefined;
    await this.#when(() => {
      found = this.lines.find(fits);
      return found !== undefined;
    });
    return found!;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #when(holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    await this.#when(holds);
  }
}
