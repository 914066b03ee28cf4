import type { SocketIoSettings } from './settings.ts';

/** What is known about how fast a client reads its socket. */
export interface ReaderState {
  /** Bytes that wait in the socket; undefined if the runtime does not know. */
  bufferedBytes: number | undefined;
  /** Bytes sent since the client's last frame. */
  sentSinceFrameBytes: number;
  /** Time since the client's last frame. */
  silentMs: number;
}

/** A client is late to answer a ping when it is silent this much longer than the interval of pings, in ms. */
const LATE_MS = 1_000;

/** Whether a client is late to answer a ping. It answers when it has read all that came before. */
export function isLate(
  silentMs: number,
  { pingIntervalMs }: Pick<SocketIoSettings, 'pingIntervalMs'>,
): boolean {
  return silentMs > pingIntervalMs + LATE_MS;
}

/**
 * Whether a client reads so slowly that its socket must end, since a send never fails and queues
 * without bound. If the runtime does not know how much waits, the bytes since the client's last frame
 * count, once that is `slowReaderMs` ago: a client that answers pings sends frames more often.
 */
export function isTooSlow(
  reader: ReaderState,
  limits: Pick<SocketIoSettings, 'maxBufferedBytes' | 'slowReaderMs'>,
): boolean {
  if (reader.bufferedBytes !== undefined) return reader.bufferedBytes > limits.maxBufferedBytes;
  return (
    reader.sentSinceFrameBytes > limits.maxBufferedBytes && reader.silentMs > limits.slowReaderMs
  );
}
