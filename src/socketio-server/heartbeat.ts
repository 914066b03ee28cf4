import type { CancelTimer, Clock } from './clock.ts';
import type { SocketIoSettings } from './settings.ts';

const idle: CancelTimer = () => {};

/** Pings a client at intervals, and reports a missing pong. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #settings: Pick<SocketIoSettings, 'pingIntervalMs' | 'pingTimeoutMs'>;
  readonly #ping: () => void;
  readonly #timeout: () => void;
  #cancel = idle;
  #awaiting: 'nothing' | 'pong' | 'pong, once prolonged' = 'nothing';

  constructor(
    clock: Clock,
    settings: Pick<SocketIoSettings, 'pingIntervalMs' | 'pingTimeoutMs'>,
    on: { ping: () => void; timeout: () => void },
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#ping = on.ping;
    this.#timeout = on.timeout;
  }

  /** Starts or restarts: the next ping is a whole interval away. */
  start(): void {
    this.#awaiting = 'nothing';
    this.#schedule(this.#settings.pingIntervalMs, () => {
      this.#awaiting = 'pong';
      this.#awaitPong();
      this.#ping();
    });
  }

  /** A pong came, asked for or not. */
  pong(): void {
    this.start();
  }

  /**
   * Another packet came. It prolongs the wait for a pong, once for each ping, because the pong may
   * be queued after a long upload. The official server does the same.
   */
  packetReceived(): void {
    if (this.#awaiting !== 'pong') return;
    this.#awaiting = 'pong, once prolonged';
    this.#awaitPong();
  }

  stop(): void {
    this.#cancel();
    this.#cancel = idle;
    this.#awaiting = 'nothing';
  }

  #awaitPong(): void {
    this.#schedule(this.#settings.pingTimeoutMs, this.#timeout);
  }

  #schedule(ms: number, run: () => void): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, run);
  }
}
