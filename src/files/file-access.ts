import type { RoomDirectory } from '../host/room-directory.ts';
import { refusalOf } from '../protocol/codes/errors.ts';
import type { Reply } from '../protocol/commands.ts';
import type { Identity } from '../protocol/identity.ts';
import { accessOf, hasAccess } from '../room/access/access.ts';

/** The most files, and the most single readers, that are remembered; above it the oldest are dropped. */
const MAX_REMEMBERED = 20_000;

/** The most members that are remembered, of all rooms together; each room counts as one more. */
const MAX_MEMBERS = 50_000;

type Found = Reply<'getFile'>;
type Readable = Omit<Found, 'around'>;
type Readers = NonNullable<Found['around']>['readers'];
type Member = NonNullable<Readers['members']>[number];

/** The state that decides who may be in a room, as the room last sent it. */
interface Admitted extends Omit<Readers, 'members'> {
  /** Undefined where the room did not name its members. */
  members: ReadonlyMap<string, Member> | undefined;
}

/** One request to read a file. */
interface Reading {
  roomId: string;
  reader: Identity;
  fileId: string;
  now: number;
}

/**
 * Asks rooms who may read which file. The answer about one file also covers the files around it and all
 * readers, and is remembered for up to a minute: a room is asked once a minute, however many users look
 * at its pictures. Only permissions are remembered; otherwise the room is asked again, so that a user
 * who was unbanned or invited can read at once.
 */
export class FileAccess {
  readonly #directory: RoomDirectory;
  readonly #rooms: Remembered<Admitted>;
  readonly #files: Remembered<Readable>;
  /**
   * Readers whom a room has admitted one by one: it has too many members to name, or they came after
   * it named them.
   */
  readonly #readers: Remembered<true>;
  /** Requests to rooms under way, by their subject. */
  readonly #asking = new Map<string, Promise<Readable>>();

  /** @param forMs how long an answer is remembered, in milliseconds */
  constructor(directory: RoomDirectory, forMs: number) {
    this.#directory = directory;
    this.#rooms = new Remembered(forMs, MAX_MEMBERS, ({ members }) => 1 + (members?.size ?? 0));
    this.#files = new Remembered(forMs, MAX_REMEMBERED);
    this.#readers = new Remembered(forMs, MAX_REMEMBERED);
  }

  /** @throws Refusal where the reader may not read in the room, or there is no such file for them */
  async find(roomId: string, reader: Identity, fileId: string, now: number): Promise<Readable> {
    const reading = { roomId, reader, fileId, now };
    for (let hasWaited = false; ; hasWaited = true) {
      const room = this.#rooms.get(roomId, now);
      const file = room && this.#files.get(keyOfFile(roomId, fileId), now);
      if (file !== undefined && this.#isAdmitted(room, reading)) return file;
      // Concurrent requests share one call about the room. If that did not help, there is one for each
      // file: made-up file ids must not delay other requests.
      const shared = hasWaited ? keyOfFile(roomId, fileId) : JSON.stringify([roomId]);
      const subject = file === undefined ? shared : keyOfReader(roomId, reader);
      const asking = this.#asking.get(subject);
      if (asking === undefined) {
        return this.#askAs(subject, this.#ask(reading, file === undefined));
      }
      await asking.catch(() => undefined);
    }
  }

  #isAdmitted(room: Admitted | undefined, { roomId, reader, now }: Reading): boolean {
    if (this.#readers.get(keyOfReader(roomId, reader), now) === true) return true;
    if (room?.members === undefined) return false;
    const access = accessOf(reader, roomId, room.members.get(reader.userId));
    return hasAccess(access, { ...room, deletion: null }, room, now);
  }

  async #askAs(subject: string, asking: Promise<Readable>): Promise<Readable> {
    this.#asking.set(subject, asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(subject);
    }
  }

  async #ask({ roomId, reader, fileId, now }: Reading, around: boolean): Promise<Readable> {
    const payload = { fileId, around };
    const result = await this.#directory.execute(roomId, reader, 'getFile', payload);
    if (!result.ok) throw refusalOf(result.error);
    if (result.around !== undefined) this.#remember(roomId, result.around, now);
    this.#readers.set(keyOfReader(roomId, reader), true, now);
    return { file: result.file, key: result.key };
  }

  #remember(roomId: string, { files, readers }: NonNullable<Found['around']>, now: number): void {
    const members = readers.members && new Map(readers.members.map((each) => [each.userId, each]));
    this.#rooms.set(roomId, { ...readers, members }, now);
    for (const each of files) this.#files.set(keyOfFile(roomId, each.file.fileId), each, now);
  }
}

function keyOfFile(roomId: string, fileId: string): string {
  return JSON.stringify([roomId, fileId]);
}

function keyOfReader(roomId: string, { userId, rooms, admin }: Identity): string {
  return JSON.stringify([roomId, userId, rooms, admin]);
}

/** Values by key, each dropped `forMs` after it was set; the clock may go back. */
class Remembered<V> {
  readonly #forMs: number;
  readonly #most: number;
  readonly #weightOf: (value: V) => number;
  /** The newest entries are last. */
  readonly #entries = new Map<string, { value: V; at: number }>();
  #weight = 0;

  /** @param most the weight of all values together; the oldest are dropped above it */
  constructor(forMs: number, most: number, weightOf: (value: V) => number = () => 1) {
    this.#forMs = forMs;
    this.#most = most;
    this.#weightOf = weightOf;
  }

  get(key: string, now: number): V | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isOver(entry.at, now) ? undefined : entry.value;
  }

  set(key: string, value: V, now: number): void {
    this.#delete(key);
    this.#entries.set(key, { value, at: now });
    this.#weight += this.#weightOf(value);
    for (const [oldest, { at }] of this.#entries) {
      if (this.#weight <= this.#most && !this.#isOver(at, now)) return;
      this.#delete(oldest);
    }
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#weight -= this.#weightOf(entry.value);
    this.#entries.delete(key);
  }

  #isOver(at: number, now: number): boolean {
    return Math.abs(now - at) >= this.#forMs;
  }
}
