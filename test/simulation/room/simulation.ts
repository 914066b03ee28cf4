import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Message } from '../../../src/protocol/objects.ts';
import { Device, type Ledger } from './device.ts';
import { inject, comeToRest, type HostStep, orFault } from './host-steps.ts';
import { withHarness } from '../../unit/room/with-harness.ts';
import type { RoomHarness } from '../../unit/room/room-harness.ts';

/** A step of the simulation. Devices are given by number; five devices have three users. */
export type Happening =
  | { do: 'open'; device: number; expires: boolean; asks: boolean }
  | { do: 'drop'; device: number; meant: boolean; told: boolean }
  | { do: 'send'; device: number; id: number; silent: boolean }
  | { do: 'resend'; device: number }
  | { do: 'post'; device: number; id: number }
  | { do: 'leave' | 'join' | 'type' | 'list'; device: number }
  | { do: 'catchUp'; device: number; limit: number }
  | { do: 'stall'; device: number; bytes: number }
  | { do: 'settle' }
  | HostStep;

const DEVICES = 5;
const USERS = 3;

const SETTINGS = { COMMAND_BURST: '1000000', MAX_UNSENT_BYTES: '100000' };

const device = fc.nat(DEVICES - 1);
const id = fc.nat(6);

function one<const T extends Happening['do']>(...values: T[]) {
  return fc.constantFrom(...values);
}

/** A random step; common ones have more weight. */
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: one('open'), device, expires: fc.boolean(), asks: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: one('drop'), device, meant: fc.boolean(), told: fc.boolean() }),
  },
  { weight: 10, arbitrary: fc.record({ do: one('send'), device, id, silent: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: one('resend'), device }) },
  { weight: 2, arbitrary: fc.record({ do: one('post'), device, id }) },
  { weight: 5, arbitrary: fc.record({ do: one('leave', 'join', 'type', 'list'), device }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: one('catchUp'), device, limit: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: one('stall'), device, bytes: fc.constantFrom(0, 60_000, 100_001) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: one('pass'), ms: fc.constantFrom(1, 900, 4_999, 30_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: one('turnBack'), ms: fc.constantFrom(1, 5_000, 3_600_000) }),
  },
  { weight: 8, arbitrary: fc.record({ do: one('flush') }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: one('failCommit', 'sleep', 'die', 'tellEnds', 'settle') }),
  },
  { weight: 2, arbitrary: fc.record({ do: one('failStorage'), after: fc.nat(12) }) },
);

/** Plays a simulation in one room and audits it. @throws AssertionError if a property does not hold */
export function play(happenings: readonly Happening[]): void {
  withHarness(SETTINGS, (harness) => {
    const simulation = new RoomSimulation(harness);
    for (const each of happenings) simulation.happen(each);
    simulation.settle();
  });
}

class RoomSimulation {
  readonly #harness: RoomHarness;
  readonly #ledger: Ledger = { acknowledged: new Map(), shown: new Map() };
  readonly #devices: Device[];
  #texts = 0;

  constructor(harness: RoomHarness) {
    this.#harness = harness;
    this.#devices = Array.from(
      { length: DEVICES },
      (_, at) =>
        new Device({ userId: `user ${at % USERS}`, name: `User ${at % USERS}` }, this.#ledger),
    );
  }

  happen(what: Happening): void {
    const harness = this.#harness;
    switch (what.do) {
      case 'open':
        this.#open(this.#device(what), what.expires, what.asks);
        break;
      case 'drop':
        this.#drop(this.#device(what), what.meant, what.told);
        break;
      case 'send':
        this.#send(this.#device(what), `m${what.id}`, `text ${this.#texts++}`, what.silent);
        break;
      case 'resend':
        for (const { id, message } of Array.from(this.#device(what).unacknowledged.values())) {
          this.#send(this.#device(what), id, message, false);
        }
        break;
      case 'post':
        this.#post(this.#device(what), `m${what.id}`, `text ${this.#texts++}`);
        break;
      case 'leave':
        this.#say(this.#device(what), 'leaveRoom', {});
        break;
      case 'join':
        this.#say(this.#device(what), 'joinRoom', { since: this.#device(what).resume });
        break;
      case 'type':
        this.#say(this.#device(what), 'typing', {});
        break;
      case 'list':
        this.#say(this.#device(what), 'getMembers', { online: true });
        break;
      case 'catchUp':
        this.#catchUp(this.#device(what), what.limit);
        break;
      case 'stall':
        this.#device(what).stalls(what.bytes);
        break;
      case 'settle':
        this.settle();
        break;
      default:
        inject(harness, what);
    }
    assert.deepEqual(harness.defects, []);
  }

  /** Ends all faults, lets the room come to rest, and compares every device with the room's file. */
  settle(): void {
    const harness = this.#harness;
    for (const each of this.#devices) each.buffered = 0;
    // The room notices expired tokens when a command arrives.
    comeToRest(
      harness,
      () => this.#openCount,
      () => {
        for (const each of this.#devices) this.#say(each, 'typing', {});
      },
    );
    for (const each of this.#devices) {
      if (each.joined && each.online === undefined) this.#say(each, 'joinRoom', {});
      harness.flush();
      for (let pages = 0; each.joined && !each.isWhole; pages++) {
        assert(pages < 1_000, 'catching up does not end');
        this.#catchUp(each, 3);
        harness.flush();
      }
    }
    this.#audit();
  }

  get #openCount(): number {
    return this.#devices.filter(({ plug }) => plug !== undefined).length;
  }

  #device({ device }: { device: number }): Device {
    return this.#devices[device]!;
  }

  /** Opens a connection. If `asks`, it resumes from the device's position; otherwise it catches up later. */
  #open(each: Device, expires: boolean, asks: boolean): void {
    if (each.plug !== undefined) return;
    const { resume, identity } = each;
    const until = expires ? { expiresAt: this.#harness.now + 10_000 } : {};
    const join: { since?: string } = asks ? { since: resume } : {};
    each.opening(join.since);
    orFault(() => {
      each.plug = this.#harness.connect({ ...identity, ...until }, join, each);
    });
  }

  #drop(each: Device, meant: boolean, told: boolean): void {
    const { plug } = each;
    if (plug === undefined) return;
    each.closed();
    this.#harness.drop(plug, meant ? 'left' : 'disconnected');
    if (told) orFault(() => this.#harness.tellEnds());
  }

  #send(each: Device, id: string, message: string, silent: boolean): void {
    if (!each.unacknowledged.has(id)) each.unacknowledged.set(id, { id, message });
    if (silent) each.sendsSilently(id);
    this.#say(each, 'message', { id, message }, silent);
  }

  #post(each: Device, id: string, message: string): void {
    orFault(() =>
      this.#harness.post(each.identity, { id, message }, (result) => {
        const answer = result as { ok: boolean; message: Message };
        if (answer.ok) each.acknowledged(answer.message);
      }),
    );
  }

  #catchUp(each: Device, limit: number): void {
    if (!each.isWhole) this.#say(each, 'getMissed', { after: each.resume, limit });
  }

  #say(
    each: Device,
    name: string,
    payload: Record<string, unknown> & { since?: string; after?: string },
    silent = false,
  ): void {
    const { plug } = each;
    if (plug === undefined) return;
    const { sql, isAwake } = this.#harness;
    const { writes } = sql;
    orFault(() => {
      const after = payload.since ?? payload.after;
      this.#harness.handle(
        plug,
        silent ? { name, payload } : { name, payload, ref: each.asks(name, after) },
      );
    });
    if (name !== 'message' && isAwake) assert.equal(sql.writes, writes, `${name} wrote something`);
  }

  #audit(): void {
    const stored = this.#stored();
    const inOrder = [...stored.values()];
    const shape = inOrder.map(({ rev, seq }) => [rev, seq]);
    assert.deepEqual(
      shape,
      inOrder.map((_, at) => [at + 1, at + 1]),
      'revs have holes',
    );
    for (const [at, { timestamp }] of inOrder.entries()) {
      assert(timestamp >= (inOrder[at - 1]?.timestamp ?? 0), 'time went back');
    }
    for (const message of this.#ledger.acknowledged.values()) {
      assert.deepEqual(stored.get(message.seq), message, 'an acknowledged message is not stored');
    }
    for (const message of this.#ledger.shown.values()) {
      assert.deepEqual(stored.get(message.seq), message, 'a message was shown and is not stored');
    }
    const here = new Set(
      this.#devices.filter((each) => each.joined).map(({ identity }) => identity.userId),
    );
    for (const each of this.#devices) {
      for (const { rev, ids } of each.gaps.splice(0)) {
        const { senderId, id } = stored.get(rev)!;
        assert(senderId === each.identity.userId && ids.has(id), `rev ${rev} was never received`);
      }
      if (!each.joined) continue;
      assert.deepEqual(each.online, here, 'presence is not who is connected');
      const unheard = inOrder.filter(({ seq }) => !each.copy.has(seq));
      assert(
        unheard.every((own) => own.senderId === each.identity.userId && each.unheard.has(own.id)),
        `a message is missing: ${JSON.stringify(unheard)}`,
      );
      const kept = inOrder.filter(({ seq }) => each.copy.has(seq));
      assert.deepEqual(
        [...each.copy.values()].toSorted((a, b) => a.seq - b.seq),
        kept,
      );
    }
  }

  /** The stored messages by `seq` in order of `rev`, read from the file without the room's code. */
  #stored(): Map<number, Message> {
    const { file, roomId } = this.#harness;
    if (file.isEmpty()) return new Map();
    const rows = file.all<Omit<Message, 'roomId'>>(
      `SELECT seq, rev, id, sender_id AS senderId, sender, message, timestamp
        FROM messages ORDER BY rev`,
    );
    const [room] = file.all<{ rev: number; members: number; listed: number }>(
      'SELECT rev, member_count AS members, (SELECT count(*) FROM members) AS listed FROM room',
    );
    assert.equal(room?.rev ?? 0, rows.length);
    assert.equal(room?.members ?? 0, room?.listed ?? 0);
    return new Map(rows.map((row) => [row.seq, { roomId, ...row }]));
  }
}
