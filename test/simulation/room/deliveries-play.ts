import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { DeliveryOutcome } from '../../../src/room/ports.ts';
import {
  type Flight,
  type Mailroom,
  type Told,
  withMailroom,
} from '../../unit/deliveries/mailroom.ts';
import { inject, type HostStep, orFault } from './host-steps.ts';

/** A step of the play of a room that owes deliveries. `which` picks an attempt. */
export type DeliveryStep =
  | { do: 'say'; targets: readonly string[]; stores: boolean }
  | { do: 'order'; command: 'deleteRoom' | 'reopenRoom' | 'importRoom'; target: string }
  /** Ends an attempt. `arrives`: the target takes it, even if the room gets another outcome. */
  | { do: 'end'; which: number; outcome: DeliveryOutcome; arrives: boolean; twice: boolean }
  /** The target takes an attempt, but the room learns no outcome. */
  | { do: 'arrive'; which: number }
  | { do: 'wake' }
  | HostStep;

const TARGETS = ['a', 'b', 'c'];

const target = fc.constantFrom(...TARGETS);
const which = fc.nat(5);
const outcome = fc.constantFrom<DeliveryOutcome>(
  'delivered',
  'failed',
  { retryAfterMs: 0 },
  { retryAfterMs: 7_200_000 },
);

function one<const T extends DeliveryStep['do']>(...values: T[]) {
  return fc.constantFrom(...values);
}

/** A random step; common ones have more weight. */
export const deliveryStep: fc.Arbitrary<DeliveryStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: one('say'),
      targets: fc.subarray(TARGETS),
      stores: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: one('order'),
      command: fc.constantFrom('deleteRoom', 'reopenRoom', 'importRoom'),
      target,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: one('end'),
      which,
      outcome,
      arrives: fc.boolean(),
      twice: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: one('arrive'), which }) },
  { weight: 2, arbitrary: fc.record({ do: one('wake') }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: one('pass'), ms: fc.constantFrom(0, 1, 900, 61_000, 3_600_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: one('turnBack'), ms: fc.constantFrom(1, 5_000, 86_400_000) }),
  },
  { weight: 6, arbitrary: fc.record({ do: one('flush') }) },
  { weight: 3, arbitrary: fc.record({ do: one('failCommit', 'sleep', 'die') }) },
  { weight: 2, arbitrary: fc.record({ do: one('failStorage'), after: fc.nat(20) }) },
);

/** Plays steps in one room. @throws AssertionError if a delivery is lost or an older state wins */
export function playDeliveries(steps: readonly DeliveryStep[]): void {
  withMailroom((mailroom) => {
    const play = new Play(mailroom);
    for (const step of steps) play.step(step);
    play.rest();
  });
}

/** A stored delivery: its target must take this version or a later attempt. */
interface Obligation {
  target: string;
  version: number;
  /** The number of the step after which it was known to be stored. */
  at: number;
  epoch: string;
  /** The lowest `rev` that the target may be sent in this epoch. */
  rev: number;
}

interface Attempt {
  target: string;
  version: number;
  /** The number of the step after which it was under way. */
  at: number;
  told: Told;
  isTaken: boolean;
}

class Play {
  readonly #mailroom: Mailroom;
  readonly #obligations = new Map<string, Obligation>();
  readonly #attempts = new Map<Flight, Attempt>();
  #at = 0;

  constructor(mailroom: Mailroom) {
    this.#mailroom = mailroom;
  }

  step(step: DeliveryStep): void {
    const { harness } = this.#mailroom;
    this.#at++;
    switch (step.do) {
      case 'say':
        orFault(() => this.#mailroom.say(...step.targets));
        if (step.stores) orFault(() => harness.file.commit());
        break;
      case 'order':
        this.#order(step.command, step.target);
        break;
      case 'end':
        this.#end(step.which, step.outcome, step.arrives, step.twice);
        break;
      case 'arrive':
        this.#take(this.#mailroom.flights[step.which]);
        break;
      case 'wake':
        orFault(() => harness.wake());
        break;
      default:
        inject(harness, step);
    }
    this.#look(step.do === 'flush');
  }

  /**
   * Ends all faults and wakes the room only when it has asked for it. In the end nothing may be owed,
   * and every target must have taken each stored delivery, or a later one.
   */
  rest(): void {
    const { harness, flights } = this.#mailroom;
    harness.sql.failAfter = Infinity;
    harness.sleep();
    this.#look(true);
    flights.splice(0);
    for (let rounds = 0; harness.wakeAt !== undefined; rounds++) {
      assert(rounds < 100, 'deliveries do not come to rest');
      this.#at++;
      harness.now = Math.max(harness.now, harness.wakeAt);
      harness.wake();
      this.#look(true);
      while (flights.length > 0) {
        this.#end(0, 'delivered', true, false);
        this.#look(true);
      }
    }
    assert.deepEqual(this.#mailroom.rows(), [], 'a delivery is left, but no wakeup is set');
    const taken = [...this.#attempts.values()].filter(({ isTaken }) => isTaken);
    for (const obligation of this.#obligations.values()) {
      assert(
        taken.some((attempt) => meets(attempt, obligation)),
        `lost: ${JSON.stringify(obligation)} of ${JSON.stringify(taken)}`,
      );
    }
    assert.deepEqual(harness.defects, []);
  }

  #order(command: 'deleteRoom' | 'reopenRoom' | 'importRoom', target: string): void {
    const text = '{"type":"export","version":1,"roomId":"x"}';
    const payload = command === 'importRoom' ? { text, line: 1 } : {};
    orFault(() => this.#mailroom.order(command, payload, target));
  }

  #end(which: number, outcome: DeliveryOutcome, arrives: boolean, twice: boolean): void {
    const { harness, flights } = this.#mailroom;
    const [flight] = flights.splice(which, 1);
    if (flight === undefined) return;
    // A target that acknowledged an attempt has taken it.
    if (arrives || outcome === 'delivered') this.#take(flight);
    for (const each of twice ? [outcome, 'delivered' as const] : [outcome]) {
      if (!harness.isAwake || flight.life !== harness.lives) return;
      flight.settle(...flight.deliveries.map(() => each));
    }
  }

  #take(flight: Flight | undefined): void {
    const attempt = flight && this.#attempts.get(flight);
    if (attempt !== undefined) attempt.isTaken = true;
  }

  /** Notes new attempts and, if `isStored`, the deliveries stored by now. */
  #look(isStored: boolean): void {
    const { harness, flights } = this.#mailroom;
    const live = flights.filter(({ life }) => life === harness.lives).map(({ target }) => target);
    assert.equal(new Set(live).size, live.length, 'two attempts at one target at a time');
    for (const flight of flights) {
      if (this.#attempts.has(flight)) continue;
      const { target, version, body } = flight.deliveries[0]!;
      const told = JSON.parse(body) as Told;
      this.#attempts.set(flight, { target, version, at: this.#at, told, isTaken: false });
    }
    if (isStored) this.#noteRows();
  }

  #noteRows(): void {
    for (const { target, version } of this.#mailroom.rows()) {
      const key = `${target} ${version}`;
      if (this.#obligations.has(key)) continue;
      const isSent = [...this.#attempts.values()].some((attempt) => {
        return attempt.target === target && attempt.version === version;
      });
      const { epoch, rev } = this.#room;
      this.#obligations.set(key, { target, version, at: this.#at, epoch, rev: isSent ? 0 : rev });
    }
  }

  get #room(): { epoch: string; rev: number } {
    const { file } = this.#mailroom.harness;
    const [room] = file.all<{ epoch: string; rev: number }>('SELECT epoch, rev FROM room');
    return room ?? { epoch: 'unwritten', rev: 0 };
  }
}

function meets({ target, version, at, told }: Attempt, owed: Obligation): boolean {
  const isLater = version === owed.version || at > owed.at;
  return target === owed.target && isLater && (told.epoch !== owed.epoch || told.rev >= owed.rev);
}
