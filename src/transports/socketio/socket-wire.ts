/** What a host's Socket.IO socket can do. Lines are passed on as text. */
export interface SocketWire {
  /** Sends each line as an event of its own. Many sockets may be given the very same list. */
  events(lines: readonly string[]): void;
  /**
   * Ends the connection: with a DISCONNECT packet, after which a client stays away, or by the
   * transport alone, so that it reconnects.
   */
  end(how: 'stayAway' | 'comeBack'): void;
  /** Bytes that wait to be sent; undefined if the host does not know. Needs no `this`. */
  buffered: () => number | undefined;
}
