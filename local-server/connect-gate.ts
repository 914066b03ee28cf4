import type { Socket } from 'socket.io';

/** An Engine.IO session of the official server, over any transport. */
export type Conn = Socket['conn'];

type Listener = (data: unknown) => void;

/** CONNECT to the main namespace, the only one that takes time to answer. */
const CONNECT = /^0(?:$|[^/]|\/(?:$|,))/;

/**
 * Keeps the packets that a client sends after CONNECT and before its answer, and passes them on once
 * it is answered. The official server would close the session, so that it would depend on chance
 * whether a client that does not wait can connect.
 */
export class ConnectGate {
  readonly #conn: Conn;
  readonly #maxBytes: number;
  readonly #listeners: Listener[];
  #isWaiting = false;
  #held: unknown[] = [];
  #heldBytes = 0;

  /** @param maxBytes the most that is kept; a client that sends more is disconnected */
  constructor(conn: Conn, maxBytes: number) {
    this.#conn = conn;
    this.#maxBytes = maxBytes;
    this.#listeners = conn.listeners('data') as Listener[];
    conn.removeAllListeners('data');
    conn.on('data', this.#receive);
  }

  /** To be called when the answer to CONNECT has been sent. */
  answered(): void {
    this.#isWaiting = false;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    // A further CONNECT among them holds the packets after it.
    for (const data of held) this.#receive(data);
  }

  readonly #receive = (data: unknown): void => {
    if (this.#isWaiting || this.#held.length > 0) this.#hold(data);
    else if (this.#conn.readyState === 'open') {
      this.#isWaiting = typeof data === 'string' && CONNECT.test(data);
      for (const listener of this.#listeners) listener(data);
    }
  };

  #hold(data: unknown): void {
    this.#heldBytes += Buffer.byteLength(data as string | Buffer);
    if (this.#heldBytes > this.#maxBytes) this.#conn.close(true);
    else this.#held.push(data);
  }
}
