import { formatPosition, parsePosition, START } from '../../protocol/position.ts';
import { revOf } from '../catch-up.ts';

/** Where a reader stands in a room, as its events tell one by one. */
export class Place {
  #epoch = START.epoch;

  /** Takes in the epoch of a position: a room that nobody has written to has none yet. */
  isIn(position: string): void {
    this.#epoch = parsePosition(position)?.epoch ?? this.#epoch;
  }

  /** What to come back with behind an event; undefined for one that is not durable. */
  behind(line: string): string | undefined {
    const rev = this.#epoch === START.epoch ? undefined : revOf(line);
    return rev === undefined ? undefined : formatPosition({ epoch: this.#epoch, rev });
  }
}
