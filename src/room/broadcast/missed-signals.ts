import { eventName } from '../../protocol/frames.ts';
import { Frame } from './frame.ts';

/** Most signals kept for one connection; beyond that, those that changed longest ago are dropped. */
const MAX_MISSED = 256;

/** A connection; `send` returns false for a frame that it dropped because its client cannot keep up. */
interface Sender {
  send(frame: Frame): boolean;
}

/**
 * Sends frames. Of dropped frames it keeps the newest line of each signal, and sends these with the
 * next ephemeral frame that the connection can take. Used wherever sockets are held: in a room, a
 * relay, a Worker. The room makes sure that there is such a frame: `lags` reports the slow connection
 * to it, and it sends a `presence`.
 */
export class MissedSignals<C extends Sender> {
  /**
   * Connections that lost a frame, with the newest line of each signal that they missed, by key, oldest
   * change first. While the map is empty, frames may be sent without this class.
   */
  readonly byConnection = new Map<C, Map<string, string>>();
  readonly #lags: (connection: C) => void;

  /**
   * @param lags called when a connection lost its first frame since it kept up, or one with a
   * `presence`
   */
  constructor(lags: (connection: C) => void) {
    this.#lags = lags;
  }

  /** Sends a frame; an ephemeral one leaves together with the signals that its connection missed. */
  send(connection: C, frame: Frame): void {
    const missed = this.byConnection.get(connection);
    const due = missed !== undefined && frame.ephemeral ? withMissed(frame, missed) : frame;
    if (!connection.send(due)) this.dropped(connection, due);
    else if (due !== frame) this.byConnection.delete(connection);
    else if (missed !== undefined) for (const key of frame.signals.keys()) missed.delete(key);
  }

  /** Records that a connection lost a frame, and keeps the newest signals in it. */
  dropped(connection: C, { signals, lines }: Frame): void {
    const isNew = !this.byConnection.has(connection);
    this.byConnection.set(connection, new Map([...signals].slice(-MAX_MISSED)));
    if (isNew || lines.some((line) => eventName(line) === 'presence')) this.#lags(connection);
  }

  /** Forgets a connection. @returns the signals kept for it, as lines */
  forget(connection: C): readonly string[] {
    const missed = this.byConnection.get(connection);
    this.byConnection.delete(connection);
    return [...(missed?.values() ?? [])];
  }
}

/** A frame with the missed signals before its own lines, except those of which it has a newer line. */
function withMissed(frame: Frame, missed: ReadonlyMap<string, string>): Frame {
  const older = [...missed].filter(([key]) => !frame.signals.has(key));
  return new Frame([...older.map(([, line]) => line), ...frame.lines], undefined, true);
}
