import {
  connect,
  type Client,
  type RoomState,
  type Store,
  type Timing,
} from '../../../src/client/index.ts';
import type { Room } from '../../../src/client/room.ts';
import type { Reply } from '../../../src/protocol/commands.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { NativeVisitor } from '../../support/native-visitor.ts';
import { ok } from '../../support/visitor.ts';
import { tokenFor } from '../../support/tokens.ts';
import { Chance } from './chance.ts';
import { FaultyProxy } from '../../support/faulty-proxy.ts';

/** Shorter times than the defaults, so that a test has many reconnects and timeouts. */
const TIMING: Partial<Timing> = {
  pingEveryMs: 150,
  answerMs: 1_500,
  retryFirstMs: 20,
  retryLongestMs: 300,
  steadyMs: 500,
  againMs: 100,
  typingEveryMs: 50,
  typingLapsesMs: 200,
};

/** How long clients may take to come to rest, in milliseconds. */
const PATIENCE_MS = 90_000;

const EMOJI = ['👍', '🎉', '❤'];

/** Storage that outlives a reload of the page. */
function memory(): Store {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** A device of a user, with its own network. */
class Device {
  readonly userId: string;
  readonly name: string;
  readonly proxy: FaultyProxy;
  readonly store = memory();
  /** Ids of the messages sent here, in order. */
  readonly written: string[] = [];
  client: Client | undefined;
  #room: Room | undefined;
  /** `seq`s of the `message` events since the page was opened. */
  reported: number[] = [];
  /** `seq`s of the messages that the page had at its first join. */
  begun: ReadonlySet<number> | undefined;
  hasLeft = false;

  constructor(userId: string, name: string, port: number) {
    this.userId = userId;
    this.name = name;
    this.proxy = new FaultyProxy(port);
  }

  get room(): Room {
    if (this.#room === undefined) throw new Error('This device is not started.');
    return this.#room;
  }

  /** Opens the page or reloads it: only the storage is kept. */
  async start(roomId: string, token: () => Promise<string>, history: number): Promise<void> {
    // Sockets of a page that is reloaded or crashes end without a Close frame.
    this.proxy.cut();
    this.client?.close();
    this.client = connect({
      url: await this.proxy.url(),
      token,
      history,
      storage: this.store,
      timing: TIMING,
    });
    const room = this.client.room(roomId);
    this.#room = room;
    this.hasLeft = false;
    this.reported = [];
    this.begun = undefined;
    const { reported } = this;
    room.on('message', ({ seq }) => reported.push(seq));
    const stop = room.on('status', ({ name }) => {
      if (name !== 'open') return;
      stop();
      // The status changes before the join's messages are in the state.
      queueMicrotask(() => {
        if (this.#room === room) this.begun ??= new Set(room.state.messages.map(({ seq }) => seq));
      });
    });
  }

  async end(): Promise<void> {
    this.client?.close();
    await this.proxy.close();
  }
}

export interface ClientSimulationOptions {
  /** The host's URL. */
  url: string;
  seed: number;
  /** The number of steps. */
  length: number;
}

/**
 * Users talk over bad networks for `length` steps; then the networks recover, and every client must
 * come to the room's state.
 * @throws Error with the seed and the first difference
 */
export async function simulateClients({
  url,
  seed,
  length,
}: ClientSimulationOptions): Promise<void> {
  const simulation = new ClientSimulation(url, seed);
  try {
    await simulation.play(length);
    await simulation.rest();
  } catch (error) {
    throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
  } finally {
    await simulation.end();
  }
}

class ClientSimulation {
  readonly #url: string;
  readonly #chance: Chance;
  readonly #roomId: string;
  readonly #devices: Device[];
  readonly #refused: unknown[] = [];

  constructor(url: string, seed: number) {
    this.#url = url;
    this.#chance = new Chance(seed);
    this.#roomId = `simulation ${seed} ${crypto.randomUUID()}`;
    const port = Number(new URL(url).port);
    // Anna has two devices, each with its own storage.
    this.#devices = [
      new Device('anna', 'anna 1', port),
      new Device('anna', 'anna 2', port),
      new Device('ben', 'ben', port),
      new Device('cleo', 'cleo', port),
    ];
  }

  async play(length: number): Promise<void> {
    for (const device of this.#devices) await this.#start(device);
    for (let at = 0; at < length; at++) {
      const device = this.#chance.pick(this.#devices);
      if (device === undefined) return;
      await this.#happen(device);
      if (this.#chance.below(3) === 0) await pause(this.#chance.below(40));
    }
  }

  /** Repairs the networks, lets every device join, and waits until all have the room's state. */
  async rest(): Promise<void> {
    for (const device of this.#devices) device.proxy.calm();
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (let wait = 50; ; wait = Math.min(1_000, wait * 1.5)) {
      const wrong = await this.#wrong();
      if (wrong === undefined) break;
      if (Date.now() > giveUpAt) throw new Error(wrong);
      await pause(wait);
    }
    this.#checkReported();
    if (this.#refused.length > 0) throw new Error(`Refused: ${JSON.stringify(this.#refused)}`);
  }

  async end(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.end()));
  }

  async #start(device: Device): Promise<void> {
    const history = this.#chance.pick([0, 5, 50]) ?? 0;
    await device.start(this.#roomId, () => tokenFor(device.userId), history);
  }

  async #happen(device: Device): Promise<void> {
    const { proxy } = device;
    const chance = this.#chance;
    const kind = chance.below(100);
    if (kind < 39) this.#write(device);
    else if (kind < 45)
      this.#change(device, (room, { seq }) => room.addReaction(seq, this.#emoji()));
    else if (kind < 49)
      this.#change(device, (room, { seq }) => room.removeReaction(seq, this.#emoji()));
    else if (kind < 56) this.#edit(device);
    else if (kind < 59) this.#deleteOwn(device);
    else if (kind < 64) this.#markRead(device);
    else if (kind < 67) device.room.typing(chance.below(4) > 0);
    else if (kind < 69) void device.room.loadOlder(1 + chance.below(10)).catch(() => undefined);
    else if (kind < 71) device.room.trim(3);
    else if (kind < 77) proxy.cut();
    else if (kind < 83) proxy.stall(chance.below(2_500));
    else if (kind < 88) proxy.halfOpen(chance.below(2) === 0);
    else if (kind < 91) proxy.drip(chance.pick([0, 1, 7, 200]) ?? 0);
    else if (kind < 93) proxy.refuse(chance.below(2) === 0);
    else if (kind < 95) await this.#start(device);
    else if (kind < 97) await this.#flood(device);
    else this.#leaveOrJoin(device);
  }

  #write(device: Device): void {
    const id = crypto.randomUUID();
    device.written.push(id);
    const { messages } = device.room.state;
    const replyTo = this.#chance.below(5) === 0 ? this.#chance.pick(messages)?.seq : undefined;
    const mentions = this.#chance.below(4) === 0 ? [this.#chance.pick(['anna', 'ben']) ?? ''] : [];
    const text = `${device.name} ${device.written.length}`;
    const stored = device.room.send(text, {
      id,
      mentions,
      ...(replyTo !== undefined && { replyTo }),
    });
    this.#mustNotBeRefused(stored);
  }

  /**
   * Sends and changes more messages than a page holds while a device is away. It then catches up
   * slowly, while others continue and its connection sometimes breaks between two pages.
   */
  async #flood(device: Device): Promise<void> {
    device.proxy.refuse(true);
    const said = await Promise.all(Array.from({ length: 45 }, () => this.#sendLong()));
    this.#others(device, 10);
    await pause(20);
    device.proxy.drip(3_000);
    device.proxy.refuse(false);
    for (let waited = 0; waited < 60 && !device.room.state.isCatchingUp; waited++) await pause(10);
    for (let at = 0; at < 10; at++) {
      this.#others(device, 4);
      const seq = this.#chance.pick(said);
      if (seq !== undefined && at % 3 === 0) await this.#fetch(`messages/${seq}`, 'DELETE');
      await pause(this.#chance.below(30));
      if (this.#chance.below(6) === 0) device.proxy.cut();
    }
    device.proxy.drip(0);
  }

  /** Sends a long message as a user who is not connected. @returns its `seq` */
  async #sendLong(): Promise<number> {
    const body = { id: crypto.randomUUID(), message: 'talk '.repeat(1_500), mentions: ['cleo'] };
    const { message } = await this.#fetch<Reply<'message'>>('messages', 'POST', body);
    return message.seq;
  }

  #others(device: Device, count: number): void {
    const others = this.#devices.filter((other) => other !== device);
    for (let at = 0; at < count; at++) {
      const other = this.#chance.pick(others) ?? device;
      if (this.#chance.below(3) === 0) this.#edit(other);
      else this.#change(other, (room, { seq }) => room.addReaction(seq, this.#emoji()));
    }
  }

  #edit(device: Device): void {
    const text = `edited ${this.#chance.below(1_000)}`;
    this.#change(device, (room, message) => {
      const isOwn = message.senderId === device.userId && message.deletedAt === undefined;
      return isOwn ? room.edit(message.seq, text) : undefined;
    });
  }

  #deleteOwn(device: Device): void {
    this.#change(device, (room, message) =>
      message.senderId === device.userId ? room.delete(message.seq) : undefined,
    );
  }

  #change(
    device: Device,
    act: (room: Room, message: Message) => Promise<Message> | undefined,
  ): void {
    const message = this.#chance.pick(device.room.state.messages);
    if (message !== undefined) this.#mustNotBeRefused(act(device.room, message));
  }

  #markRead({ room }: Device): void {
    room.markRead(this.#chance.pick(room.state.messages)?.seq);
  }

  #leaveOrJoin(device: Device): void {
    if (device.hasLeft) device.room.join();
    else device.room.leave();
    device.hasLeft = !device.hasLeft;
  }

  #emoji(): string {
    return this.#chance.pick(EMOJI) ?? '';
  }

  /** Records a refusal, unless the change came too late or the client had left the room. */
  #mustNotBeRefused(stored: Promise<Message> | undefined): void {
    stored?.catch((error: { code?: string; problem?: unknown }) => {
      const isFair = ['conflict', 'message_not_found', 'unavailable'].includes(error.code ?? '');
      if (!isFair) this.#refused.push(error.problem ?? 'something thrown');
    });
  }

  /** What differs from the state that must be reached at rest. */
  async #wrong(): Promise<string | undefined> {
    for (const device of this.#devices) {
      if (device.hasLeft) this.#leaveOrJoin(device);
      const { status, isCatchingUp, outgoing, messages } = device.room.state;
      if (status.name !== 'open') return `${device.name} is ${JSON.stringify(status)}.`;
      if (isCatchingUp) return `${device.name} is still catching up.`;
      if (outgoing.some(({ state }) => state !== 'failed'))
        return `${device.name} has unsent ones: ${JSON.stringify(outgoing)}`;
      if (messages.some(({ isChanging }) => isChanging))
        return `${device.name} has unsent changes.`;
    }
    const [messages, present] = await Promise.all([this.#messages(), this.#present()]);
    const wrong = this.#wrongMessages(messages);
    if (wrong !== undefined) return wrong;
    for (const device of this.#devices) {
      const { state } = device.room;
      const known = await this.#knownOf(device.userId);
      const difference =
        differs('messages', shown(state, messages), expected(state, messages)) ??
        differs('online', sorted(state.online.map(({ userId }) => userId)), present) ??
        differs('onlineCount', state.onlineCount, present.length) ??
        differs('typing', state.typing, []) ??
        differs('reading', readingOf(state), known.you) ??
        differs('receipts', receiptsOf(state), known.receipts);
      if (difference !== undefined) return `${device.name}: ${difference}`;
    }
    return undefined;
  }

  /** Finds a message that is missing, stored twice or out of the order in which its device sent it. */
  #wrongMessages(messages: readonly Message[]): string | undefined {
    const seqs = new Map<string, number[]>();
    for (const { id, seq } of messages) seqs.set(id, [...(seqs.get(id) ?? []), seq]);
    for (const device of this.#devices) {
      let last = 0;
      for (const id of device.written) {
        const [seq, ...more] = seqs.get(id) ?? [];
        const failed = device.room.state.outgoing.find((entry) => entry.id === id);
        if (failed !== undefined) return `${device.name}: refused ${JSON.stringify(failed)}.`;
        if (seq === undefined) return `${device.name}: a message is not in the room.`;
        if (more.length > 0) return `${device.name}: a message stands twice.`;
        if (seq < last) return `${device.name}: messages stand in another order than written.`;
        last = seq;
      }
    }
    return undefined;
  }

  /** Checks that each page got one `message` event for every message that was new to it. */
  #checkReported(): void {
    for (const { name, reported, begun, room } of this.#devices) {
      if (new Set(reported).size < reported.length)
        throw new Error(`${name} got two events for a message.`);
      const known = new Set([...reported, ...(begun ?? [])]);
      const first = Math.min(...(begun ?? []), ...reported);
      const missing = room.state.messages.find(({ seq }) => seq >= first && !known.has(seq));
      if (begun !== undefined && missing !== undefined) {
        throw new Error(`${name} got no event for ${JSON.stringify(missing)}.`);
      }
    }
  }

  async #messages(): Promise<Message[]> {
    const found: Message[] = [];
    for (let before: number | undefined, hasMore = true; hasMore; before = found[0]?.seq) {
      const query = before === undefined ? '' : `&before=${before}`;
      const page = await this.#fetch<Reply<'getHistory'>>(`messages?limit=100${query}`);
      found.unshift(...page.messages);
      hasMore = page.hasMore;
    }
    return found;
  }

  async #present(): Promise<string[]> {
    const { members } = await this.#fetch<Reply<'getMembers'>>('members?online=true&limit=100');
    return sorted(members.map(({ userId }) => userId));
  }

  /** Sends a request as a user who is not connected. */
  async #fetch<T>(path: string, method = 'GET', body?: object): Promise<T> {
    const token = await tokenFor('observer', { admin: true });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const address = `${this.#url}/rooms/${encodeURIComponent(this.#roomId)}/${path}`;
    const about = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await patiently(() => fetch(address, about));
    if (!response.ok) throw new Error(`${address}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The read state and receipts that a new connection of this user receives. */
  async #knownOf(userId: string) {
    const visitor = new NativeVisitor(this.#url, { token: await tokenFor(userId) });
    const { you, receipts = [] } = ok(await visitor.join(this.#roomId));
    await visitor.close();
    const { readUpTo, unread, unreadMentions } = you;
    return {
      you: { readUpTo, unread, unreadMentions },
      receipts: sorted(receipts.map((receipt) => `${receipt.userId} ${receipt.readUpTo}`)),
    };
  }
}

function readingOf({ readUpTo, unread, unreadMentions }: RoomState) {
  return { readUpTo, unread, unreadMentions };
}

function receiptsOf({ receipts }: RoomState): string[] {
  return sorted(Array.from(receipts, ([userId, readUpTo]) => `${userId} ${readUpTo}`));
}

function comparable(message: Message): object {
  return Object.fromEntries(Object.entries(message).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function shown({ messages }: RoomState, _: readonly Message[]): object[] {
  return messages.map(comparable);
}

/** The room's messages in the range that a client has loaded. */
function expected({ messages, hasOlder }: RoomState, all: readonly Message[]): object[] {
  const from = hasOlder ? (messages[0]?.seq ?? Infinity) : 0;
  return all.filter(({ seq }) => seq >= from).map(comparable);
}

function differs(what: string, actual: unknown, wanted: unknown): string | undefined {
  if (JSON.stringify(actual) === JSON.stringify(wanted)) return undefined;
  if (Array.isArray(actual) && Array.isArray(wanted)) {
    const at = wanted.findIndex(
      (item, index) => JSON.stringify(item) !== JSON.stringify(actual[index]),
    );
    return `${what} differ at ${at} of ${actual.length} and ${wanted.length}: ${JSON.stringify(actual[at])} instead of ${JSON.stringify(wanted[at])}.`;
  }
  return `${what} is ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}.`;
}

/**
 * Repeats a request up to three times when its connection fails: a kept-alive connection may end
 * just when it is used. All requests here are idempotent.
 */
async function patiently(ask: () => Promise<Response>): Promise<Response> {
  for (let left = 3; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

function sorted(texts: string[]): string[] {
  return texts.toSorted();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
