import { formatPosition, parsePosition } from '../protocol/position.ts';
import { revOf } from '../protocol/frames.ts';

/** A reader's position in a room, moved on by each event. */
export class EventIdTracker {
  #epoch: string | undefined;

  /** Takes in the epoch of a position. */
  isIn(position: string): void {
    this.#epoch = parsePosition(position)?.epoch ?? this.#epoch;
  }

  /** The position after an event; undefined for one that is not durable. */
  behind(line: string): string | undefined {
    if (this.#epoch === undefined) return undefined;
    const rev = revOf(line);
    return rev === undefined ? undefined : formatPosition({ epoch: this.#epoch, rev });
  }
}
