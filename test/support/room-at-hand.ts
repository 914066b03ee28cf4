import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { NodeConnection } from '../../local-server/node-connection.ts';
import { SqliteFile } from '../../local-server/sqlite-file.ts';
import type { Payload, Reply, RequestName } from '../../src/protocol/commands.ts';
import type { EventName, EventPayload } from '../../src/protocol/events.ts';
import type { Identity } from '../../src/protocol/identity.ts';
import type { Result } from '../../src/protocol/frames.ts';
import { Room } from '../../src/room/room.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { temporaryFolder } from './folder.ts';
import { ok } from './visitor.ts';

/** Limits under which no command is rate limited. */
const { limits } = readSettings({ COMMAND_BURST: '1000000' }).settings;

/** Limits that replace the usual ones. */
export type OtherLimits = Partial<typeof limits>;

export const DAY_MS = 86_400_000;

export const admin: Identity = { userId: 'the admin', name: 'Admin', admin: true };

/** An identity whose name differs from its user id. */
export function person(userId: string): Identity {
  return { userId, name: `Mx ${userId}` };
}

/**
 * A Room over its own file, with a clock and a wakeup that the test controls. As on the Node host, each
 * command is committed before its frames leave. Removed after the test.
 */
export class RoomAtHand {
  readonly roomId: string;
  readonly path: string;
  /** Epoch milliseconds. */
  now = 1_700_000_000_000;
  /** When the room wants to be woken, in epoch milliseconds. */
  wakeAt: number | undefined;
  /** Logged failures; a test expects none. */
  readonly failures: unknown[] = [];
  readonly file: SqliteFile;
  readonly #firstEpoch = crypto.randomUUID();
  readonly #connections = new Set<NodeConnection>();
  readonly #limits: typeof limits;
  #room: Room;

  constructor(roomId = 'the room', otherLimits: OtherLimits = {}) {
    this.roomId = roomId;
    this.#limits = { ...limits, ...otherLimits };
    this.path = join(temporaryFolder(), 'room.sqlite');
    this.file = new SqliteFile(this.path, 'process', () => {});
    this.#room = this.#open();
    onTestFinished(() => this.file.close());
  }

  /** Crashes the room and opens it again; committed changes are kept. */
  crash(): void {
    this.file.discard();
    this.#connections.clear();
    this.#room = this.#open();
  }

  execute<N extends RequestName>(
    who: Identity,
    name: N,
    payload: Omit<Payload<N>, 'roomId'>,
  ): Result<Reply<N>> {
    const result = this.#room.execute(who, name, payload);
    this.settle();
    return result;
  }

  /** Executes a command and returns its reply. @throws if it is refused */
  ask<N extends RequestName>(
    who: Identity,
    name: N,
    payload: Omit<Payload<N>, 'roomId'>,
  ): Reply<N> {
    return ok(this.execute(who, name, payload));
  }

  /** Executes a command and commits it, but does not flush, as if the process ended before that. */
  storeOnly<N extends RequestName>(who: Identity, name: N, payload: Payload<N>): void {
    ok(this.#room.execute(who, name, payload));
    this.file.commit();
  }

  join(who: Identity, payload: Payload<'joinRoom'> = {}): Listener {
    const listener = new Listener(who, this.#limits);
    this.#room.connect(listener.connection, payload);
    this.#connections.add(listener.connection);
    this.settle();
    return listener;
  }

  /** Wakes the room once, as its host does. */
  wake(): void {
    this.#room.wake();
    this.settle();
  }

  /** Wakes the room while its wakeup is due. @returns how many times */
  wakeWhileDue(most = 1_000): number {
    let times = 0;
    while (this.wakeAt !== undefined && this.wakeAt <= this.now) {
      if (times++ === most) throw new Error('The room never stops asking to be woken.');
      this.wake();
    }
    return times;
  }

  settle(): void {
    this.file.commit();
    this.#room.flush();
    this.file.commit();
  }

  /** All bytes of the file and its journal. */
  bytes(): Buffer {
    return Buffer.concat(
      ['', '-wal', '-shm'].map((suffix) => {
        try {
          return readFileSync(`${this.path}${suffix}`);
        } catch {
          return Buffer.alloc(0);
        }
      }),
    );
  }

  get rev(): number {
    return this.file.all<{ rev: number }>('SELECT rev FROM room')[0]!.rev;
  }

  count(table: string): number {
    return this.file.all<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)[0]!.n;
  }

  #open(): Room {
    return new Room(
      this.roomId,
      {
        sql: this.file,
        clock: { now: () => this.now },
        ids: { make: () => crypto.randomUUID() },
        firstEpoch: this.#firstEpoch,
        timer: { after: () => () => {} },
        wakeup: {
          set: (at) => {
            this.wakeAt = at;
          },
        },
        roster: { connections: () => this.#connections },
        log: { failure: (_, error) => this.failures.push(error) },
      },
      this.#limits,
    );
  }
}

/** A joined connection and everything that it has received. */
export class Listener {
  readonly connection: NodeConnection;
  readonly lines: [string, unknown][] = [];
  endedWith: number | undefined;

  constructor(identity: Identity, of: typeof limits) {
    this.connection = new NodeConnection(
      { v: 1, id: crypto.randomUUID(), identity, joined: false },
      {
        frame: ({ lines }) => {
          this.lines.push(...lines.map((line) => JSON.parse(line) as [string, unknown]));
        },
        close: (code) => {
          this.endedWith = code;
        },
        buffered: () => 0,
        lastSeenAt: () => undefined,
      },
      of,
    );
  }

  heard<N extends EventName>(name: N): EventPayload<N>[] {
    return this.lines.filter((line) => line[0] === name).map((line) => line[1] as EventPayload<N>);
  }

  get joined(): Reply<'joinRoom'> {
    return ok(this.lines[0]![1] as Result<Reply<'joinRoom'>>);
  }
}

/** The text of a room's whole export; `between` is called before each further page. */
export function exportOf(room: RoomAtHand, between: () => void = () => {}): string {
  let page = room.ask(admin, 'exportRoom', {});
  let text = page.text;
  while (page.next !== undefined) {
    between();
    page = room.ask(admin, 'exportRoom', { cursor: page.next });
    text += page.text;
  }
  return text;
}
