import { eventName } from '../../protocol/frames.ts';
import { Frame } from './frame.ts';

/** Signals kept for a connection; of more, those that changed longest ago are dropped. */
const MAX_MISSED = 256;

/** What takes frames, and returns false for one that it dropped because its client cannot keep up. */
interface Sender {
  send(frame: Frame): boolean;
}

/**
 * Sends frames, and keeps of what is dropped the newest of each signal, which leaves with the next frame
 * that a connection has room for. Whatever holds sockets does so: a room, a relay, a Worker. The room
 * provides for that next frame: it is told of a connection that lags, and sends it a `presence`.
 */
export class MissedSignals<C extends Sender> {
  /**
   * Connections that have lost something, with the newest of each signal that they have missed, by key,
   * oldest change first. While there are none, frames need not be sent by `send`.
   */
  readonly byConnection = new Map<C, Map<string, string>>();
  readonly #lags: (connection: C) => void;

  /** @param lags a connection has lost a frame: the first since it kept up, or its `presence` */
  constructor(lags: (connection: C) => void) {
    this.#lags = lags;
  }

  /** Sends a frame; where it may be dropped, after the signals that its connection has missed. */
  send(connection: C, frame: Frame): void {
    const missed = this.byConnection.get(connection);
    const due = missed !== undefined && frame.ephemeral ? withMissed(frame, missed) : frame;
    if (!connection.send(due)) this.dropped(connection, due);
    else if (due !== frame) this.byConnection.delete(connection);
    else if (missed !== undefined) for (const key of frame.signals.keys()) missed.delete(key);
  }

  /** A connection has lost a frame: the newest signals in it are kept. */
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

/** A frame with signals before it that are older than what is in it. */
function withMissed(frame: Frame, missed: ReadonlyMap<string, string>): Frame {
  const older = [...missed].filter(([key]) => !frame.signals.has(key));
  return new Frame([...older.map(([, line]) => line), ...frame.lines], undefined, true);
}
