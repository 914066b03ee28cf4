import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteFile } from '../../../local-server/sqlite-file.ts';
import { HOOK_IDENTITY, hookCarrier, type HookPeers } from '../../../src/hooks/carry-hook.ts';
import { Hook } from '../../../src/hooks/hook.ts';
import type { PostOutcome } from '../../../src/hooks/post.ts';
import type { Delivery, DeliveryOutcome } from '../../../src/host/ports.ts';
import type { Reply } from '../../../src/protocol/commands.ts';
import type { Result } from '../../../src/protocol/frames.ts';
import type { HookEvent } from '../../../src/protocol/hook-requests.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { hookDeliveries } from '../../../src/room/hook/deliver.ts';
import { readSettings } from '../../../src/settings/settings.ts';
import { RoomHarness } from '../room/room-harness.ts';

const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export const alice: Identity = { userId: 'alice', name: 'Alice' };
export const admin: Identity = { userId: 'root', name: 'Root', admin: true };

/** A request to the backend, parsed. */
export interface Sent {
  id: string;
  type: string;
  data: { from: number; to: number; epoch: string; reset?: true; changes: Message[] };
  text: string;
}

interface Flight {
  target: string;
  deliveries: readonly Delivery[];
  settle: (outcomes: readonly DeliveryOutcome[]) => void;
  life: number;
}

/** Thrown when a carrier calls a Hook that the test has already ended. */
class Dead extends Error {}

/**
 * A Room and the Hook that follows it, each with its own file, under one clock that the test moves.
 * The carrier is the one that the hosts use; the test decides how the backend answers.
 */
export class HookHarness {
  readonly room: RoomHarness;
  /** All requests in order, whether the backend took them or not. */
  readonly sent: Sent[] = [];
  /** How the backend answers; by default it takes everything. */
  answer: (sent: Sent) => PostOutcome = () => ({ type: 'taken' });
  fingerprint = 'settings';
  /** The events that the hook sends. */
  events: ReadonlySet<HookEvent>;
  /** Takes reports of the hook that its requests fail, or are accepted again; absent: it makes none. */
  report: HookPeers['report'];
  /** How many times the hook has read changes from the room, which wakes it. */
  reads = 0;
  /** Failures reported to operators; `works` at the end of one. */
  readonly noted: string[] = [];
  readonly failures: unknown[] = [];
  /** The keys of the deliveries that the room has given the hook. */
  readonly keys = new Set<string>();
  readonly folder = mkdtempSync(join(FOLDER, 'parlor-hook-'));
  readonly #file = new SqliteFile(join(this.folder, 'hook.sqlite'), 'process', () => undefined);
  #hook: Hook | undefined;
  #life = 0;
  #ids = 0;
  #flights: Flight[] = [];
  /** Deliveries from the room and timers of the hook, which `settle` runs. */
  #queue: (() => void)[] = [];
  wakeAt: number | undefined;
  /** Thrown where the hook sets its wakeup. */
  wakeupFault: Error | undefined;

  /** @param events the events that the room gives the hook, and that it sends at first */
  constructor(events: readonly HookEvent[] = ['room.changed']) {
    this.events = new Set(events);
    const { limits } = readSettings({ COMMAND_BURST: '1000000' }).settings;
    this.room = new RoomHarness(join(this.folder, 'room.sqlite'), limits, {
      hookEvents: this.events,
      courier: {
        send: (_, deliveries, settle) =>
          void this.#queue.push(() => {
            const taken = hookDeliveries(deliveries);
            for (const { key } of taken) this.keys.add(key);
            this.use((hook) => hook.enqueue('harness', taken));
            this.room.turn(() => settle(deliveries.map(() => 'delivered')));
          }),
      },
    });
  }

  /** Executes a command in the room, and commits it. */
  do(name: string, payload: object, identity = alice): void {
    this.room.ask(identity, name, payload);
    this.room.flush();
  }

  say(message: string): void {
    this.do('message', { message });
  }

  /** One turn of the hook: runs `work`, commits, then starts attempts. */
  use<T>(work: (hook: Hook) => T): T {
    this.#hook ??= this.#make();
    const result = work(this.#hook);
    this.#file.commit();
    this.#hook.flush();
    return result;
  }

  /** Passes on the room's deliveries and carries out all attempts, until nothing is under way. */
  async settle(): Promise<void> {
    for (;;) {
      for (const work of this.#queue.splice(0)) work();
      const flight = this.#flights.shift();
      if (flight === undefined && this.#queue.length === 0) return;
      if (flight !== undefined) await this.#carry(flight);
    }
  }

  /** Lets time pass; runs the wakeups of room and hook that are due in it. */
  async pass(ms: number): Promise<void> {
    const end = this.room.now + ms;
    for (;;) {
      const next = Math.min(this.wakeAt ?? Infinity, this.room.wakeAt ?? Infinity, end);
      this.room.pass(Math.max(0, next - this.room.now));
      if (this.#isDue(this.room.wakeAt)) this.room.wake();
      if (this.#isDue(this.wakeAt)) {
        this.wakeAt = undefined;
        this.use((hook) => hook.wake());
      }
      await this.settle();
      if (this.room.now >= end) return;
    }
  }

  /** Ends the hook as a crash does: its memory, and what it had not committed, is lost. */
  die(): void {
    this.#life++;
    this.#hook = undefined;
    this.#flights = [];
    this.#file.discard();
  }

  /** The changes in all requests, in order. */
  get changes(): Message[] {
    return this.sent.flatMap(({ data }) => data.changes ?? []);
  }

  close(): void {
    this.room.close();
    this.#file.discard();
    rmSync(this.folder, { recursive: true });
  }

  #isDue(at: number | undefined): boolean {
    return at !== undefined && at <= this.room.now;
  }

  async #carry({ target, deliveries, settle, life }: Flight): Promise<void> {
    const carry = hookCarrier({
      changes: (roomId, after) => Promise.resolve(this.#changes(roomId, after)),
      eventsOf: () => this.events,
      hook: (work) =>
        this.#life === life ? Promise.resolve(this.use(work)) : Promise.reject(new Dead()),
      post: (id, text) => Promise.resolve(this.#post(id, text)),
      ...(this.report && { report: this.report }),
    });
    let outcomes: readonly DeliveryOutcome[] = [];
    try {
      outcomes = await carry(target, deliveries);
    } catch (error) {
      if (!(error instanceof Dead)) throw error;
    }
    if (this.#life !== life) return;
    this.use(() => settle(deliveries.map((_, at) => outcomes[at] ?? 'failed')));
  }

  #changes(roomId: string, after: string): Result<Reply<'getChanges'>> {
    this.reads++;
    let result: unknown;
    this.room.ask(HOOK_IDENTITY, 'getChanges', { roomId, after }, (stored) => (result = stored));
    this.room.flush();
    return result as Result<Reply<'getChanges'>>;
  }

  #post(id: string, text: string): PostOutcome {
    const { type, data } = JSON.parse(text) as Pick<Sent, 'type' | 'data'>;
    const sent = { id, type, data, text };
    this.sent.push(sent);
    return this.answer(sent);
  }

  #setWakeup(at: number | undefined): void {
    if (this.wakeupFault !== undefined) throw this.wakeupFault;
    this.wakeAt = at;
  }

  #make(): Hook {
    return new Hook(
      {
        sql: this.#file,
        clock: { now: () => this.room.now },
        ids: { make: () => `id-${this.#ids++}` },
        timer: { after: (_, work) => (this.#queue.push(() => this.use(work)), () => undefined) },
        wakeup: { set: (at) => this.#setWakeup(at) },
        log: { failure: (_, error) => this.failures.push(error) },
        courier: {
          send: (target, deliveries, settle) =>
            void this.#flights.push({ target, deliveries, settle, life: this.#life }),
        },
      },
      {
        fingerprint: this.fingerprint,
        reports: this.report !== undefined,
        onHealthChange: (_, reason) => this.noted.push(reason ?? 'works'),
      },
    );
  }
}
