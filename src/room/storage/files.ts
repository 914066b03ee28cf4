import { fixed } from '../../protocol/codes/limits.ts';
import type { Reply } from '../../protocol/commands.ts';
import type { FileInfo } from '../../protocol/objects.ts';
import type { Database } from './database.ts';
import type { RoomRow } from './room-row.ts';

/** A file of the room: reserved, then stored (it has a `sha256`), then sent (it has a `seq`). */
export interface FileRow {
  fileId: string;
  /** The room's epoch when it was uploaded: a part of the key of its bytes. */
  epoch: string;
  uploaderId: string;
  name: string;
  size: number;
  type: string | null;
  sha256: string | null;
  width: number | null;
  height: number | null;
  previewOf: string | null;
  /** The message that names it. */
  seq: number | null;
  /** When it is deleted unless a message names it, in epoch milliseconds. */
  expiresAt: number | null;
}

/** The fields that are known when a file is reserved. */
export type Reserved = Pick<
  FileRow,
  'fileId' | 'epoch' | 'uploaderId' | 'name' | 'size' | 'previewOf' | 'expiresAt'
>;

/** The fields that are read from the bytes as they are stored. */
export type Stored = Pick<FileRow, 'type' | 'sha256' | 'width' | 'height'>;

/** The fields that an imported message sets in a file that it takes. */
export type Adoption = Pick<FileRow, 'uploaderId' | 'name' | 'previewOf' | 'seq'>;

const SELECT = `SELECT file_id AS fileId, epoch, uploader_id AS uploaderId, name, size, type, sha256,
  width, height, preview_of AS previewOf, seq, expires_at AS expiresAt FROM files`;
const DAY_MS = 86_400_000;

/** The key of a file's bytes in the store, below the room's folder. */
export function keyOf({ epoch, fileId }: Pick<FileRow, 'epoch' | 'fileId'>): string {
  return `${epoch}/${fileId}`;
}

/** The files of the room, and the space they use. Their bytes are in the file store. */
export class Files {
  readonly #database: Database;
  readonly #room: RoomRow;

  constructor(database: Database, room: RoomRow) {
    this.#database = database;
    this.#room = room;
  }

  find(fileId: string): FileRow | undefined {
    return this.#database.first<FileRow>(`${SELECT} WHERE file_id = ?`, fileId);
  }

  /** A stored file as clients see it. */
  infoOf(row: FileRow): FileInfo {
    const preview = this.#previewOf(row);
    return { ...infoWithoutPreview(row), ...(preview && { preview: storedInfo(preview) }) };
  }

  /**
   * Stored files of the messages nearest to `seq`: up to `limit` from `seq` back, and up to `limit`
   * after it.
   */
  around(seq: number, limit: number): FileRow[] {
    const earlier = `${SELECT} WHERE seq <= ? AND sha256 IS NOT NULL ORDER BY seq DESC LIMIT ?`;
    const later = `${SELECT} WHERE seq > ? AND sha256 IS NOT NULL ORDER BY seq LIMIT ?`;
    return [earlier, later].flatMap((query) => this.#database.all<FileRow>(query, seq, limit));
  }

  reserve(file: Reserved): void {
    const { fileId, epoch, uploaderId, name, size, previewOf, expiresAt } = file;
    this.#database.run(
      `INSERT INTO files (file_id, epoch, uploader_id, name, size, preview_of, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)`,
      fileId,
      epoch,
      uploaderId,
      name,
      size,
      previewOf,
      expiresAt,
    );
    this.#count(weightOf(size));
  }

  complete(fileId: string, { type, sha256, width, height }: Stored): void {
    this.#database.run(
      'UPDATE files SET type = ?, sha256 = ?, width = ?, height = ? WHERE file_id = ?',
      type,
      sha256,
      width,
      height,
      fileId,
    );
  }

  /** Assigns a file and its preview to the message that names it. */
  send({ fileId, uploaderId }: FileRow, seq: number): void {
    this.#database.run(
      `UPDATE files SET seq = ?, expires_at = NULL
        WHERE file_id = ? OR (uploader_id = ? AND seq IS NULL AND preview_of = ?)`,
      seq,
      fileId,
      uploaderId,
      fileId,
    );
  }

  /** Assigns a stored file to an imported message. */
  adopt(fileId: string, { uploaderId, name, previewOf, seq }: Adoption): void {
    this.#database.run(
      'UPDATE files SET uploader_id = ?, name = ?, preview_of = ?, seq = ? WHERE file_id = ?',
      uploaderId,
      name,
      previewOf,
      seq,
      fileId,
    );
  }

  /** Detaches the files of an imported message that a later state replaces. */
  release(seq: number): void {
    this.#database.run('UPDATE files SET seq = NULL WHERE seq = ?', seq);
  }

  /** Makes the files that no imported message has taken expire now. */
  expireUnsent(now: number): void {
    this.#database.run('UPDATE files SET expires_at = ? WHERE seq IS NULL', now);
  }

  /** Removes a file. @returns its key */
  remove(row: FileRow): string {
    this.#database.run('DELETE FROM files WHERE file_id = ?', row.fileId);
    this.#count(-weightOf(row.size));
    return keyOf(row);
  }

  /** Removes the files of a message. @returns their keys */
  removeSent(seq: number): string[] {
    return this.#removeAll(this.#database.all<FileRow>(`${SELECT} WHERE seq = ?`, seq));
  }

  /** Removes some files of a user that no message names. @returns their keys */
  removeUnsentOf(userId: string, limit: number): string[] {
    const query = `${SELECT} WHERE uploader_id = ? AND seq IS NULL LIMIT ?`;
    return this.#removeAll(this.#database.all<FileRow>(query, userId, limit));
  }

  /** Removes some files that no message has named in time. @returns their keys */
  removeExpired(now: number, limit: number): string[] {
    const query = `${SELECT} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`;
    return this.#removeAll(this.#database.all<FileRow>(query, now, limit));
  }

  /** When the first file expires, in epoch milliseconds. */
  firstExpiry(): number | undefined {
    const query = 'SELECT min(expires_at) AS at FROM files WHERE expires_at IS NOT NULL';
    return this.#database.first<{ at: number | null }>(query)?.at ?? undefined;
  }

  /** The epochs in the keys of the room's files. */
  epochs(): string[] {
    return this.#database
      .all<{ epoch: string }>('SELECT DISTINCT epoch FROM files')
      .map(({ epoch }) => epoch);
  }

  /** What a user has uploaded on the day (UTC) of `now`, in bytes. */
  usedBy(userId: string, now: number): number {
    const query = 'SELECT bytes FROM file_use WHERE day = ? AND user_id = ?';
    return this.#database.first<{ bytes: number }>(query, dayOf(now), userId)?.bytes ?? 0;
  }

  /**
   * Adds an upload to the bytes of the day of `now`, below 0 for one that failed; earlier days are
   * removed.
   */
  use(userId: string, bytes: number, now: number): void {
    this.#database.run('DELETE FROM file_use WHERE day < ?', dayOf(now));
    this.#database.run(
      `INSERT INTO file_use (day, user_id, bytes) VALUES (?, ?, max(0, ?))
        ON CONFLICT (day, user_id) DO UPDATE SET bytes = max(0, bytes + ?)`,
      dayOf(now),
      userId,
      bytes,
      bytes,
    );
  }

  forgetUse(userId: string): void {
    this.#database.run('DELETE FROM file_use WHERE user_id = ?', userId);
  }

  /** Whether a file that no message names, or a count of uploads, is about a user. */
  isKnown(userId: string): boolean {
    const query = `SELECT 1 FROM files WHERE uploader_id = ? AND seq IS NULL
      UNION ALL SELECT 1 FROM file_use WHERE user_id = ? LIMIT 1`;
    return this.#database.first(query, userId, userId) !== undefined;
  }

  /** The newest stored preview of a file, by the same uploader or in the same message. */
  #previewOf({ fileId, uploaderId, seq }: FileRow): FileRow | undefined {
    const where = seq === null ? 'uploader_id = ? AND seq IS NULL' : 'seq = ?';
    return this.#database.first<FileRow>(
      `${SELECT} WHERE ${where} AND preview_of = ? AND sha256 IS NOT NULL
        ORDER BY expires_at DESC LIMIT 1`,
      seq ?? uploaderId,
      fileId,
    );
  }

  #removeAll(rows: readonly FileRow[]): string[] {
    return rows.map((row) => this.remove(row));
  }

  #count(bytes: number): void {
    this.#room.update('UPDATE room SET file_bytes = max(0, coalesce(file_bytes, 0) + ?)', bytes);
  }
}

/** How much a file counts in quotas, in bytes. */
export function weightOf(size: number): number {
  return Math.max(size, fixed.fileLeastBytes);
}

/** How long the day (UTC) of `now` still lasts, in milliseconds. */
export function msUntilNextDay(now: number): number {
  return DAY_MS - (now % DAY_MS);
}

function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/** A stored file without its preview. */
export function infoWithoutPreview(row: FileRow): FileInfo {
  return { ...storedInfo(row), name: row.name };
}

function storedInfo(row: FileRow): NonNullable<Reply<'getFile'>['file']['preview']> {
  const { fileId, type, size, sha256, width, height } = row;
  return {
    fileId,
    type: type ?? '',
    size,
    sha256: sha256 ?? '',
    ...(width !== null && { width }),
    ...(height !== null && { height }),
  };
}
