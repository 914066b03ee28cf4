import { formatPosition, parsePosition } from '../protocol/position.ts';
import { revOf } from '../protocol/frames.ts';

/** Where a reader stands in a room, as its events tell one by one. */
export class EventIdTracker {
  #epoch: string | undefined;

  /** Takes in the epoch of a position. */
  isIn(position: string): void {
    this.#epoch = parsePosition(position)?.epoch ?? this.#epoch;
  }

  /** What to come back with behind an event; undefined for one that is not durable. */
  behind(line: string): string | undefined {
    if (this.#epoch === undefined) return undefined;
    const rev = revOf(line);
    return rev === undefined ? undefined : formatPosition({ epoch: this.#epoch, rev });
  }
}
