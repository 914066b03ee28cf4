import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { NodeConnection } from '../../../local-server/node-connection.ts';
import { Refusal } from '../../../src/protocol/codes/errors.ts';
import type { RequestName } from '../../../src/protocol/commands.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import { assertEqual, inInbox } from './oracle.ts';
import { StorageFault } from '../../unit/room/room-harness.ts';
import { admin, directIdOf, World } from './world.ts';

const ROOMS = ['one', 'two', 'three'];
const USERS = ['ann', 'bob', 'cem', 'dan'];

type Fault = 'none' | 'beforeCommit' | 'afterCommit';

/** A step of the simulation. Rooms and users are given by number. */
export type Happening =
  | { do: 'say'; room: number; user: number; mentions: number[]; fault: Fault }
  | { do: 'edit' | 'delete'; room: number; user: number; mentions: number[]; fault: Fault }
  | { do: 'read'; room: number; user: number; share: number; fault: Fault }
  | { do: 'role'; room: number; user: number; role: string; fault: Fault }
  | {
      do: 'ban' | 'unban' | 'topic' | 'deleteRoom' | 'reopen' | 'tell';
      room: number;
      user: number;
      fault: Fault;
    }
  | { do: 'join' | 'drop'; room: number; user: number }
  | { do: 'quit' | 'choose' | 'watch'; room: number; user: number; share: number }
  | { do: 'open' | 'block' | 'unblock' | 'sayDirect'; user: number; other: number }
  | { do: 'list' | 'erase'; user: number }
  | { do: 'arrive' | 'lose' | 'late'; at: number }
  | { do: 'crashRoom' | 'sleepRoom' | 'failRoom'; room: number; after: number }
  | { do: 'crashInbox' | 'sleepInbox' | 'failInbox'; after: number }
  | { do: 'pass'; ms: number }
  | { do: 'rest' };

const room = fc.nat(ROOMS.length - 1);
const user = fc.nat(USERS.length - 1);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fault>('none') },
  { weight: 1, arbitrary: fc.constantFrom<Fault>('beforeCommit', 'afterCommit') },
);
const mentions = fc.array(user, { maxLength: 2 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const one = <const T extends Happening['do']>(...values: T[]) => fc.constantFrom(...values);

/** A random step; common ones have more weight. */
export const happening = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: one('say'), room, user, mentions, fault }) },
  { weight: 4, arbitrary: fc.record({ do: one('edit', 'delete'), room, user, mentions, fault }) },
  { weight: 8, arbitrary: fc.record({ do: one('read'), room, user, share, fault }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: one('role'),
      room,
      user,
      role: fc.constantFrom('none', 'member', 'moderator', 'viewer'),
      fault,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: one('ban', 'unban', 'topic', 'tell'), room, user, fault }),
  },
  { weight: 1, arbitrary: fc.record({ do: one('deleteRoom', 'reopen'), room, user, fault }) },
  { weight: 4, arbitrary: fc.record({ do: one('join', 'drop'), room, user }) },
  { weight: 4, arbitrary: fc.record({ do: one('quit', 'choose', 'watch'), room, user, share }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: one('open', 'block', 'unblock', 'sayDirect', 'sayDirect'),
      user,
      other: user,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: one('list', 'list', 'list', 'erase'), user }) },
  {
    weight: 16,
    arbitrary: fc.record({ do: one('arrive', 'arrive', 'lose', 'late'), at: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: one('crashRoom', 'sleepRoom', 'failRoom'),
      room,
      after: fc.nat(20),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: one('crashInbox', 'sleepInbox', 'failInbox'), after: fc.nat(20) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: one('pass'), ms: fc.constantFrom(20, 500, 1_000, 61_000, 700_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: one('rest') }) },
) as fc.Arbitrary<Happening>;

const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Plays the steps, lets the world rest and compares. @throws if an inbox differs from its rooms */
export function play(happenings: readonly Happening[]): void {
  const folder = mkdtempSync(join(FOLDER, 'parlor-inbox-'));
  const world = new World(folder);
  try {
    const scene = new Scene(world);
    for (const each of happenings) scene.happen(each);
    scene.rest();
  } finally {
    world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Scene {
  readonly #world: World;
  readonly #present = new Map<string, NodeConnection>();
  #texts = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Plays one step; a storage fault or a refusal ends only that step. */
  happen(what: Happening): void {
    try {
      this.#do(what);
    } catch (error) {
      if (error instanceof StorageFault) this.#failed(what);
      else if (!(error instanceof Refusal)) throw error;
    }
  }

  rest(): void {
    const world = this.#world;
    world.rest();
    assertEqual(world, USERS);
    const before = USERS.map((userId) => inInbox(world, userId));
    for (const userId of USERS) {
      for (let done = false; !done;) {
        done = (world.ask(person(userId), 'rebuildInbox', {}) as { done: boolean }).done;
      }
    }
    assert.deepEqual(
      USERS.map((userId) => inInbox(world, userId)),
      before,
      'a rebuild changed something',
    );
  }

  #do(what: Happening): void {
    const world = this.#world;
    switch (what.do) {
      case 'say':
        this.#inRoom(what, 'message', { ...this.#text(what.mentions) });
        break;
      case 'edit':
        this.#inRoom(what, 'editMessage', {
          seq: this.#ownSeq(what),
          ...this.#text(what.mentions),
        });
        break;
      case 'delete':
        this.#inRoom(what, 'deleteMessage', { seq: this.#ownSeq(what) });
        break;
      case 'read':
        this.#inRoom(what, 'markRead', { readUpTo: Math.ceil(what.share * this.#rev(what.room)) });
        break;
      case 'role':
        this.#asAdmin(what, 'setRole', { userId: USERS[what.user], role: what.role });
        break;
      case 'ban':
        this.#asAdmin(what, 'banMember', { userId: USERS[what.user] });
        break;
      case 'unban':
        this.#asAdmin(what, 'unbanMember', { userId: USERS[what.user] });
        break;
      case 'topic':
        this.#asAdmin(what, 'updateRoom', { topic: `topic ${what.user}` });
        break;
      case 'tell':
        this.#asAdmin(what, 'tellRoom', {});
        break;
      case 'deleteRoom':
        this.#asAdmin(what, 'deleteRoom', {});
        break;
      case 'reopen':
        this.#asAdmin(what, 'reopenRoom', {});
        break;
      case 'join':
        this.#join(what.room, what.user);
        break;
      case 'drop':
        this.#drop(what.room, what.user);
        break;
      case 'quit':
        world.toInbox(person(USERS[what.user]!), 'quitRoom', { roomId: ROOMS[what.room] });
        break;
      case 'choose':
        world.toInbox(person(USERS[what.user]!), 'setConversation', {
          roomId: ROOMS[what.room],
          ...(what.share < 0.3 && { notify: what.share < 0.1 ? 'none' : 'all' }),
          ...(what.share > 0.5 && { readUpTo: Math.ceil(what.share * this.#rev(what.room)) }),
          pinned: what.share > 0.7,
        });
        break;
      case 'watch':
        world.toInbox(person(USERS[what.user]!), 'watchInbox', { roomIds: ROOMS });
        break;
      case 'open':
      case 'block':
      case 'unblock':
        world.toInbox(
          person(USERS[what.user]!),
          ({ open: 'openDirect', block: 'blockUser', unblock: 'unblockUser' } as const)[what.do],
          { userId: USERS[what.other] },
        );
        break;
      case 'sayDirect':
        world.inRoom(
          directIdOf(USERS[what.user]!, USERS[what.other]!),
          person(USERS[what.user]!),
          'message',
          this.#text([]),
        );
        break;
      case 'list':
        world.toInbox(person(USERS[what.user]!), 'openInbox', {});
        break;
      case 'erase':
        world.toInbox({ ...admin, userId: USERS[what.user]! }, 'eraseInbox', {});
        break;
      case 'arrive':
        this.#transit(what.at, (each) => each.arrive());
        break;
      case 'lose':
        this.#transit(what.at, (each) => each.lose());
        break;
      case 'late':
        // The call arrives later, but its sender takes it for lost.
        this.#transit(what.at, (each) => {
          world.transit.push({ arrive: () => each.arrive(), lose: () => {} });
          each.lose();
        });
        break;
      case 'crashRoom':
        this.#crash(what.room);
        break;
      case 'sleepRoom':
        world.room(ROOMS[what.room]!).sleep();
        this.#forget(what.room);
        break;
      case 'failRoom':
        world.room(ROOMS[what.room]!).sql.failAfter = what.after;
        break;
      case 'crashInbox':
        world.crash(world.inboxes, '');
        break;
      case 'sleepInbox':
        world.inboxes.sleep();
        break;
      case 'failInbox':
        world.inboxes.sql.failAfter = what.after;
        break;
      case 'pass':
        world.pass(what.ms);
        break;
      case 'rest':
        this.rest();
        break;
      default:
        what satisfies never;
    }
  }

  /** Crashes all objects, as a host does with one that cannot be opened or whose commit fails. */
  #failed(what: Happening): void {
    if ('room' in what) this.#crash(what.room);
    for (const at of ROOMS.keys()) this.#crash(at);
    for (const harness of this.#world.rooms.values()) harness.crash();
    this.#world.crash(this.#world.inboxes, '');
  }

  #inRoom(
    what: { room: number; user: number; fault: Fault },
    name: RequestName,
    payload: object,
    identity: Identity = person(USERS[what.user]!),
  ): void {
    const roomId = ROOMS[what.room]!;
    const harness = this.#world.room(roomId);
    if (what.fault === 'none') {
      this.#world.inRoom(roomId, identity, name, payload);
      return;
    }
    harness.decide((live) => live.execute(identity, name, { roomId, ...payload }));
    if (what.fault === 'afterCommit') harness.file.commit();
    this.#crash(what.room);
  }

  #asAdmin(
    what: { room: number; user: number; fault: Fault },
    name: RequestName,
    payload: object,
  ): void {
    this.#inRoom(what, name, payload, admin);
  }

  #text(mentioned: readonly number[]): object {
    return {
      message: `text ${this.#texts++}`,
      mentions: [...new Set(mentioned)].map((at) => USERS[at]),
    };
  }

  #rev(at: number): number {
    const { file } = this.#world.room(ROOMS[at]!);
    if (file.isEmpty()) return 0;
    return file.all<{ rev: number }>('SELECT rev FROM room')[0]?.rev ?? 0;
  }

  #ownSeq(what: { room: number; user: number }): number {
    const { file } = this.#world.room(ROOMS[what.room]!);
    if (file.isEmpty()) return 1;
    const [row] = file.all<{ seq: number }>(
      'SELECT seq FROM messages WHERE sender_id = ? ORDER BY seq DESC LIMIT 1',
      USERS[what.user]!,
    );
    return row?.seq ?? 1;
  }

  #transit(at: number, act: (each: { arrive(): void; lose(): void }) => void): void {
    const { transit } = this.#world;
    if (transit.length === 0) return;
    const [each] = transit.splice(at % transit.length, 1);
    act(each!);
  }

  #join(at: number, by: number): void {
    const key = `${at} ${by}`;
    if (this.#present.get(key)?.open === true) return;
    this.#present.set(key, this.#world.join(ROOMS[at]!, person(USERS[by]!)));
  }

  #drop(at: number, by: number): void {
    const key = `${at} ${by}`;
    const connection = this.#present.get(key);
    this.#present.delete(key);
    if (connection !== undefined) this.#world.drop(ROOMS[at]!, connection);
  }

  #crash(at: number): void {
    this.#world.crash(this.#world.room(ROOMS[at]!), ROOMS[at]!);
    this.#forget(at);
  }

  /** Ends a room's sockets. At the edge they outlive a sleep, but that changes nothing for inboxes. */
  #forget(at: number): void {
    this.#world.connectionsOf(ROOMS[at]!).clear();
    for (const key of this.#present.keys()) {
      if (key.startsWith(`${at} `)) this.#present.delete(key);
    }
  }
}

function person(userId: string): Identity {
  return { userId, name: `Mx ${userId}` };
}
