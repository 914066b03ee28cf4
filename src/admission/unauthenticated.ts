import { evictExpired } from './evict-expired.ts';

/** So many sessions of an isolate may be silent and have all the time that is theirs. */
const MAX_SILENT = 250;

/** With more of them a new socket has no longer than this to say who it is, in milliseconds. */
const HURRIED_MS = 2_000;

/** A session that has not said yet who it is. */
export interface UnauthenticatedSocket {
  /** How long it may last, in milliseconds. */
  readonly patienceMs: number;
  /** It has said who it is. */
  end(): void;
}

/**
 * Sessions of the Socket.IO door that have not said who they are. Anybody may open one, each takes memory
 * that is others' too, and what is open in one request cannot be closed in another: so the more there are,
 * the slower more of them are let in, and the sooner a new socket closes itself.
 */
export class UnauthenticatedSockets {
  readonly #patienceMs: number;
  /** When each fell silent; the oldest stands first. */
  readonly #silent = new Map<UnauthenticatedSocket, number>();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** @param now epoch milliseconds */
  isCrowd(now: number): boolean {
    this.#forget(now);
    return this.#silent.size >= MAX_SILENT;
  }

  /** @param now epoch milliseconds */
  begin(now: number): UnauthenticatedSocket {
    const silence = {
      patienceMs: this.isCrowd(now) ? Math.min(HURRIED_MS, this.#patienceMs) : this.#patienceMs,
      end: () => void this.#silent.delete(silence),
    };
    this.#silent.set(silence, now);
    return silence;
  }

  /** By then it has ended itself, whether or not its client has answered that. */
  #forget(now: number): void {
    evictExpired(this.#silent, (since) => Math.abs(now - since) >= this.#patienceMs);
  }
}
