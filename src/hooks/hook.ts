import { Deliveries, WAKEUP_EVERY_MS } from '../deliveries/deliveries.ts';
import type { Hosted } from '../host/hosted-object.ts';
import type { Clock, Courier, Ids, Log, Sql, Timer, Wakeup } from '../host/ports.ts';
import { unavailable } from '../protocol/codes/errors.ts';
import { CREATED_KEY, DELETED_KEY, ERASED_BODY, LOG_KEY } from '../room/hook/deliver.ts';
import { Database } from '../room/storage/database.ts';
import { type Batch, type FailingRoom, type HookedRoom, HookRows } from './hook-rows.ts';
import { hookMigrations } from './migrations.ts';

/** The target of a room's requests, followed by its id: requests about one room are in order. */
export const ROOM_TARGET = 'room:';

/** The target of reports that a room's requests fail, or are accepted again. */
export const STATUS_TARGET = 'status';

/** Why the requests of a room fail after an answer of 410. */
const STOPPED = 'it answered 410, and gets nothing until the settings change';

/** How many failing rooms a summary names. */
const NAMED = 20;

export interface HookPorts {
  sql: Sql;
  clock: Clock;
  ids: Ids;
  timer: Timer;
  wakeup: Wakeup;
  log: Log;
  courier?: Courier;
  meter?: { attempted(outcome: 'delivered' | 'failed'): void };
}

export interface HookOptions {
  /** Identifies the settings: when they change, everything is tried again at once. */
  fingerprint: string;
  /** Whether rooms whose requests fail are reported to another object. */
  reports: boolean;
  /**
   * Called when the requests of a room begin to fail, with the reason, and when they are accepted
   * again, without one.
   */
  onHealthChange?(roomId: string, reason: string | undefined): void;
}

/** The body of a delivery of the log. */
export interface LogBody {
  roomId: string;
  position: string;
  replays: number;
  batch: Batch | null;
}

/** The state of all rooms, for operators. */
export interface HookSummary {
  /** How many rooms have failing requests. */
  failing: number;
  /** Whether the endpoint has answered 410: nothing is sent, or nothing of some rooms. */
  stopped: boolean;
  /** Up to 20 of these rooms, the longest failing first. */
  rooms: FailingRoom[];
}

/** The state of one room, for operators. */
export interface HookedRoomStatus {
  position: string;
  isWaiting: boolean;
  failingSince?: number;
  reason?: string;
}

/**
 * The outgoing webhook of the rooms in one database: of one room at the edge, of all on Node. The log
 * of a room is the queue; only the position up to which the endpoint has accepted it, and the request
 * that is being tried, are stored here. A room says that it has changed, and a carrier reads its log
 * and sends it.
 */
export class Hook implements Hosted {
  readonly #ports: HookPorts;
  readonly #options: HookOptions;
  readonly #database: Database;
  readonly #rows: HookRows;
  readonly #deliveries: Deliveries;
  /** When the wakeup comes, in epoch milliseconds; undefined also when that is not known. */
  #wakeAt: number | undefined;

  /** @throws NewerSchema where newer code has written the database */
  constructor(ports: HookPorts, options: HookOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#database = new Database(ports.sql, hookMigrations);
    this.#rows = new HookRows(this.#database);
    this.#deliveries = new Deliveries({ ...ports, sql: this.#database }, (target, key) =>
      this.#read(target, key),
    );
    const { fingerprint } = options;
    const known = this.#rows.state();
    if (known === undefined || known.fingerprint === fingerprint) return;
    this.#write(() => {
      this.#rows.setState(fingerprint, false);
      this.#deliveries.restart();
    });
  }

  /** Takes deliveries from a room: that its log has changed or is erased, or an event with its body. */
  enqueue(roomId: string, deliveries: readonly { key: string; body: string }[]): void {
    this.#write(() => {
      const others = deliveries.filter(({ key, body }) => key !== LOG_KEY || body !== ERASED_BODY);
      // What comes with the deletion is of the end of the room, or of its next life.
      if (others.length < deliveries.length) this.#erase(roomId);
      if (this.#rows.state() === undefined) this.#rows.setState(this.#options.fingerprint, false);
      for (const { key, body } of others) {
        if (key === LOG_KEY) this.#logChanged(roomId);
        else this.#deliveries.add(`${ROOM_TARGET}${roomId}`, key, body);
      }
      // Changes that wait for a retry are then tried together with the beginning, and after it.
      const begins = deliveries.some(({ key }) => key === CREATED_KEY);
      if (begins) this.#deliveries.restart(`${ROOM_TARGET}${roomId}`);
    });
  }

  /** Sends a room's log again from a position on, at once, even if requests have failed. */
  replay(roomId: string, position: string): void {
    this.#write(() => {
      const known = this.#rows.find(roomId);
      const replays = known.replays + 1;
      this.#rows.put(roomId, { ...known, position, replays, batch: null });
    });
    this.enqueue(roomId, [{ key: LOG_KEY, body: '{}' }]);
    this.#write(() => this.#deliveries.restart(`${ROOM_TARGET}${roomId}`));
  }

  /** The endpoint has accepted a batch, or there was nothing to send up to its position. */
  batchAccepted(
    roomId: string,
    replays: number,
    { position, hasMore }: Omit<Batch, 'id' | 'body'>,
  ): void {
    this.#write(() => {
      const known = this.#rows.find(roomId);
      this.#noteTaken(roomId, known);
      // The position was set back while the request was under way.
      if (known.replays !== replays) return;
      const after = { position, replays, batch: null, failingSince: null, reason: null };
      this.#rows.put(roomId, after);
      if (hasMore) this.#deliveries.add(`${ROOM_TARGET}${roomId}`, LOG_KEY);
    });
  }

  /** The endpoint has accepted an event. */
  eventAccepted(roomId: string): void {
    const known = this.#rows.find(roomId);
    if (known.failingSince === null) return;
    this.#write(() => {
      this.#noteTaken(roomId, known);
      this.#rows.put(roomId, { ...known, failingSince: null, reason: null });
    });
  }

  /**
   * Deliveries of a room have ended, the last one without a request. If none is left, the room does
   * not count as failing.
   * @param ended their keys
   */
  nothingToSend(roomId: string, ended: readonly string[]): void {
    const known = this.#rows.find(roomId);
    if (known.failingSince === null && known.batch === null) return;
    const batch = ended.includes(LOG_KEY) ? null : known.batch;
    const isLast = !this.#deliveries.owes(`${ROOM_TARGET}${roomId}`, ended);
    this.#write(() => {
      if (isLast) this.#noteTaken(roomId, known);
      const state = isLast ? { failingSince: null, reason: null } : {};
      this.#rows.put(roomId, { ...known, batch, ...state });
    });
  }

  /**
   * A request has failed.
   * @param version that of its delivery: if it has been raised since, the batch is read again
   */
  failed(roomId: string, reason: string, version?: number, batch: Batch | null = null): void {
    // Of a room that was deleted meanwhile it is not repeated.
    if (!this.isStopped && !this.#deliveries.owes(`${ROOM_TARGET}${roomId}`)) return;
    this.#write(() => {
      const known = this.#rows.find(roomId);
      const current = this.#deliveries.versionOf(`${ROOM_TARGET}${roomId}`, LOG_KEY);
      const kept = batch !== null && version === current ? batch : known.batch;
      const since = known.failingSince ?? this.#ports.clock.now();
      this.#rows.put(roomId, { ...known, batch: kept, failingSince: since, reason });
      if (known.failingSince === null) this.#options.onHealthChange?.(roomId, reason);
      if (known.reason !== reason && this.#options.reports) {
        this.#deliveries.add(STATUS_TARGET, roomId);
      }
    });
  }

  /** The endpoint has answered 410: nothing is sent until the settings change. */
  stop(roomId: string): void {
    this.#write(() => this.#rows.setState(this.#options.fingerprint, true));
    this.failed(roomId, STOPPED);
  }

  /** Whether nothing is sent. */
  get isStopped(): boolean {
    return this.#rows.state()?.stopped === 1;
  }

  /**
   * Takes another object's report about its room.
   * @param failing undefined: its requests are accepted again
   */
  report(roomId: string, failing: { since: number; reason: string } | undefined): void {
    this.#write(() => {
      if (failing === undefined) this.#rows.remove(roomId);
      else {
        const { since: failingSince, reason } = failing;
        this.#rows.put(roomId, { ...this.#rows.find(roomId), failingSince, reason });
      }
    });
  }

  summary(): HookSummary {
    const failing = this.#rows.countFailing();
    const rooms = failing === 0 ? [] : this.#rows.failing(NAMED);
    // Where rooms are reported, each has stopped by itself.
    const stopped = this.#options.reports ? this.#rows.isFailing(STOPPED) : this.isStopped;
    return { failing, stopped, rooms };
  }

  statusOf(roomId: string): HookedRoomStatus {
    const { position, failingSince, reason } = this.#rows.find(roomId);
    const isWaiting = this.#deliveries.versionOf(`${ROOM_TARGET}${roomId}`, LOG_KEY) !== undefined;
    return {
      position,
      isWaiting,
      ...(failingSince !== null && { failingSince, reason: reason ?? '' }),
    };
  }

  wake(): void {
    this.#wakeAt = undefined;
    this.#ports.wakeup.set(undefined);
    this.#write(() => this.#deliveries.wake());
  }

  /**
   * Starts deliveries that are due, and sets the wakeup for those that a failed attempt or a
   * crash leaves.
   */
  flush(): boolean {
    this.#deliveries.dispatch();
    const now = this.#ports.clock.now();
    const due = this.#deliveries.firstDue();
    if (due === undefined) return false;
    const at = due > now ? due : now + WAKEUP_EVERY_MS;
    const isSet = this.#wakeAt !== undefined && this.#wakeAt > now && this.#wakeAt <= at;
    if (!isSet) this.#setWakeup(at);
    return false;
  }

  /** If it cannot be set, the next flush tries again. */
  #setWakeup(at: number): void {
    try {
      this.#ports.wakeup.set(at);
      this.#wakeAt = at;
    } catch (error) {
      this.#ports.log.failure('wakeup', error);
    }
  }

  #logChanged(roomId: string): void {
    this.#deliveries.add(`${ROOM_TARGET}${roomId}`, LOG_KEY);
    this.#rows.dropBatch(roomId);
  }

  /**
   * Drops the events of a deleted room that wait. A log that is still to be sent is read again, and
   * then found to be gone.
   */
  #erase(roomId: string): void {
    const target = `${ROOM_TARGET}${roomId}`;
    this.#deliveries.drop(target, [LOG_KEY, DELETED_KEY]);
    const isLogOwed = this.#deliveries.versionOf(target, LOG_KEY) !== undefined;
    if (isLogOwed) this.#logChanged(roomId);
    else this.nothingToSend(roomId, [LOG_KEY]);
  }

  #noteTaken(roomId: string, { failingSince }: HookedRoom): void {
    if (failingSince === null) return;
    this.#options.onHealthChange?.(roomId, undefined);
    if (this.#options.reports) this.#deliveries.add(STATUS_TARGET, roomId);
  }

  #read(target: string, key: string): string {
    if (target === STATUS_TARGET) {
      const { failingSince: since, reason } = this.#rows.find(key);
      return JSON.stringify(since === null ? {} : { failing: { since, reason } });
    }
    const roomId = target.slice(ROOM_TARGET.length);
    const { position, replays, batch } = this.#rows.find(roomId);
    return JSON.stringify({ roomId, position, replays, batch } satisfies LogBody);
  }

  /** @throws Refusal `unavailable` when storage fails */
  #write(work: () => void): void {
    try {
      this.#database.atomic(work);
    } catch (error) {
      this.#ports.log.failure('hook', error);
      throw unavailable();
    }
  }
}
