import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { NodeConnection } from '../../../local-server/node-connection.ts';
import type { CloseCode } from '../../../src/protocol/codes/close-codes.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { readSettings } from '../../../src/settings/settings.ts';
import { Device, type Ledger } from '../room/device.ts';
import { type RelayedSocket, World } from './world.ts';

const DEVICES = 6;
const USERS = 4;
const RELAYS = 2;
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A step of the play of a room, its relays and their listeners. */
export type Step =
  | { do: 'open' | 'drop' | 'resend' | 'leave' | 'rejoin' | 'type' | 'catchUp'; device: number }
  | { do: 'send'; device: number; id: number }
  | { do: 'post'; id: number }
  | { do: 'advance' | 'break'; call: number }
  | { do: 'pass'; ms: number }
  | { do: 'abortRoom' | 'sleepRoom' | 'wakeRoom' | 'settle' }
  | { do: 'abortRelay' | 'sleepRelay'; relay: number };

const device = fc.nat(DEVICES - 1);

function one<const T extends Step['do']>(...values: T[]) {
  return fc.constantFrom(...values);
}

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: one('open'), device }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: one('drop', 'resend', 'leave', 'rejoin', 'type', 'catchUp'),
      device,
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: one('send'), device, id: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.record({ do: one('post'), id: fc.nat(8) }) },
  { weight: 40, arbitrary: fc.record({ do: one('advance'), call: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: one('break'), call: fc.nat(5) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: one('pass'), ms: fc.constantFrom(10, 60, 1_100, 6_000, 30_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: one('abortRoom', 'sleepRoom', 'wakeRoom', 'settle') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: one('abortRelay', 'sleepRelay'), relay: fc.nat(RELAYS - 1) }),
  },
);

/** Plays steps and audits every listener. @throws AssertionError if a guarantee does not hold */
export function play(steps: readonly Step[]): void {
  const folder = mkdtempSync(join(FOLDER, 'parlor-relays-'));
  const { limits } = readSettings({ COMMAND_BURST: '1000000' }).settings;
  const world = new World(join(folder, 'room.sqlite'), limits, RELAYS);
  try {
    const harness = new Harness(world);
    for (const each of steps) harness.do(each);
    harness.settle();
  } finally {
    world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A device at a relay. Presence is audited at the end, for all devices together. */
class Listener extends Device implements RelayedSocket {
  connection: NodeConnection | undefined;
  isOpening = false;
  isOpen = false;

  opened(): void {
    this.isOpening = false;
    this.isOpen = true;
    this.plug = {} as never;
  }

  override closed(_code?: CloseCode | 4000): void {
    super.closed();
    this.isOpening = false;
    this.isOpen = false;
  }
}

class Harness {
  readonly #world: World;
  readonly #ledger: Ledger = { acknowledged: new Map(), shown: new Map() };
  readonly #devices: readonly Listener[];
  #texts = 0;

  constructor(world: World) {
    this.#world = world;
    this.#devices = Array.from({ length: DEVICES }, (_, at) => {
      const userId = `user ${at % USERS}`;
      return new Listener({ userId, name: userId }, this.#ledger);
    });
  }

  do(what: Step): void {
    const world = this.#world;
    switch (what.do) {
      case 'open':
        this.#open(what.device);
        break;
      case 'drop':
        this.#drop(what.device);
        break;
      case 'send':
        this.#send(what.device, `m${what.id}`, `text ${this.#texts++}`);
        break;
      case 'resend':
        this.#resend(what.device);
        break;
      case 'leave':
        this.#say(what.device, 'leaveRoom', {});
        break;
      case 'rejoin':
        this.#say(what.device, 'joinRoom', { since: this.#devices[what.device]!.resume });
        break;
      case 'type':
        this.#say(what.device, 'typing', {});
        break;
      case 'catchUp':
        this.#catchUp(what.device);
        break;
      case 'post':
        world.room.post(
          { userId: 'poster', name: 'Poster' },
          { id: `p${what.id}`, message: `text ${this.#texts++}` },
        );
        break;
      case 'advance':
        world.advance(what.call);
        break;
      case 'break':
        world.break(what.call);
        break;
      case 'pass':
        world.pass(what.ms);
        break;
      case 'abortRoom':
        world.room.abort();
        break;
      case 'sleepRoom':
        world.room.sleep();
        break;
      case 'wakeRoom':
        world.room.wake();
        break;
      case 'abortRelay':
        world.relays[what.relay]!.abort();
        break;
      case 'sleepRelay':
        world.relays[what.relay]!.sleep();
        break;
      case 'settle':
        this.settle();
        break;
      default:
        what satisfies never;
    }
    assert.deepEqual(world.defects, []);
  }

  /** Lets everything arrive; then no listener may have lost or doubled a message, or be cut off. */
  settle(): void {
    const world = this.#world;
    // The wakeup passes on what a crash left.
    this.#comeToRest();
    world.pass(120_000);
    world.room.wake();
    this.#comeToRest();
    for (const at of this.#devices.keys()) {
      this.#resend(at);
      this.#catchUp(at);
    }
    this.#comeToRest();
    const said = world.room.post({ userId: 'poster' }, { message: 'does everybody receive this?' });
    assert(said.ok);
    this.#comeToRest();
    this.#audit();
  }

  #comeToRest(): void {
    const world = this.#world;
    for (let round = 0; round < 40; round++) {
      for (let calls = 0; !world.isQuiet(); calls++) {
        assert(calls < 10_000, 'calls do not end');
        world.advance(0);
      }
      world.pass(1_000);
    }
    assert(world.isQuiet());
  }

  #audit(): void {
    const stored = this.#stored();
    for (const message of this.#ledger.acknowledged.values()) {
      assert.deepEqual(stored.get(message.seq), message, 'an acknowledged message is not stored');
    }
    for (const each of this.#devices) {
      assert.deepEqual(each.gaps, [], 'a change was not received');
      if (!each.isOpen) continue;
      assert.equal(each.unacknowledged.size, 0, 'a reply was lost');
      if (!each.joined) continue;
      assert(each.isWhole, 'still catching up');
      assert.deepEqual(
        [...each.copy.keys()].toSorted((a, b) => a - b),
        [...stored.keys()],
        "a listener's copy is not what is stored",
      );
    }
    const here = this.#devices.filter(({ isOpen, joined }) => isOpen && joined);
    const users = new Set(here.map(({ identity }) => identity.userId));
    assert.equal(this.#world.room.onlineCount, users.size, 'presence is not who is connected');
    const open = this.#devices.filter(({ isOpen }) => isOpen).length;
    assert.equal(
      this.#world.relays.reduce((sum, { size }) => sum + size, 0),
      open,
    );
  }

  #open(at: number): void {
    const each = this.#devices[at]!;
    if (each.isOpen || each.isOpening) return;
    each.opening(each.resume);
    // As if events may have been dropped, so that the device does not follow presence.
    each.buffered = 1;
    each.isOpening = true;
    this.#relayOf(at).open(each.identity, { since: each.resume }, each);
  }

  #drop(at: number): void {
    const each = this.#devices[at]!;
    if (!each.isOpen) return;
    const { connection } = each;
    each.closed();
    this.#relayOf(at).drop(connection!, at % 2 === 0 ? 'left' : 'disconnected');
  }

  #send(at: number, id: string, message: string): void {
    const each = this.#devices[at]!;
    if (!each.unacknowledged.has(id)) each.unacknowledged.set(id, { id, message });
    this.#say(at, 'message', each.unacknowledged.get(id)!);
  }

  #resend(at: number): void {
    const each = this.#devices[at]!;
    if (each.isOpen && !each.joined) this.#say(at, 'joinRoom', { since: each.resume });
    for (const sent of each.unacknowledged.values()) this.#say(at, 'message', sent);
  }

  #catchUp(at: number): void {
    const each = this.#devices[at]!;
    if (each.joined && !each.isWhole) this.#say(at, 'getMissed', { after: each.resume });
  }

  #say(at: number, name: string, payload: object): void {
    const each = this.#devices[at]!;
    if (!each.isOpen) return;
    const { since, after } = payload as { since?: string; after?: string };
    const ref = each.asks(name, since ?? after);
    this.#relayOf(at).handle(each.connection!, { name, payload, ref });
  }

  #relayOf(at: number) {
    return this.#world.relays[at % RELAYS]!;
  }

  #stored(): Map<number, Message> {
    const { file } = this.#world;
    if (file.isEmpty()) return new Map();
    const rows = file.all<Omit<Message, 'roomId'>>(
      `SELECT seq, rev, id, sender_id AS senderId, sender, message, timestamp
        FROM messages ORDER BY rev`,
    );
    return new Map(rows.map((row) => [row.seq, { roomId: 'harness', ...row }]));
  }
}
