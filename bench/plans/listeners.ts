import { WebSocket } from 'ws';
import { contestants, WATCHED } from '../contestants.ts';
import { tokenFor } from '../generator/tokens.ts';
import { rounded } from '../median.ts';
import { processorMs } from '../process-tree.ts';
import type { Running } from '../running.ts';
import { LISTENERS } from '../simulated-relays.ts';
import { say, type Stage } from '../stage.ts';
import { table } from '../table.ts';

/** What was measured with real listeners of one room on real relays. */
export interface ListenersRow {
  listeners: number;
  relays: number;
  joinMs: number;
  p50Ms: number;
  p99Ms: number;
  /** Share of one processor that is used while messages are sent. */
  hostLoad: number;
  generatorLoad: number;
  /** Time until all have reconnected whose sockets were cut at once, in seconds. */
  backSeconds: number;
  /** How often the room's object was called until then: by relays, and by the Worker about relays. */
  calls: number;
  /** Listeners that did not receive every message exactly once and in order. */
  wrong: number;
}

const ROOM = 'stadium';
const AT_ONCE = 100;
/** How many reconnect at a time: of more sockets in their handshake, some fail to connect. */
const BACK_AT_ONCE = 2_000;
const MESSAGES = 40;
const EVERY_MS = 500;
/** Messages that are sent while nobody is connected. */
const MISSED = 20;
const PATIENCE_MS = 300_000;
/** A room that was not run for this long has nothing left to do, in milliseconds. */
const IDLE_MS = 3_000;
const NUMBERED = /\^(\d+) (\d+)\^/g;

/** One listener's socket: records the numbers of messages and how late they came. */
class Listener {
  readonly userId: string;
  readonly seen: number[] = [];
  readonly lateMs: number[] = [];
  position = '';
  #socket: WebSocket | undefined;

  constructor(userId: string) {
    this.userId = userId;
  }

  async open(origin: string): Promise<void> {
    const since = this.position === '' ? '' : `?since=${encodeURIComponent(this.position)}`;
    const url = `${origin.replace('http', 'ws')}/rooms/${ROOM}/ws${since}`;
    const headers = { authorization: `Bearer ${tokenFor(this.userId)}` };
    const socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.on('message', (data: Buffer) => {
        this.#receive(data.toString('utf8'));
        resolve();
      });
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`${this.userId} was closed: ${code}`)));
    });
  }

  cut(): void {
    this.#socket?.removeAllListeners('close');
    this.#socket?.terminate();
  }

  #receive(text: string): void {
    const now = performance.now();
    for (const [, number, at] of text.matchAll(NUMBERED)) {
      this.seen.push(Number(number));
      this.lateMs.push(now - Number(at));
    }
    const position = /\["position","([^"]+)"\]$/.exec(text)?.[1];
    this.position = position ?? /"position":"([^"]+)"/.exec(text)?.[1] ?? this.position;
  }
}

/** Measures real sockets to our Worker, on as many relays as they need. */
export async function runListeners(stage: Stage, count: number): Promise<ListenersRow> {
  const native = contestants.find(({ name }) => name === 'native@edge')!;
  // Relays hold all of them, and the room's object logs what runs it.
  const host = { kind: 'edge' as const, entry: WATCHED };
  const contestant = { ...native, host, settings: { RELAY_ABOVE: '0' } };
  await stage.bundle([contestant]);
  const running = await stage.start(contestant);
  const listeners = Array.from({ length: count }, (_, at) => new Listener(`listener-${at}`));
  const begunAt = performance.now();
  await openAll(listeners, running, AT_ONCE);
  const joinMs = (performance.now() - begunAt) / count;
  say(`${count} listeners have joined`);
  const talk = await measure(listeners, running);
  for (const listener of listeners) {
    listener.lateMs.length = 0;
    listener.cut();
  }
  for (let at = MESSAGES; at < MESSAGES + MISSED; at++) await post(running, at);
  await untilIdle(running);
  const before = running.woken;
  const cutAt = performance.now();
  await openAll(listeners, running, BACK_AT_ONCE);
  const backSeconds = (performance.now() - cutAt) / 1_000;
  const calls = running.woken - before;
  await receivedAll(listeners, MESSAGES + MISSED);
  const wrong = listeners.filter(({ seen }) => seen.some((number, at) => number !== at)).length;
  for (const listener of listeners) listener.cut();
  await stage.stop(running);
  return {
    listeners: count,
    relays: Math.ceil(count / LISTENERS),
    joinMs: rounded(joinMs),
    ...talk,
    backSeconds: rounded(backSeconds),
    calls,
    wrong,
  };
}

/** Waits until the room has learned of every socket that was cut. */
async function untilIdle(running: Running): Promise<void> {
  for (let seen = -1; seen !== running.woken; await pause(IDLE_MS)) seen = running.woken;
}

async function openAll(
  listeners: readonly Listener[],
  { origin }: Running,
  atOnce: number,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < listeners.length) await listeners[next++]!.open(origin);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function measure(listeners: readonly Listener[], running: Running) {
  const before = { host: processorMs(running.pids), own: process.cpuUsage() };
  const begunAt = performance.now();
  for (let at = 0; at < MESSAGES; at++) {
    await post(running, at);
    await pause(EVERY_MS);
  }
  await receivedAll(listeners, MESSAGES);
  const ms = performance.now() - begunAt;
  const { user, system } = process.cpuUsage(before.own);
  const late = listeners.flatMap(({ lateMs }) => lateMs).toSorted((a, b) => a - b);
  return {
    p50Ms: rounded(late[Math.floor(late.length / 2)] ?? 0),
    p99Ms: rounded(late[Math.floor(late.length * 0.99)] ?? 0),
    hostLoad: rounded((processorMs(running.pids) - before.host) / ms),
    generatorLoad: rounded((user + system) / 1_000 / ms),
  };
}

async function post({ origin }: Running, number: number): Promise<void> {
  const message = `^${number} ${performance.now().toFixed(0)}^`;
  const response = await fetch(`${origin}/rooms/${ROOM}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenFor('speaker')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ message }),
  });
  if (!response.ok) throw new Error(`A message was refused: ${await response.text()}`);
}

/** Waits until every listener has received `count` messages, but no longer than `PATIENCE_MS`. */
async function receivedAll(listeners: readonly Listener[], count: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (listeners.some(({ seen }) => seen.length < count)) {
    if (performance.now() > until) return;
    await pause(100);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function listenersText(row: ListenersRow): string {
  const head = [
    'real listeners',
    'ms/join',
    'p50 ms',
    'p99 ms',
    'host',
    'generator',
    'back in s',
    'calls',
    'wrong',
  ];
  const { listeners, joinMs, p50Ms, p99Ms, hostLoad, generatorLoad, backSeconds, calls, wrong } =
    row;
  const load = [hostLoad, generatorLoad];
  const body = [listeners, joinMs, p50Ms, p99Ms, ...load, backSeconds, calls, wrong];
  return `\n${table(head, [body.map(String)])}`;
}
