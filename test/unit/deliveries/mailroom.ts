import type { RequestName } from '../../../src/protocol/commands.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Delivery, DeliveryOutcome, Ports } from '../../../src/room/ports.ts';
import { withHarness } from '../room/with-harness.ts';
import type { RoomHarness } from '../room/room-harness.ts';

export const alice: Identity = { userId: 'alice', name: 'Alice' };
export const admin: Identity = { userId: 'root', name: 'Root', admin: true };

/** An attempt handed to the courier. */
export interface Flight {
  target: string;
  deliveries: readonly Delivery[];
  /** Ends the attempt with an outcome for each delivery, in a turn of the room. */
  settle: (...outcomes: DeliveryOutcome[]) => void;
  /** The life of the Room that sent it. */
  life: number;
}

/** A delivery's body, parsed: the room's state when it was read. */
export interface Told {
  epoch: string;
  rev: number;
  deletion: string | null;
}

/** A row of the `deliveries` table. */
export interface Row {
  target: string;
  version: number;
  attempt: number;
  due: number;
}

/**
 * A Room in a harness, with a courier whose attempts the test settles, and an application that owes
 * deliveries to the targets that the test names. Reading the body for a target `nothing…` returns
 * none, and for a target `broken…` it throws.
 */
export class Mailroom {
  harness!: RoomHarness;
  /** Attempts in the order in which they were sent. */
  readonly flights: Flight[] = [];
  /** The keys that each target is owed. */
  keys: readonly string[] = ['key'];
  /** The outcomes that the room's meter counted. */
  readonly attempted: string[] = [];
  #targets: readonly string[] = [];

  readonly ports: Partial<Ports> = {
    meter: {
      done: () => undefined,
      refused: () => undefined,
      flushed: () => undefined,
      attempted: (outcome) => this.attempted.push(outcome),
    },
    courier: { send: (...attempt) => this.#send(...attempt) },
    application: {
      effectsOf: () =>
        this.#targets.flatMap((target) =>
          this.keys.map((key) => ({ type: 'deliver' as const, target, key })),
        ),
      read: ({ state: { epoch, rev, deletion } }, target) => {
        if (target.startsWith('broken')) throw new Error('cannot be read');
        return target.startsWith('nothing') ? undefined : JSON.stringify({ epoch, rev, deletion });
      },
    },
  };

  /** Sends a message that owes a delivery to each target; nothing is committed until `harness.flush`. */
  say(...targets: string[]): void {
    this.#execute(alice, 'message', { message: 'x' }, targets);
  }

  /** Executes a command as admin that owes a delivery to each target; not committed, as with `say`. */
  order(name: RequestName, payload: object, ...targets: string[]): void {
    this.#execute(admin, name, payload, targets);
  }

  rows(): Row[] {
    const { file } = this.harness;
    const [table] = file.isEmpty()
      ? []
      : file.all("SELECT 1 FROM sqlite_master WHERE name = 'deliveries'");
    return table === undefined
      ? []
      : file.all<Row>('SELECT target, version, attempt, due FROM deliveries ORDER BY target, key');
  }

  #execute(identity: Identity, name: string, payload: object, targets: readonly string[]): void {
    this.#targets = targets;
    try {
      this.harness.ask(identity, name, payload);
    } finally {
      this.#targets = [];
    }
  }

  #send(
    target: string,
    deliveries: readonly Delivery[],
    settle: (outcomes: readonly DeliveryOutcome[]) => void,
  ): void {
    this.flights.push({
      target,
      deliveries,
      settle: (...outcomes) => this.harness.turn(() => settle(outcomes)),
      life: this.harness.lives,
    });
  }
}

export function withMailroom<T>(work: (mailroom: Mailroom) => T): T {
  const mailroom = new Mailroom();
  return withHarness(
    { COMMAND_BURST: '1000000' },
    (harness) => {
      mailroom.harness = harness;
      return work(mailroom);
    },
    mailroom.ports,
  );
}
