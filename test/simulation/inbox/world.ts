import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { NodeConnection } from '../../../local-server/node-connection.ts';
import { outgoingHookOf } from '../../../src/hooks/outgoing.ts';
import type { Delivery, DeliveryOutcome } from '../../../src/host/ports.ts';
import { erasureOutcome } from '../../../src/host/carry-erasures.ts';
import { Inbox } from '../../../src/inbox/inbox.ts';
import { service } from '../../../src/inbox/conversations/ask-room.ts';
import type { Answer, Ask } from '../../../src/inbox/ports.ts';
import { ERASE_TARGET, NOTIFY_TARGET, type PushBody } from '../../../src/inbox/pushes.ts';
import { internalProblem, unavailableProblem } from '../../../src/protocol/codes/errors.ts';
import type { RequestName } from '../../../src/protocol/commands.ts';
import type { Result } from '../../../src/protocol/frames.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { InboxCommandName } from '../../../src/protocol/inbox-commands.ts';
import type { ConversationState, Notice } from '../../../src/protocol/inbox-objects.ts';
import { Room } from '../../../src/room/room.ts';
import { readSettings, type Settings } from '../../../src/settings/settings.ts';
import { Harness } from './harness.ts';

export const admin: Identity = { userId: 'the admin', name: 'Admin', admin: true };

/** A call between two objects that is under way. */
interface InTransit {
  /** What an inbox asks a room; absent in other calls. */
  ask?: Ask;
  /** The call arrives, and its sender gets the result. */
  arrive(): void;
  /** The call is lost, and its sender gets a failure. */
  lose(): void;
}

/** The id of the direct room of two users. */
export function directIdOf(one: string, other: string): string {
  const hash = createHash('sha256').update(JSON.stringify([one, other].toSorted()));
  return `direct:${hash.digest('base64url').slice(0, 22)}`;
}

/** Rooms and inboxes over real files, and the calls between them, which the test moves. */
export class World {
  readonly clock = { now: 1_700_000_000_000, elapsed: 0 };
  readonly inboxes: Harness<Inbox>;
  readonly rooms = new Map<string, Harness<Room>>();
  readonly transit: InTransit[] = [];
  /** The number of calls between rooms and inboxes. */
  calls = 0;
  /** The number of those that are inbox updates from a room. */
  tellings = 0;
  /** Whether inboxes send pushes, from their next life on. */
  isPushing = true;
  /** The notices of pushes that arrived. */
  readonly pushes: { roomId: string; notice: Notice; at: number }[] = [];
  /** The notifications that the outgoing webhook got. */
  readonly notified: { userId: string; roomId: string; notice: Notice; at: number }[] = [];
  readonly #folder: string;
  readonly #connections = new Map<string, Set<NodeConnection>>();
  readonly #settings: Settings;

  constructor(folder: string, settings: Record<string, string> = {}) {
    this.#folder = folder;
    // No command is rate limited.
    this.#settings = readSettings({ COMMAND_BURST: '1000000', ...settings }).settings;
    this.inboxes = new Harness(join(folder, 'inboxes.sqlite'), this.clock, (ports) => {
      const { life } = this.inboxes;
      return new Inbox(
        {
          ...ports,
          roster: { connections: () => this.connectionsOf('') },
          firstEpochOf: (userId) => `first-${createHash('sha256').update(userId).digest('hex')}`,
          peers: {
            ask: (ask, settle) => this.#ask(ask, (answer) => this.#settle(life, settle, answer)),
          },
          courier: {
            send: (target, deliveries, settle) =>
              this.#notify(target, deliveries, (outcomes) => {
                if (this.inboxes.life === life) this.inboxes.use(() => settle(outcomes));
              }),
          },
        },
        {
          limits: this.#settings.limits,
          directMessages: this.#settings.DIRECT_MESSAGES,
          acceptsPush: this.isPushing ? () => true : undefined,
          notifiesHook: outgoingHookOf(this.#settings)?.notifies,
        },
      );
    });
  }

  room(roomId: string): Harness<Room> {
    const known = this.rooms.get(roomId);
    if (known !== undefined) return known;
    const name = createHash('sha256').update(roomId).digest('hex');
    const harness: Harness<Room> = new Harness(
      join(this.#folder, `${name}.sqlite`),
      this.clock,
      (ports) => {
        const { life } = harness;
        return new Room(
          roomId,
          {
            ...ports,
            firstEpoch: 'first',
            hasInboxes: true,
            roster: { connections: () => this.connectionsOf(roomId) },
            courier: {
              send: (target, deliveries, settle) =>
                this.#carry(target, deliveries, (outcomes) => {
                  if (harness.life !== life) return;
                  harness.use(() => settle(outcomes));
                }),
            },
          },
          this.#settings.limits,
        );
      },
    );
    this.rooms.set(roomId, harness);
    return harness;
  }

  connectionsOf(roomId: string): Set<NodeConnection> {
    const known = this.#connections.get(roomId) ?? new Set();
    this.#connections.set(roomId, known);
    return known;
  }

  /** Joins a user to a room, until `drop` or a crash of the room. */
  join(roomId: string, identity: Identity): NodeConnection {
    const connection = this.connect(identity);
    this.room(roomId).use((room) => room.connect(connection, {}));
    this.connectionsOf(roomId).add(connection);
    return connection;
  }

  drop(roomId: string, connection: NodeConnection): void {
    connection.ended();
    this.connectionsOf(roomId).delete(connection);
    this.room(roomId).use((room) => room.depart(connection, 'left'));
  }

  connect(identity: Identity, heard: (line: [string, unknown]) => void = () => {}): NodeConnection {
    return new NodeConnection(
      { v: 1, id: crypto.randomUUID(), identity, joined: false },
      {
        frame: ({ lines }) => {
          for (const line of lines) heard(JSON.parse(line) as [string, unknown]);
        },
        close: () => undefined,
        buffered: () => 0,
        lastSeenAt: () => undefined,
      },
      this.#settings.limits,
    );
  }

  /** Executes a command in a room, as over HTTP. */
  inRoom(roomId: string, identity: Identity, name: RequestName, payload: object): Result {
    return this.room(roomId).use((room) => room.execute(identity, name, { roomId, ...payload }));
  }

  /** Executes an inbox command, as over HTTP; the answer may be lost. */
  toInbox(
    identity: Identity,
    name: InboxCommandName,
    payload: object,
    answered: (result: Result) => void = () => {},
  ): void {
    this.inboxes.use((inbox) => inbox.execute(identity, name, payload, answered));
  }

  /** As `toInbox`, but lets all calls arrive and returns the reply. @throws if it is a refusal */
  ask(identity: Identity, name: InboxCommandName, payload: object): object {
    let result: Result | undefined;
    this.toInbox(identity, name, payload, (answer) => {
      result = answer;
    });
    this.arriveAll();
    assert(result !== undefined, `${name} was not answered`);
    assert(result.ok, JSON.stringify(result));
    return result;
  }

  crash(harness: Harness<Room> | Harness<Inbox>, roomId: string): void {
    harness.crash();
    this.connectionsOf(roomId).clear();
  }

  /** Lets all calls arrive, and those that they lead to. */
  arriveAll(): void {
    for (let steps = 0; this.transit.length > 0; steps++) {
      assert(steps < 100_000, 'calls never end');
      this.transit.shift()!.arrive();
    }
  }

  pass(ms: number): void {
    this.clock.now += ms;
    this.clock.elapsed += ms;
    for (const harness of this.#harnesses()) harness.tick();
  }

  /** Ends all faults and lets time pass until nothing is due any more. */
  rest(): void {
    for (const harness of this.#harnesses()) {
      harness.sql.failAfter = Infinity;
      harness.flush();
    }
    for (let quiet = 0, rounds = 0; quiet < 3; rounds++) {
      assert(rounds < 5_000, 'the world never rests');
      this.arriveAll();
      quiet = this.#tickAll() ? 0 : quiet + 1;
      if (quiet > 0) this.#jump();
    }
    this.arriveAll();
    for (const harness of this.#harnesses()) assert.deepEqual(harness.defects, []);
  }

  close(): void {
    for (const harness of this.#harnesses()) harness.file.discard();
  }

  #tickAll(): boolean {
    return this.#harnesses()
      .map((harness) => harness.tick())
      .some((was) => was);
  }

  /** Moves the time to the next due timer or wakeup, at most a day. */
  #jump(): void {
    const { clock } = this;
    const waits = this.#harnesses().flatMap((harness) => [
      (harness.nextTimer ?? Infinity) - clock.elapsed,
      (harness.wakeAt ?? Infinity) - clock.now,
    ]);
    const ms = Math.max(0, Math.min(...waits, 86_400_000));
    clock.now += ms;
    clock.elapsed += ms;
  }

  #harnesses(): (Harness<Room> | Harness<Inbox>)[] {
    return [this.inboxes, ...this.rooms.values()];
  }

  #carry(
    target: string,
    deliveries: readonly Delivery[],
    settle: (outcomes: readonly DeliveryOutcome[]) => void,
  ): void {
    this.calls++;
    this.tellings++;
    const userId = target.slice('inbox:'.length);
    const told = deliveries.map(({ key, body }) => ({
      roomId: key,
      state: JSON.parse(body) as ConversationState,
    }));
    this.transit.push({
      arrive: () => {
        try {
          this.inboxes.use((inbox) => inbox.take(userId, told));
        } catch {
          settle(deliveries.map(() => 'failed' as const));
          return;
        }
        settle(deliveries.map(() => 'delivered' as const));
      },
      lose: () => settle(deliveries.map(() => 'failed' as const)),
    });
  }

  /** Carries a push or a notification: asks the room for its notice, and confirms a push to the inbox. */
  #notify(
    target: string,
    deliveries: readonly Delivery[],
    settle: (outcomes: readonly DeliveryOutcome[]) => void,
  ): void {
    if (target.startsWith(ERASE_TARGET)) {
      this.#erase(target, deliveries, settle);
      return;
    }
    for (const { key: roomId, body } of deliveries) {
      const isForHook = target.startsWith(NOTIFY_TARGET);
      const userId = isForHook
        ? target.slice(NOTIFY_TARGET.length)
        : (JSON.parse(body) as PushBody).userId;
      this.transit.push({
        arrive: () => {
          const answer = this.inRoom(roomId, service(userId), 'getNotice', { userId });
          const { notice } = answer as { notice?: Notice };
          if (notice !== undefined && isForHook) {
            this.notified.push({ userId, roomId, notice, at: this.clock.now });
          } else if (notice !== undefined) {
            this.pushes.push({ roomId, notice, at: this.clock.now });
            const shown = { seq: notice.seq, at: notice.timestamp };
            this.inboxes.use((inbox) => inbox.pushed(userId, roomId, shown));
          }
          settle(['delivered']);
        },
        lose: () => settle(['failed']),
      });
    }
  }

  /** Carries an erasure from an inbox to rooms that it learned of after its user was erased. */
  #erase(
    target: string,
    deliveries: readonly Delivery[],
    settle: (outcomes: readonly DeliveryOutcome[]) => void,
  ): void {
    const userId = target.slice(ERASE_TARGET.length);
    const erase = ({ key: roomId }: Delivery) =>
      erasureOutcome(this.inRoom(roomId, service(userId), 'eraseUser', { userId }));
    this.transit.push({
      arrive: () => settle(deliveries.map(erase)),
      lose: () => settle(deliveries.map(() => 'failed' as const)),
    });
  }

  #ask(ask: Ask, settle: (answer: Answer) => void): void {
    this.calls++;
    const { to, identity, name, payload } = ask;
    if ('inbox' in to) {
      const { userId, rooms } = payload as { userId: string; rooms: string[] };
      this.transit.push({
        arrive: () =>
          settle({
            result: this.inboxes.use((inbox) => inbox.admitDirect(to.inbox, userId, rooms)),
          }),
        lose: () => settle({ result: { ok: false, error: unavailableProblem } }),
      });
      return;
    }
    const roomId = 'room' in to ? to.room : directIdOf(identity.userId, to.direct);
    this.transit.push({
      ask,
      arrive: () => {
        let result: Result = { ok: false, error: internalProblem };
        try {
          result = this.inRoom(roomId, identity, name as RequestName, payload);
        } catch {
          // The room could not be opened: the answer is the internal problem.
        }
        settle({ roomId, result });
      },
      lose: () => settle({ roomId, result: { ok: false, error: unavailableProblem } }),
    });
  }

  #settle(life: number, settle: (answer: Answer) => void, answer: Answer): void {
    if (this.inboxes.life !== life) return;
    this.inboxes.use(() => settle(answer));
  }
}
