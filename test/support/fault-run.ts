import { setTimeout as pause } from 'node:timers/promises';
import type { Reply } from '../../src/protocol/commands.ts';
import type { Result } from '../../src/protocol/frames.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { audit, type Client, type Connection, type Entry, type Noted } from './auditor.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import { type Follower, HttpVisitor } from './http-visitor.ts';
import { NativeVisitor } from './native-visitor.ts';
import { PollingVisitor } from './polling-visitor.ts';
import { seeded } from './seeded.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import { tokenFor } from './tokens.ts';
import { type Heard, ok, type Visitor } from './visitor.ts';

/** The options of a run. */
export interface FaultRun {
  /** The host's URL. */
  url: string;
  seed: number;
  /** The number of faults to inject, one after the other. */
  faults: number;
  /** Kills the host and starts it again on its data. @returns its new URL */
  restart?: () => Promise<string>;
  /** Aborts an object of the room: its own or a relay. */
  abort?: (roomId: string) => Promise<void>;
}

export interface FaultReport {
  stored: number;
  connections: number;
  /** A sentence for each broken guarantee. */
  problems: string[];
}

/** A run lasts until at least so many messages were sent over so many connections. */
const MIN_SAID = 30;
const MIN_CONNECTIONS = 15;
/** A client cuts its connection if an answer takes longer, in milliseconds. */
const PATIENCE_MS = 2_000;
/** The same after the networks have recovered: only a stuck host takes so long. */
const LAST_PATIENCE_MS = 30_000;
/** Concurrent commands. */
const IN_FLIGHT = 4;

const noted = ({ seq, id, senderId, message }: Message): Noted => ({
  seq,
  id,
  senderId,
  text: message,
});
const revOf = (position: string) => Number(position.split(':')[1]);

/**
 * Users at every transport talk in a room while their networks are cut, stalled, half open and slow,
 * and the host is killed if `restart` is given. All reconnect and send unanswered messages again. Then
 * the networks recover, all come to rest, and the auditor checks what they recorded.
 */
export async function runWithFaults(run: FaultRun): Promise<FaultReport> {
  const roomId = `faults ${run.seed} ${crypto.randomUUID()}`;
  const random = seeded(run.seed);
  const harness = { roomId, random, isTalking: true, patienceMs: PATIENCE_MS };
  const port = Number(new URL(run.url).port);
  const devices: Device[] = [
    new SocketDevice('ann at native', 'ann', harness, port, NativeVisitor),
    new SocketDevice('ben at Socket.IO', 'ben', harness, port, SocketIoVisitor),
    new SocketDevice('ben at native', 'ben', harness, port, NativeVisitor),
    new SocketDevice('cleo at Socket.IO', 'cleo', harness, port, SocketIoVisitor),
    new SocketDevice('fay by long polling', 'fay', harness, port, PollingVisitor),
    new Poster('dora over HTTP', 'dora', harness, port),
    new Reader('emil at a stream', 'emil', harness, port),
  ];
  const lives = devices.map((device) => device.live());
  let { url } = run;
  try {
    for (let fault = 0; fault < run.faults || !haveLived(devices); fault++) {
      const device = devices[Math.floor(random() * devices.length)]!;
      inject(device.proxy, random);
      await pause(random() * 60);
      if (run.abort !== undefined && fault % 3 === 2) await run.abort(roomId);
      // One fault in forty, so that other faults happen between two kills.
      if (run.restart !== undefined && fault % 40 === 20) {
        url = await run.restart();
        for (const { proxy } of devices) proxy.port = Number(new URL(url).port);
      }
    }
    harness.isTalking = false;
    harness.patienceMs = LAST_PATIENCE_MS;
    for (const { proxy } of devices) proxy.calm();
    await Promise.all(devices.map((device) => device.settled));
    const stored = await readAll(url, roomId);
    for (const device of devices) device.listenTo(stored.length);
    await Promise.all(lives);
    const connections = devices.reduce((sum, device) => sum + device.connections.length, 0);
    return { stored: stored.length, connections, problems: audit(devices, stored) };
  } finally {
    for (const device of devices) await device.end();
  }
}

/** Whether enough was sent over enough connections, however slow the machine is. */
function haveLived(devices: readonly Device[]): boolean {
  const said = devices.flatMap(({ invoked }) => invoked).length;
  const connections = devices.flatMap((device) => device.connections).length;
  return said >= MIN_SAID && connections >= MIN_CONNECTIONS;
}

/** Causes a random network fault. */
function inject(proxy: FaultyProxy, random: () => number): void {
  const kind = random();
  if (kind < 0.25) proxy.cut();
  else if (kind < 0.45) proxy.stall(random() * 1_500);
  else if (kind < 0.6) proxy.halfOpen(random() < 0.5);
  else if (kind < 0.75) proxy.drip(1);
  else if (kind < 0.8) proxy.refuse(true);
  else proxy.calm();
}

interface Harness {
  roomId: string;
  random: () => number;
  /** Whether new messages are sent. */
  isTalking: boolean;
  patienceMs: number;
}

/** A user's device with its own network; records what it observes. */
abstract class Device implements Client {
  readonly name: string;
  readonly userId: string;
  readonly proxy: FaultyProxy;
  readonly invoked: { id: string; text: string }[] = [];
  readonly connections: Connection[] = [];
  /** Resolves when all its messages have been answered. */
  readonly settled: Promise<void>;
  protected readonly harness: Harness;
  protected unanswered: { id: string; text: string }[] = [];
  protected settle!: () => void;
  protected readonly last: Promise<number>;
  #hasEnded = false;
  #tellLast!: (seq: number) => void;

  constructor(name: string, userId: string, harness: Harness, port: number) {
    this.name = name;
    this.userId = userId;
    this.harness = harness;
    this.proxy = new FaultyProxy(port);
    this.settled = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.last = new Promise((resolve) => {
      this.#tellLast = resolve;
    });
  }

  /** Reconnects until it has sent everything and received the room's last message. */
  async live(): Promise<void> {
    for (;;) {
      try {
        await this.connect(await this.proxy.url());
        return;
      } catch (error) {
        if (this.#hasEnded) throw error;
        // Ends what is left of the connection.
        this.proxy.cut();
        await pause(this.harness.random() * 100);
      }
    }
  }

  /** Tells the device the room's last message, after which it may end. */
  listenTo(seq: number): void {
    this.#tellLast(seq);
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.proxy.close();
  }

  /** Uses one connection. Returns when nothing is left to do. @throws if the connection breaks */
  protected abstract connect(url: string): Promise<void>;

  protected next(): { id: string; text: string } {
    const id = `${this.name} ${this.invoked.length}`;
    const said = { id, text: `${id}: ${'word '.repeat(this.harness.random() * 40)}` };
    this.invoked.push(said);
    this.unanswered.push(said);
    return said;
  }

  protected answered(id: string): void {
    this.unanswered = this.unanswered.filter((said) => said.id !== id);
  }

  /** Waits for `work` with the client's own timeout, which alone detects a stalled network. */
  protected async inTime<T>(work: Promise<T>): Promise<T> {
    const cut = setTimeout(() => this.proxy.cut(), this.harness.patienceMs);
    const lost = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('No answer.')), this.harness.patienceMs + 100).unref();
    });
    try {
      return await Promise.race([work, lost]);
    } finally {
      clearTimeout(cut);
    }
  }
}

/** A client of a socket transport, which sends and receives. */
class SocketDevice extends Device {
  readonly #transport: new (url: string, who: { token: string }) => Visitor;
  #position = '0:0';

  constructor(
    name: string,
    userId: string,
    harness: Harness,
    port: number,
    transport: new (url: string, who: { token: string }) => Visitor,
  ) {
    super(name, userId, harness, port);
    this.#transport = transport;
  }

  protected async connect(url: string): Promise<void> {
    const visitor = new this.#transport(url, { token: await tokenFor(this.userId) });
    const since = this.#position;
    let isWhole = false;
    try {
      isWhole = await this.#catchUp(visitor, since);
      await Promise.all(this.unanswered.map((said) => this.#say(visitor, said)));
      while (this.harness.isTalking) {
        await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#say(visitor, this.next())));
      }
      this.settle();
      const last = await this.last;
      await this.inTime(visitor.until('the last', () => lastOf(visitor, since) >= last));
    } finally {
      // Read at the end of the run, because an answer may arrive after the connection was given up.
      const record = {
        since: revOf(since),
        get entries() {
          return entriesOf(visitor.stream);
        },
      };
      if (visitor.stream.length > 0) this.connections.push(record);
      // Until all pages have come, the position to resume from is that of the last page.
      if (isWhole) this.#position = visitor.position(this.harness.roomId);
      void visitor.drop().catch(() => undefined);
    }
  }

  async #catchUp(visitor: Visitor, since: string): Promise<true> {
    const { roomId } = this.harness;
    let { complete = true, position } = ok(await this.inTime(visitor.join(roomId, { since })));
    while (!complete) {
      this.#position = position;
      const asked = visitor.command('getMissed', { roomId, after: position });
      ({ complete, position } = ok(await this.inTime(asked)));
    }
    return true;
  }

  async #say(visitor: Visitor, { id, text }: { id: string; text: string }): Promise<void> {
    const { roomId } = this.harness;
    ok(await this.inTime(visitor.command('message', { roomId, message: text, id })));
    this.answered(id);
  }
}

/** A client that sends over HTTP, one request after the other. */
class Poster extends Device {
  protected async connect(url: string): Promise<void> {
    const visitor = new HttpVisitor(url, await tokenFor(this.userId));
    while (this.harness.isTalking || this.unanswered.length > 0) {
      const { id, text } = this.unanswered[0] ?? this.next();
      const { status, body } = await this.inTime(
        visitor.ask('POST', this.harness.roomId, '/messages', { body: { id, message: text } }),
      );
      if (status >= 300) throw new Error(`Refused: ${JSON.stringify(body)}`);
      const { message } = body as { message: Message };
      // It receives no events, so the order of its answers is not checked.
      const entries: Entry[] = [{ kind: 'ok', message: noted(message), isNew: false }];
      this.connections.push({ since: Infinity, entries });
      this.answered(id);
    }
    this.settle();
  }
}

/** A client that listens to server-sent events. */
class Reader extends Device {
  #lastEventId = '0:0';

  protected async connect(url: string): Promise<void> {
    this.settle();
    const since = this.#lastEventId;
    const visitor = new HttpVisitor(url, await tokenFor(this.userId));
    const follower = await this.inTime(
      visitor.follow(this.harness.roomId, since === '0:0' ? { since } : { lastEventId: since }),
    );
    try {
      for (let heard = 0; this.harness.isTalking; heard++) {
        await this.inTime(follower.until('more', () => follower.named('message').length > heard));
      }
      const last = await this.last;
      await this.inTime(follower.until('the last', () => revOf(idOf(follower)) >= last));
    } finally {
      this.#lastEventId = idOf(follower);
      const entries = follower.events.filter(({ name }) => name === 'message' || name === 'reset');
      this.connections.push({
        since: revOf(since),
        entries: [
          { kind: 'joined', seq: revOf(since), complete: true, reset: false, online: [] },
          ...entries.map(({ payload }) => heardEntry(payload as unknown as Message)),
        ],
      });
      void follower.close().catch(() => undefined);
    }
  }
}

const idOf = ({ lastEventId }: Follower) => lastEventId ?? '0:0';

const heardEntry = (message: Message): Entry => ({ kind: 'heard', message: noted(message) });

/** The highest `seq` that a client knows of. */
function lastOf({ stream }: Visitor, since: string): number {
  return entriesOf(stream).reduce((last, entry) => {
    if (entry.kind === 'joined' || entry.kind === 'page') return Math.max(last, entry.seq);
    return entry.kind === 'heard' || entry.kind === 'ok' ? Math.max(last, entry.message.seq) : last;
  }, revOf(since));
}

/** A visitor's stream as entries for the auditor. */
function entriesOf(stream: readonly Heard[]): Entry[] {
  return stream.flatMap(({ kind, name, payload }) =>
    kind === 'reply' ? repliesIn(name, payload as Result) : eventsIn(name, payload),
  );
}

function repliesIn(name: string, result: Result): Entry[] {
  if (!result.ok) return [];
  if (name === 'joinRoom') {
    const joined = result as object as Reply<'joinRoom'>;
    const { position, complete = true, reset = false, missed = [] } = joined;
    const online = joined.online.map(({ userId }) => userId);
    const seq = revOf(position);
    return [
      { kind: 'joined', seq, complete, reset, online },
      { kind: 'page', seq, complete, messages: missed.map(noted) },
    ];
  }
  if (name === 'getMissed') {
    const { messages, position, complete } = result as object as Reply<'getMissed'>;
    return [{ kind: 'page', seq: revOf(position), complete, messages: messages.map(noted) }];
  }
  if (name !== 'message') return [];
  const { message, duplicate } = result as object as Reply<'message'>;
  return [{ kind: 'ok', message: noted(message), isNew: duplicate !== true }];
}

function eventsIn(name: string, payload: unknown): Entry[] {
  const { userId } = payload as { userId: string };
  if (name === 'message') return [heardEntry(payload as Message)];
  if (name === 'userJoined') return [{ kind: 'came', userId }];
  if (name === 'userLeft') return [{ kind: 'went', userId }];
  return name === 'presence' ? [{ kind: 'counted' }] : [];
}

async function readAll(url: string, roomId: string): Promise<Noted[]> {
  const visitor = new NativeVisitor(url, { token: await tokenFor('the auditor') });
  ok(await visitor.join(roomId));
  const all: Noted[] = [];
  for (let after = '0:0', isComplete = false; !isComplete;) {
    const page = ok(await visitor.command('getMissed', { roomId, after }));
    all.push(...page.messages.map(noted));
    ({ position: after, complete: isComplete } = page);
  }
  await visitor.close();
  return all;
}
