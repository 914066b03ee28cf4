/** Every number of the Socket.IO transport. Times are milliseconds, sizes bytes. */
export interface SocketIoSettings {
  /** From the handshake, or from the last pong, to the next ping. */
  pingIntervalMs: number;
  /** From a ping to the end of a session that has not answered it. */
  pingTimeoutMs: number;
  /** From the opening of a second transport to the end of an upgrade that was not completed. */
  upgradeTimeoutMs: number;
  /** How often a poll that waits is answered while an upgrade is tried, so that polling can stop. */
  upgradeNoopMs: number;
  /** How long an ended polling session waits for one more poll, to send the client its end. */
  closeTimeoutMs: number;
  /** From the handshake to the end of a session that has joined no namespace. */
  connectTimeoutMs: number;
  /** The most a client may send in one frame or one POST; announced in the handshake. */
  maxPayloadBytes: number;
  /** The most that waits for a client: for its next poll, or in its socket. */
  maxBufferedBytes: number;
  /** How long a socket may be silent while more than `maxBufferedBytes` were sent to it. */
  slowReaderMs: number;
  /** The most binary parts of one Socket.IO packet. */
  maxAttachments: number;
}

/**
 * Heartbeat, upgrade and close times are those of the official server; the rest is protocol
 * section 6.
 */
export const DEFAULT_SETTINGS: SocketIoSettings = {
  pingIntervalMs: 25_000,
  pingTimeoutMs: 20_000,
  upgradeTimeoutMs: 10_000,
  upgradeNoopMs: 100,
  closeTimeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  maxPayloadBytes: 65_536,
  maxBufferedBytes: 1_048_576,
  slowReaderMs: 30_000,
  maxAttachments: 10,
};
