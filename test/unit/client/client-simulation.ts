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

/** Everything goes faster here than in life, so that much of it fits into a test. */
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

/** One who has not come to rest by then never will, in milliseconds. */
const PATIENCE_MS = 90_000;

const EMOJI = ['👍', '🎉', '❤'];

/** What a page keeps over a reload. */
function memory(): Store {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** A device of a user, behind a network of its own. */
class Device {
  readonly userId: string;
  readonly name: string;
  readonly proxy: FaultyProxy;
  readonly store = memory();
  /** Client ids in the order in which they were written. */
  readonly written: string[] = [];
  client: Client | undefined;
  #room: Room | undefined;
  /** `seq`s that this page was told of, and what it had from the start. */
  told: number[] = [];
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

  /** Opens the page, or opens it again: everything but the storage begins anew. */
  async start(roomId: string, token: () => Promise<string>, history: number): Promise<void> {
    // As a page goes that is reloaded or crashes: its sockets end without a word.
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
    this.told = [];
    this.begun = undefined;
    const told = this.told;
    room.on('message', ({ seq }) => told.push(seq));
    const stop = room.on('status', ({ name }) => {
      if (name !== 'open') return;
      stop();
      // The status is told before what the room has said is taken in.
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
  /** Where the host is. */
  url: string;
  seed: number;
  /** How many things happen. */
  length: number;
}

/**
 * Some people talk over bad networks for a while; then the networks are good, and everybody must
 * know what the room knows.
 * @throws Error that says what does not hold, and for which seed
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
    // Anna has two devices: one user, two memories.
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

  /** Good networks again, and everybody is here: waits until all are at rest, and looks. */
  async rest(): Promise<void> {
    for (const device of this.#devices) device.proxy.calm();
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (let wait = 50; ; wait = Math.min(1_000, wait * 1.5)) {
      const wrong = await this.#wrong();
      if (wrong === undefined) break;
      if (Date.now() > giveUpAt) throw new Error(wrong);
      await pause(wait);
    }
    this.#checkTold();
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
   * While one is away, more is said and changed than a page holds. The pages come slowly, others go
   * on meanwhile, and now and then the connection is lost between two of them.
   */
  async #flood(device: Device): Promise<void> {
    device.proxy.refuse(true);
    const said = await Promise.all(Array.from({ length: 45 }, () => this.#say()));
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

  /** Somebody who is not there says something long. @returns its `seq` */
  async #say(): Promise<number> {
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

  /** A change may come too late; what nobody did wrong must not be refused. */
  #mustNotBeRefused(stored: Promise<Message> | undefined): void {
    stored?.catch((error: { code?: string; problem?: unknown }) => {
      const isFair = ['conflict', 'message_not_found', 'unavailable'].includes(error.code ?? '');
      if (!isFair) this.#refused.push(error.problem ?? 'something thrown');
    });
  }

  /** What is not yet, or never will be, as it must be at rest. */
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

  /** Every message once, in the order of writing. */
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

  /** Each page was told of every message that was new to it, once. */
  #checkTold(): void {
    for (const { name, told, begun, room } of this.#devices) {
      if (new Set(told).size < told.length) throw new Error(`${name} was told of a message twice.`);
      const known = new Set([...told, ...(begun ?? [])]);
      const first = Math.min(...(begun ?? []), ...told);
      const untold = room.state.messages.find(({ seq }) => seq >= first && !known.has(seq));
      if (begun !== undefined && untold !== undefined) {
        throw new Error(`${name} was not told of ${JSON.stringify(untold)}.`);
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

  /** As somebody who is not there. */
  async #fetch<T>(path: string, method = 'GET', body?: object): Promise<T> {
    const token = await tokenFor('observer', { admin: true });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const address = `${this.#url}/rooms/${encodeURIComponent(this.#roomId)}/${path}`;
    const about = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await patiently(() => fetch(address, about));
    if (!response.ok) throw new Error(`${address}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** What a device of that user is told which comes anew. */
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

/** What the room holds of the run that a client has loaded. */
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
 * Asks once more where the connection fails: one that was kept for later may end just when it is
 * used. Everything asked for here may be asked twice.
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
