import { isDirect } from '../../protocol/inbox-objects.ts';
import type { RoomInfo } from '../../protocol/objects.ts';
import { formatPosition } from '../../protocol/position.ts';
import type { Database } from './database.ts';
import type { Ports, SqlValue } from '../ports.ts';
import { RowCache } from './row-cache.ts';

/** The state of the room itself; never computed from its messages. */
export interface RoomState {
  epoch: string;
  rev: number;
  horizon: number;
  createdAt: number;
  changedAt: number;
  memberCount: number;
  /** Whether it has ever had an owner. */
  owned: boolean;
  topic: string | null;
  private: boolean;
  readOnly: boolean;
  slowModeSeconds: number;
  retentionDays: number | null;
  /** `marked`: about to be erased. `erased`: only the name is left, so that no user can take it. */
  deletion: 'marked' | 'erased' | null;
  /** Whether an import has begun and not ended. */
  importing: boolean;
  /** When retention last removed all that had expired, in epoch milliseconds. */
  prunedAt: number | null;
  /** How many users were erased. */
  erasures: number;
  /** The search index holds the messages up to this `seq`; later ones are not indexed yet. */
  indexed: number;
  /** Messages up to this `seq`, older than those in the index, are not indexed yet. */
  unindexedTo: number;
  /** Members up to this user id have search keys, others not yet; null: all have. */
  keyedTo: string | null;
  /** How much the room's files count in quotas, in bytes; null when nothing was ever uploaded. */
  fileBytes: number | null;
  /** When the files of an erased room are deleted once more, in epoch milliseconds. */
  dropFilesAt: number | null;
  /** When the store is searched for bytes that belong to no file, in epoch milliseconds. */
  sweepFilesAt: number | null;
  /** The last key that this search has reached; null before the first one. */
  sweptTo: string | null;
  /** `seq` of each pinned message, the one pinned last first. */
  pins: readonly number[];
}

/** The fields of the room itself in an export. */
export type RoomRecord = Omit<
  RoomState,
  | 'epoch'
  | 'memberCount'
  | 'deletion'
  | 'importing'
  | 'prunedAt'
  | 'erasures'
  | 'indexed'
  | 'unindexedTo'
  | 'keyedTo'
  | 'fileBytes'
  | 'dropFilesAt'
  | 'sweepFilesAt'
  | 'sweptTo'
>;

/** What `updateRoom` may set. */
export type RoomOptions = Pick<
  RoomState,
  'topic' | 'private' | 'readOnly' | 'slowModeSeconds' | 'retentionDays'
>;

/** A durable change of the room's messages. */
export interface Change {
  rev: number;
  timestamp: number;
  /** The room's position after it. */
  position: string;
}

/** The state of a room that was never written, without its epoch. */
const UNWRITTEN: Omit<RoomState, 'epoch'> = {
  rev: 0,
  horizon: 0,
  createdAt: 0,
  changedAt: 0,
  memberCount: 0,
  owned: false,
  topic: null,
  private: false,
  readOnly: false,
  slowModeSeconds: 0,
  retentionDays: null,
  deletion: null,
  importing: false,
  prunedAt: null,
  erasures: 0,
  indexed: 0,
  unindexedTo: 0,
  keyedTo: null,
  fileBytes: null,
  dropFilesAt: null,
  sweepFilesAt: null,
  sweptTo: null,
  pins: [],
};

interface Row extends Omit<RoomState, 'owned' | 'private' | 'readOnly' | 'importing' | 'pins'> {
  owned: number;
  private: number;
  readOnly: number;
  importing: number;
  /** As JSON; null when there are none. */
  pins: string | null;
}

/** The room's one row. It is kept in memory, and read again after a change. */
export class RoomRow {
  readonly #database: Database;
  readonly #ports: Pick<Ports, 'clock' | 'ids' | 'firstEpoch'>;
  readonly #roomId: string;
  readonly #known: RowCache<{ state?: Readonly<RoomState> | undefined }>;

  constructor(
    database: Database,
    ports: Pick<Ports, 'clock' | 'ids' | 'firstEpoch'>,
    roomId: string,
  ) {
    this.#database = database;
    this.#ports = ports;
    this.#roomId = roomId;
    this.#known = new RowCache(database, () => ({}));
  }

  read(): Readonly<RoomState> {
    const known = this.#known.value;
    known.state ??= this.#load();
    return known.state ?? { ...UNWRITTEN, epoch: this.#ports.firstEpoch };
  }

  #load(): RoomState | undefined {
    const [row] = this.#database.all<Row>(
      `SELECT epoch, rev, horizon, created_at AS createdAt, changed_at AS changedAt,
        member_count AS memberCount, owned, topic, private, read_only AS readOnly,
        slow_mode_seconds AS slowModeSeconds, retention_days AS retentionDays, deletion,
        importing, pruned_at AS prunedAt, erasures, indexed, unindexed_to AS unindexedTo,
        keyed_to AS keyedTo, file_bytes AS fileBytes, drop_files_at AS dropFilesAt,
        sweep_files_at AS sweepFilesAt, swept_to AS sweptTo, pins FROM room`,
    );
    if (row === undefined) return undefined;
    const { owned, private: isPrivate, readOnly, importing, pins, ...rest } = row;
    return {
      ...rest,
      owned: owned === 1,
      private: isPrivate === 1,
      readOnly: readOnly === 1,
      importing: importing === 1,
      pins: pins === null ? [] : (JSON.parse(pins) as number[]),
    };
  }

  /** Takes the next `rev` for a durable change, with a time that never goes back. */
  change(): Change {
    const state = this.#known.value.state ?? this.ensure();
    const rev = state.rev + 1;
    const timestamp = Math.max(state.changedAt, this.#ports.clock.now());
    this.#database.run('UPDATE room SET rev = ?, changed_at = ?', rev, timestamp);
    this.#known.value.state = { ...state, rev, changedAt: timestamp };
    return { rev, timestamp, position: formatPosition({ epoch: state.epoch, rev }) };
  }

  /** The row, made if this is the room's first durable change. */
  ensure(): Readonly<RoomState> {
    const state = this.read();
    if (this.#known.value.state !== undefined) return state;
    this.#insertRow(this.#ports.firstEpoch);
    return this.read();
  }

  /**
   * Runs a statement that changes the row, and drops the row in memory, which any other statement would
   * leave stale.
   */
  update(query: string, ...bindings: SqlValue[]): void {
    this.#database.run(query, ...bindings);
    this.#known.clear();
  }

  #insertRow(epoch: string): void {
    const now = this.#ports.clock.now();
    this.update(
      `INSERT INTO room
        (one, room_id, epoch, rev, horizon, created_at, changed_at, member_count, owned)
        VALUES (1, ?, ?, 0, 0, ?, ?, 0, 0)`,
      this.#roomId,
      epoch,
      now,
      now,
    );
  }

  /** Adds `more` to the number of members; `owns` records that the room has had an owner. */
  countMembers(more: number, owns: boolean): void {
    this.update(
      'UPDATE room SET member_count = member_count + ?, owned = max(owned, ?)',
      more,
      owns ? 1 : 0,
    );
  }

  set(options: RoomOptions): void {
    this.ensure();
    this.update(
      `UPDATE room SET topic = ?, private = ?, read_only = ?, slow_mode_seconds = ?,
        retention_days = ?`,
      options.topic,
      options.private ? 1 : 0,
      options.readOnly ? 1 : 0,
      options.slowModeSeconds,
      options.retentionDays,
    );
  }

  setPins(pins: readonly number[]): void {
    this.update('UPDATE room SET pins = ?', pins.length === 0 ? null : JSON.stringify(pins));
  }

  /** A direct room has no owner, and its first writer does not become one. */
  setDirect(): void {
    this.ensure();
    this.update('UPDATE room SET private = 1, owned = 1');
  }

  /** Closes the room to all users; it is about to be erased. */
  markDeleted(): void {
    this.ensure();
    this.update("UPDATE room SET deletion = 'marked'");
  }

  /**
   * Writes all that remains of an erased room: a row, with a new epoch for the room's next life.
   * @param dropFilesAt when its files are deleted once more, in epoch milliseconds
   */
  markErased(dropFilesAt: number | null): void {
    this.#insertRow(this.#ports.ids.make());
    this.update("UPDATE room SET deletion = 'erased', drop_files_at = ?", dropFilesAt);
  }

  /** Records that the files of the room's earlier lives were deleted for the last time. */
  filesDropped(): void {
    this.update('UPDATE room SET drop_files_at = NULL');
  }

  /** Sets when the store is searched next. */
  sweepFilesAt(at: number | null): void {
    this.update('UPDATE room SET sweep_files_at = ?, swept_to = NULL', at);
  }

  /** @param key the key to go on from; null: the search is over */
  sweptTo(key: string | null): void {
    this.update('UPDATE room SET swept_to = ?', key);
  }

  /** Opens an erased room again, empty. */
  reopen(): void {
    this.update('UPDATE room SET deletion = NULL, created_at = ?', this.#ports.clock.now());
  }

  setHorizon(horizon: number): void {
    this.update('UPDATE room SET horizon = ?', horizon);
  }

  /** Records when retention removed all that had expired. */
  pruned(at: number): void {
    this.update('UPDATE room SET pruned_at = ?', at);
  }

  countErasure(): void {
    this.update('UPDATE room SET erasures = erasures + 1');
  }

  beginImport(): void {
    this.ensure();
    // Lines come in any order: each goes into the search index at once.
    this.update('UPDATE room SET importing = 1, indexed = ?', Number.MAX_SAFE_INTEGER);
  }

  /** Takes the exported state of the room; only the epoch stays its own. */
  finishImport(record: RoomRecord): void {
    this.set(record);
    this.setPins(record.pins);
    this.update(
      `UPDATE room SET importing = 0, rev = ?, indexed = ?, unindexed_to = min(unindexed_to, ?),
        horizon = ?, created_at = ?, changed_at = ?, owned = ?, touched = (SELECT coalesce(max(touched), 0) FROM members),
        member_count = (SELECT count(*) FROM members WHERE role <> 'none')`,
      record.rev,
      record.rev,
      record.rev,
      record.horizon,
      record.createdAt,
      record.changedAt,
      record.owned ? 1 : 0,
    );
  }

  /** The room as users see it. `createdAt` is 0 until the first write. */
  info(state = this.read()): RoomInfo {
    return {
      roomId: this.#roomId,
      ...(isDirect(this.#roomId) && { kind: 'direct' as const }),
      createdAt: state.createdAt,
      ...(state.topic !== null && { topic: state.topic }),
      private: state.private,
      readOnly: state.readOnly,
      slowModeSeconds: state.slowModeSeconds,
      ...(state.retentionDays !== null && { retentionDays: state.retentionDays }),
      memberCount: state.memberCount,
      horizon: state.horizon,
      ...(state.pins.length > 0 && { pins: [...state.pins] }),
    };
  }
}
