import { missedLines } from '../protocol/frames.ts';
import { fixed } from '../protocol/codes/limits.ts';
import { formatPosition, parsePosition } from '../protocol/position.ts';
import type { RoomServices } from './services.ts';

/** Most pages of missed changes that a relay is sent; one that is further back starts again. */
const MAX_PAGES = 4;

/** Changes that a relay has missed, as events, and the room's position after them. */
export interface Missed {
  lines: string[];
  position: string;
}

/** What a host with relays needs of a room. */
export class Relaying {
  readonly #roomId: string;
  readonly #services: RoomServices;

  constructor(roomId: string, services: RoomServices) {
    this.#roomId = roomId;
    this.#services = services;
  }

  /** The room's position. */
  get position(): string {
    return formatPosition(this.#services.upkeep.context().state);
  }

  /** Users online. */
  get onlineCount(): number {
    return this.#services.presence.count;
  }

  /** The last reply that waits in the outbox; empty when none does. */
  get lastReply(): string {
    return this.#services.outbox.lastReply;
  }

  /** Text of all replies so far, in UTF-16 units. */
  get repliedText(): number {
    return this.#services.outbox.repliedText;
  }

  /**
   * About how much text for several connections the frames of single ones will repeat, in UTF-16 units.
   * @param more how much of it comes next
   */
  repeatedText(more: number): number {
    return this.#services.outbox.repeatedText(more);
  }

  /**
   * The changes after a position; undefined when it is of another epoch, ahead of the room, or too far
   * back.
   */
  missedSince(position: string): Missed | undefined {
    const { state, messages } = this.#services.upkeep.context();
    const from = parsePosition(position);
    if (from?.epoch !== state.epoch || from.rev > state.rev) return undefined;
    const lines: string[] = [];
    let after = from.rev;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const { items, hasMore } = messages.changedAfter(after, fixed.missedPage, state);
      lines.push(...missedLines(items, from.rev));
      after = items.at(-1)?.rev ?? after;
      if (!hasMore) return { lines, position: formatPosition(state) };
    }
    return undefined;
  }

  /** Makes sure that the room is woken at a time, in epoch milliseconds, or before. */
  wakeBy(at: number): void {
    this.#services.upkeep.wakeBy(at);
  }

  /** Makes every client ask who is online, because some may have missed changes of presence. */
  announcePresence(): void {
    const payload = { roomId: this.#roomId, onlineCount: this.onlineCount };
    this.#services.outbox.broadcast({ name: 'presence', payload }, { to: 'everyone' });
  }
}
