import type { HookedRoomStatus } from '../../src/hooks/hook.ts';
import type { Message } from '../../src/protocol/objects.ts';
import type { TestSettings } from './edge-options.ts';
import type { Killable } from './killable.ts';
import { seeded } from './seeded.ts';
import { tokenFor } from './tokens.ts';
import { type HookAnswer, type HookRequest, WebhookReceiver } from './webhook-receiver.ts';

export interface HookRun {
  kills: number;
  /** The number of actions in rooms between two kills. */
  actions: number;
  seed: number;
}

export interface HookReport {
  kills: number;
  /** Changes that rooms acknowledged. */
  changes: number;
  requests: number;
  /** Requests that the backend did not take. */
  failed: number;
  /** How many times the backend lost its copy of a room. */
  forgotten: number;
}

/** The hosts' settings, besides those for the backend. */
const HOOK_SETTINGS = { COMMAND_BURST: '1000000', WEBHOOK_TIMEOUT_MS: '500' };

const ROOMS = ['one', 'two', 'three'];

/** Answers of a failing backend. */
const TROUBLES: readonly HookAnswer[] = [
  { status: 500 },
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 301, headers: { location: 'http://127.0.0.1:1/' } },
  'hang',
];

/** A backend's copies of rooms, kept as docs/connect-your-backend.md describes. */
class Copies {
  readonly #rooms = new Map<
    string,
    { epoch: string; rev: number; messages: Map<number, Message> }
  >();
  /** Descriptions of missing or misordered changes. */
  readonly gaps: string[] = [];
  /** Rooms whose copy was lost, until they are sent again from the beginning. */
  readonly #lost = new Set<string>();

  take({ body: { type, data } }: HookRequest): void {
    if (type !== 'room.changed') return;
    const { roomId, epoch, from, to, changes, reset } = data;
    const known = this.#rooms.get(roomId);
    const copy =
      known === undefined || reset === true || known.epoch !== epoch
        ? { epoch, rev: 0, messages: new Map<number, Message>() }
        : known;
    if (from === 0) this.#lost.delete(roomId);
    // The request was under way when the copy was lost; a replay sends everything again.
    if (this.#lost.has(roomId)) return;
    if (from > copy.rev) this.gaps.push(`${roomId}: from ${from} after ${copy.rev}`);
    let last = from;
    for (const change of changes) {
      if (change.rev <= last) this.gaps.push(`${roomId}: ${change.rev} after ${last}`);
      last = change.rev;
      if (change.rev > (copy.messages.get(change.seq)?.rev ?? 0)) {
        copy.messages.set(change.seq, change);
      }
    }
    this.#rooms.set(roomId, { ...copy, rev: Math.max(copy.rev, to) });
  }

  forget(roomId: string): void {
    this.#lost.add(roomId);
    this.#rooms.delete(roomId);
  }

  revOf(roomId: string): number {
    return this.#rooms.get(roomId)?.rev ?? 0;
  }

  of(roomId: string): Message[] {
    const { messages = new Map<number, Message>() } = this.#rooms.get(roomId) ?? {};
    return [...messages.values()].toSorted((a, b) => a.rev - b.rev);
  }
}

/**
 * Starts a host and its backend, and plays.
 * @throws Error if a change was left out, came out of order, or never came
 */
export async function hookRun(
  makeHost: (settings: TestSettings) => Promise<Killable>,
  { seed, ...run }: HookRun,
): Promise<HookReport> {
  const receiver = await new WebhookReceiver().listen();
  const host = await makeHost({ ...HOOK_SETTINGS, ...receiver.settings });
  try {
    return await new HookPlay(host, receiver, seed).run(run);
  } finally {
    receiver.close();
    await host.remove();
  }
}

/**
 * Kills a host repeatedly while rooms change and their backend restarts, hangs, refuses, redirects and
 * loses its copies. At the end the backend's copies must equal the rooms.
 */
class HookPlay {
  readonly #receiver: WebhookReceiver;
  readonly #copies = new Copies();
  readonly #random: () => number;
  readonly #host: Killable;
  #url = '';
  readonly report: HookReport = { kills: 0, changes: 0, requests: 0, failed: 0, forgotten: 0 };

  constructor(host: Killable, receiver: WebhookReceiver, seed: number) {
    this.#host = host;
    this.#receiver = receiver;
    this.#random = seeded(seed);
    this.#receiver.arrived = (request) => {
      this.report.requests++;
      if (request.status >= 200 && request.status < 300) this.#copies.take(request);
      else this.report.failed++;
    };
  }

  async run({ kills, actions }: Omit<HookRun, 'seed'>): Promise<HookReport> {
    for (let life = 0; life <= kills; life++) {
      this.#url = await this.#host.start();
      if (life === 0) await this.#failOnce();
      for (let at = 0; at < actions; at++) await this.#act(life === kills && at > actions / 2);
      if (life === kills) break;
      await this.#host.kill();
      this.report.kills++;
    }
    await this.#settle();
    return this.report;
  }

  /** Makes one request fail before the first kill. */
  async #failOnce(): Promise<void> {
    const [roomId = ''] = ROOMS;
    this.#receiver.answers.set(roomId, [{ status: 500 }]);
    const answer = await this.#call('POST', `/rooms/${roomId}/messages`, { message: 'the first' });
    if (answer.ok) this.report.changes++;
    await this.#receiver.until('a request to fail', () => this.report.failed > 0);
  }

  async #act(isCalm: boolean): Promise<void> {
    const roomId = this.#pick(ROOMS);
    if (!isCalm && this.#random() < 0.3) await this.#trouble(roomId);
    const path = `/rooms/${roomId}/messages`;
    const seq = Math.ceil(this.#random() * 5);
    const chance = this.#random();
    const answer =
      chance < 0.6
        ? await this.#call('POST', path, { message: `said ${this.report.changes}` })
        : chance < 0.8
          ? await this.#call('PATCH', `${path}/${seq}`, {
              message: `edited ${this.report.changes}`,
            })
          : await this.#call('PUT', `${path}/${seq}/reactions/👍`);
    if (answer.ok) this.report.changes++;
  }

  /** The backend fails some requests, restarts, or loses its copy of a room and asks for a replay. */
  async #trouble(roomId: string): Promise<void> {
    const chance = this.#random();
    if (chance < 0.7) {
      const count = Math.ceil(this.#random() * 2);
      this.#receiver.answers.set(
        roomId,
        Array.from({ length: count }, () => this.#pick(TROUBLES)),
      );
    } else if (chance < 0.85) await this.#receiver.restart();
    else {
      this.#copies.forget(roomId);
      this.report.forgotten++;
      await this.#replay(roomId);
    }
  }

  /** Asks for a replay of a room from its beginning. */
  async #replay(roomId: string): Promise<void> {
    const answer = await this.#call('POST', `/rooms/${roomId}/hook`, { from: '0:0' });
    if (!answer.ok) throw new Error(`A replay was answered ${answer.status}.`);
  }

  async #settle(): Promise<void> {
    this.#receiver.answers.clear();
    for (const roomId of ROOMS) {
      const messages = await this.#messagesOf(roomId);
      const newest = Math.max(0, ...messages.map(({ rev }) => rev));
      await this.#hurry(roomId, newest);
      await this.#receiver.until(
        `change ${newest} of ${roomId}`,
        () => this.#copies.revOf(roomId) >= newest,
      );
      const copied = this.#copies.of(roomId).map(({ seq, rev, message }) => [seq, rev, message]);
      const there = messages.map(({ seq, rev, message }) => [seq, rev, message]);
      if (JSON.stringify(copied) !== JSON.stringify(there)) {
        throw new Error(`${roomId} differs: ${JSON.stringify({ copied, there })}`);
      }
    }
    const { gaps } = this.#copies;
    if (gaps.length > 0) throw new Error(`Changes were left out: ${gaps.join('; ')}`);
    if (this.#receiver.forged.length > 0) throw new Error(this.#receiver.forged.join('; '));
  }

  /** Retries a room's request now, as an admin may; otherwise it could be due in minutes. */
  async #hurry(roomId: string, newest: number): Promise<void> {
    while (this.#copies.revOf(roomId) < newest) {
      const answer = await this.#call('GET', `/rooms/${roomId}/hook`);
      const { isWaiting, position } = (await answer.json()) as HookedRoomStatus;
      // Only a room that is waiting for a retry, which would come by itself, is hurried.
      if (isWaiting) {
        await this.#call('POST', `/rooms/${roomId}/hook`, { from: position });
        return;
      }
    }
  }

  async #messagesOf(roomId: string): Promise<Message[]> {
    const messages: Message[] = [];
    for (let after = '0:0'; ;) {
      const answer = await this.#call('GET', `/rooms/${roomId}/missed?after=${after}`);
      const page = (await answer.json()) as {
        messages: Message[];
        position: string;
        complete: boolean;
      };
      messages.push(...page.messages);
      if (page.complete) return messages;
      after = page.position;
    }
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await tokenFor('ann', { admin: true })}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }
}
