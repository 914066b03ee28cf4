import { evictExpired } from '../admission/evict-expired.ts';
import type { RoomDirectory } from '../host/room-directory.ts';
import { refusalOf } from '../protocol/codes/errors.ts';
import type { Reply } from '../protocol/commands.ts';
import type { Identity } from '../protocol/identity.ts';

/** Entries of each memory; the oldest are dropped above it. */
const MAX_REMEMBERED = 20_000;

type Readable = Reply<'getFile'>;

/**
 * Asks rooms who may read which file, and remembers for up to a minute that a reader may read in a
 * room and that a file is in a message: a page with many pictures asks once for each of them, and in a
 * room that is not open to everybody once for each reader.
 */
export class FileAccess {
  readonly #directory: RoomDirectory;
  readonly #readers: Remembered<true>;
  readonly #files: Remembered<Readable>;
  /** Questions under way, by the reader or the file that they are about. */
  readonly #asking = new Map<string, Promise<Readable>>();

  /** @param forMs how long an answer is remembered, in milliseconds */
  constructor(directory: RoomDirectory, forMs: number) {
    this.#directory = directory;
    this.#readers = new Remembered(forMs);
    this.#files = new Remembered(forMs);
  }

  /** @throws Refusal where the reader may not read in the room, or there is no such file for them */
  async find(roomId: string, reader: Identity, fileId: string, now: number): Promise<Readable> {
    const readerKey = keyOfReader(roomId, reader);
    const fileKey = JSON.stringify([roomId, fileId]);
    for (;;) {
      const known = this.#files.get(fileKey, now);
      if (known !== undefined) {
        if (known.isOpen || this.#readers.get(readerKey, now) === true) return known;
      }
      // Concurrent questions share one call to the room.
      const subject = known === undefined ? fileKey : readerKey;
      const asking = this.#asking.get(subject);
      if (asking === undefined) return this.#askAs(subject, this.#ask(roomId, reader, fileId, now));
      await asking.catch(() => undefined);
    }
  }

  async #askAs(subject: string, asking: Promise<Readable>): Promise<Readable> {
    this.#asking.set(subject, asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(subject);
    }
  }

  async #ask(roomId: string, reader: Identity, fileId: string, now: number): Promise<Readable> {
    const result = await this.#directory.execute(roomId, reader, 'getFile', { fileId });
    if (!result.ok) throw refusalOf(result.error);
    const { ok: _, ...found } = result;
    this.#readers.set(keyOfReader(roomId, reader), true, now);
    if (found.isSent) this.#files.set(JSON.stringify([roomId, fileId]), found, now);
    return found;
  }
}

function keyOfReader(roomId: string, { userId, rooms, admin }: Identity): string {
  return JSON.stringify([roomId, userId, rooms, admin]);
}

/** Values by key, each for a while after it was set, by a clock that may go back. */
class Remembered<V> {
  readonly #forMs: number;
  readonly #entries = new Map<string, { value: V; at: number }>();

  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  get(key: string, now: number): V | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isOver(entry.at, now) ? undefined : entry.value;
  }

  set(key: string, value: V, now: number): void {
    evictExpired(this.#entries, ({ at }) => this.#isOver(at, now));
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_REMEMBERED && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.delete(key);
    this.#entries.set(key, { value, at: now });
  }

  #isOver(at: number, now: number): boolean {
    return Math.abs(now - at) >= this.#forMs;
  }
}
