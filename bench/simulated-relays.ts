import { deserialize, serialize } from 'node:v8';
import { SqliteFile } from '../local-server/sqlite-file.ts';
import type { ConnectionState } from '../src/room/ports.ts';
import type { RelayRequest } from '../src/relay/exchange.ts';
import { RoomRelays } from '../src/relay/room-relays.ts';
import { Room } from '../src/room/room.ts';
import { LOOSE_LIMITS } from './contestants.ts';
import { readSettings } from '../src/settings/settings.ts';

/** Listeners that one relay takes. */
export const LISTENERS = 5_000;

const log = {
  failure: (what: string, error: unknown) => {
    throw new Error(`The room failed at ${what}.`, { cause: error });
  },
};

/**
 * A Room over a file, with relays that hold no sockets: each answers the room's calls at once. Calls
 * are serialized both ways, as between Durable Objects.
 */
export class SimulatedRelays {
  readonly room: Room;
  readonly #file: SqliteFile;
  readonly #relays: RoomRelays;
  readonly #calls = new Map<number, number>();
  #settling: (() => void)[] = [];

  constructor(path: string) {
    this.#file = new SqliteFile(path, 'process', () => undefined);
    const clock = { now: () => Date.now() };
    // Nothing in a bench is late, so that no timer is due.
    const timer = { after: () => () => undefined };
    this.#relays = new RoomRelays(1, {
      clock,
      log,
      timer,
      runInRoom: (work) => work(this.room),
      order: (_, call, settle) => {
        serialize(call);
        this.#settling.push(() => settle({ life: 1 }));
      },
      save: () => undefined,
    });
    this.room = new Room(
      'bench',
      {
        sql: this.#file,
        firstEpoch: 'bench',
        clock,
        ids: { make: () => crypto.randomUUID() },
        timer,
        wakeup: { set: () => undefined },
        log,
        roster: { connections: () => [], groups: this.#relays.groups },
      },
      readSettings(LOOSE_LIMITS).settings.limits,
    );
  }

  /** One turn of the room: a relay's call, the commit, and what it hands out. */
  request(relay: number, requests: readonly RelayRequest[]): void {
    const n = (this.#calls.get(relay) ?? 0) + 1;
    this.#calls.set(relay, n);
    const call = { relay, life: 1, memory: 'bench', n, requests };
    this.#relays.request(this.room, deserialize(serialize(call)) as typeof call);
    this.#file.commit();
    this.room.flush();
    this.#relays.flushed(this.room);
    for (const settle of this.#settling.splice(0)) settle();
  }

  /** Joins listeners at a relay. @param batch joins in each call */
  join(relay: number, from: number, count: number, batch: number, join: object = {}): void {
    for (let at = from; at < from + count; at += batch) {
      const last = Math.min(from + count, at + batch);
      const requests = Array.from({ length: last - at }, (_, one) => ({
        type: 'connect' as const,
        state: stateOf(at + one),
        join,
      }));
      this.request(relay, requests);
    }
  }

  say(listener: number, relay: number, text: string): void {
    const command = { name: 'message', payload: { message: text } };
    this.request(relay, [{ type: 'command', id: idOf(listener), command }]);
  }

  close(): void {
    this.#file.discard();
  }
}

function idOf(listener: number): string {
  return `00000000-0000-4000-8000-${String(listener).padStart(12, '0')}`;
}

function stateOf(listener: number): ConnectionState {
  const identity = {
    userId: `user-${listener}`,
    name: `Listener ${listener}`,
    expiresAt: 2_000_000_000_000,
  };
  return { v: 1, id: idOf(listener), identity, joined: false };
}
