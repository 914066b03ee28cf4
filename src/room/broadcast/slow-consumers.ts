import { fixed } from '../../protocol/codes/limits.ts';
import { Frame } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { Connection, Timer } from '../ports.ts';
import type { Presence } from '../presence/presence.ts';

/** Signals that a connection may have missed; of more, those that changed longest ago are dropped. */
const MAX_MISSED = 256;

/**
 * Sends frames, and keeps account of the connections that lost ephemeral events because they could not keep up. As soon as they can, they
 * get a `presence` event, which makes their client ask for the list of users again, and the newest of
 * each signal that they missed. A connection that stays slow is disconnected, so that its client resumes.
 */
export class SlowConsumers {
  readonly #roomId: string;
  readonly #outbox: Outbox;
  readonly #presence: Presence;
  readonly #timer: Timer;
  readonly #disconnect: (connection: Connection) => void;
  /** How many `presence` events each has got without keeping up after. */
  readonly #slow = new Map<Connection, number>();
  /** The same for those that got one last; they return to `#slow` if they are still too slow. */
  #retried: ReadonlyMap<Connection, number> = new Map();
  /** Whether any connection has missed signals; otherwise frames may be sent without `send`. */
  hasMissed = false;
  /** The newest of each signal that each has missed, by key, oldest change first. */
  readonly #missed = new Map<Connection, Map<string, string>>();

  constructor(
    roomId: string,
    outbox: Outbox,
    presence: Presence,
    timer: Timer,
    disconnect: (connection: Connection) => void,
  ) {
    this.#roomId = roomId;
    this.#outbox = outbox;
    this.#presence = presence;
    this.#timer = timer;
    this.#disconnect = disconnect;
  }

  /** Sends a frame; where it may be dropped, after the signals that the connection has missed. */
  send(connection: Connection, frame: Frame): void {
    const missed = this.#missed.get(connection);
    const due = missed !== undefined && frame.ephemeral ? withMissed(frame, missed) : frame;
    if (!connection.send(due)) this.dropped(connection, due);
    else if (due === frame) for (const key of frame.signals.keys()) missed?.delete(key);
    else this.#missed.delete(connection);
  }

  /** A connection has lost a frame: the newest signals in it are kept. */
  dropped(connection: Connection, { signals }: Frame): void {
    this.#missed.set(connection, new Map([...signals].slice(-MAX_MISSED)));
    this.add(connection);
  }

  /** It has lost something ephemeral. */
  add(connection: Connection): void {
    this.hasMissed ||= this.#missed.size > 0;
    if (this.#slow.has(connection)) return;
    if (this.#slow.size === 0) this.#timer.after(fixed.laggardEveryMs, () => this.#retry());
    this.#slow.set(connection, this.#retried.get(connection) ?? 0);
  }

  #retry(): void {
    for (const connection of this.#missed.keys()) {
      if (!connection.open || !connection.state.joined) this.#missed.delete(connection);
    }
    this.hasMissed = this.#missed.size > 0;
    const slow = [...this.#slow].filter(([{ open, state }]) => open && state.joined);
    this.#slow.clear();
    this.#retried = new Map(slow.map(([connection, tries]) => [connection, tries + 1]));
    const payload = { roomId: this.#roomId, onlineCount: this.#presence.count };
    const event = { name: 'presence' as const, payload };
    for (const [connection, tries] of slow) {
      if (tries >= fixed.laggardTries) this.#disconnect(connection);
      else this.#outbox.broadcast(event, { to: 'connection', id: connection.state.id });
    }
  }
}

/** A frame with signals before it that are older than what is in it. */
function withMissed(frame: Frame, missed: ReadonlyMap<string, string>): Frame {
  const older = [...missed].filter(([key]) => !frame.signals.has(key));
  const lines = [...older.map(([, line]) => line), ...frame.lines];
  return new Frame(lines, undefined, true, [], new Map([...older, ...frame.signals]));
}
