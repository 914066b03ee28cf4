import type { CancelTimer, Clock } from './clock.ts';
import { decodeFrame, encodeFrame, type ReceivedPacket } from './engine-packet.ts';
import { isLongerThan } from './byte-length.ts';
import type { SocketIoSettings } from './settings.ts';
import type { ClientSocket, FrameReceiver } from './websocket-session.ts';

/**
 * A session that a WebSocket is about to take over, wherever it lives. `H` is all that the session
 * hands over: its `EngineHandOver` and what its owner adds. The caller has got `started` from the
 * session's `startUpgrade` before the WebSocket was accepted.
 */
export interface UpgradingSession<H> {
  /** See `PollingSession`; calls arrive in the order made, none of them throws or rejects. */
  probe(): void;
  cancelUpgrade(): void;
  /** Undefined when there is nothing to take over (any more). */
  handOver(): Promise<H | undefined>;
}

/** What an upgrade is made of. */
export interface UpgradeOptions<H> {
  settings: SocketIoSettings;
  clock: Clock;
  session: UpgradingSession<H>;
  /** Makes the session that continues over the WebSocket. */
  resume: (socket: ClientSocket, handOver: H) => FrameReceiver;
}

/**
 * A WebSocket on its way to take a polling session over: it answers the probe, waits for the
 * upgrade packet, fetches what the session hands over, and from then on passes frames to the session
 * that continues it. Frames that come before that wait, in order.
 */
export class WebSocketUpgrade<H> implements FrameReceiver {
  readonly #socket: ClientSocket;
  readonly #options: UpgradeOptions<H>;
  readonly #cancelTimeout: CancelTimer;
  #state: 'probing' | 'taking over' | 'failed' | FrameReceiver = 'probing';
  #waiting: ((receiver: FrameReceiver) => void)[] = [];

  constructor(socket: ClientSocket, options: UpgradeOptions<H>) {
    this.#socket = socket;
    this.#options = options;
    this.#cancelTimeout = options.clock.after(options.settings.upgradeTimeoutMs, () =>
      this.#fail(),
    );
  }

  frame(data: string | ArrayBuffer): void {
    if (this.#state === 'probing') this.#probe(data);
    else this.#pass((receiver) => receiver.frame(data));
  }

  closed(clean: boolean): void {
    if (this.#state === 'probing') this.#fail();
    else this.#pass((receiver) => receiver.closed(clean));
  }

  #probe(data: string | ArrayBuffer): void {
    if (isLongerThan(this.#options.settings.maxPayloadBytes, data)) {
      this.#fail();
      return;
    }
    const packet = decodeFrame(data);
    if (isProbe(packet)) {
      this.#options.session.probe();
      this.#socket.send(encodeFrame({ type: 'pong', data: 'probe' }));
    } else if (packet.type === 'upgrade') {
      void this.#takeOver();
    } else {
      this.#fail();
    }
  }

  #pass(deliver: (receiver: FrameReceiver) => void): void {
    if (typeof this.#state === 'object') deliver(this.#state);
    else if (this.#state === 'taking over') this.#waiting.push(deliver);
  }

  async #takeOver(): Promise<void> {
    this.#state = 'taking over';
    this.#cancelTimeout();
    const handOver = await this.#options.session.handOver();
    if (handOver === undefined) {
      this.#state = 'failed';
      this.#socket.close(undefined);
      return;
    }
    const receiver = this.#options.resume(this.#socket, handOver);
    this.#state = receiver;
    for (const deliver of this.#waiting.splice(0)) deliver(receiver);
  }

  #fail(): void {
    this.#state = 'failed';
    this.#cancelTimeout();
    this.#options.session.cancelUpgrade();
    this.#socket.close(undefined);
  }
}

function isProbe(packet: ReceivedPacket): boolean {
  return packet.type === 'ping' && packet.data === 'probe';
}
