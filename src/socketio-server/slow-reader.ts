import type { SocketIoSettings } from './settings.ts';

/** What is known of how well a client reads its socket. */
export interface ReaderState {
  /** Bytes that wait in the socket, where the runtime knows. */
  bufferedBytes: number | undefined;
  /** Bytes sent since the client's last frame. */
  sentSinceHeardBytes: number;
  /** Time since the client's last frame. */
  silentMs: number;
}

/** An answer to a ping is late after this, beyond the time between two pings, in milliseconds. */
const LATE_MS = 1_000;

/** Whether a client is late to answer a ping, which it does when it has read all that came before. */
export function isLate(
  silentMs: number,
  { pingIntervalMs }: Pick<SocketIoSettings, 'pingIntervalMs'>,
): boolean {
  return silentMs > pingIntervalMs + LATE_MS;
}

/**
 * Whether a client reads so slowly that its socket must end. A send never fails and queues without
 * bound; runtimes that do not know how much waits leave what was sent since the client last spoke,
 * which a client that answers pings does more often than `slowReaderMs`.
 */
export function isTooSlow(
  reader: ReaderState,
  limits: Pick<SocketIoSettings, 'maxBufferedBytes' | 'slowReaderMs'>,
): boolean {
  if (reader.bufferedBytes !== undefined) return reader.bufferedBytes > limits.maxBufferedBytes;
  return (
    reader.sentSinceHeardBytes > limits.maxBufferedBytes && reader.silentMs > limits.slowReaderMs
  );
}
