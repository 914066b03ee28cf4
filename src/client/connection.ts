import type { Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import {
  FRAME_TOO_BIG,
  HEARTBEAT_LOST,
  LEFT,
  CONNECTION_LOST,
  problemOf,
  shouldReconnect,
  UNAUTHORIZED,
} from './closing.ts';
import { Dialer, type DialerOptions } from './dialer.ts';
import { type Followed, Follower, type Positioned } from './follower.ts';
import type { Environment, Socket } from './environment.ts';
import {
  type AnyCommand,
  type Answered,
  type PayloadOf,
  PendingCommands,
  type ReplyOf,
} from './pending-commands.ts';
import { isTemporary, notConnected, Refused } from './refused.ts';
import type { Status } from './status.ts';
import { Timers } from './timers.ts';
import { backoffMs, replyTimeoutMs, renewalMs, type Timing } from './timing.ts';

export interface ConnectionOptions extends DialerOptions {
  timing: Timing;
  /**
   * The position at which a program continues after a restart; called whenever nothing is known
   * of the room.
   */
  loadPosition?: () => Promise<string | undefined>;
}

/** The events of a connection, in the order in which the room or the inbox decided them. */
export interface ConnectionListener<Opening, Page> {
  status(status: Status): void;
  /**
   * Called on every connection, with the first reply.
   * @param hasResumed whether the connection was opened with a position
   */
  joined(reply: Opening, hasResumed: boolean): void;
  /** A further page of missed changes. */
  missed(page: Page): void;
  event(name: string, payload: unknown): void;
  /** The connection has a newer token. */
  renewed(): void;
  /** All lines of a frame have been handled: a good time to show the changes. */
  framed(): void;
}

type Tuple = [name: string, payload: unknown, result: unknown];
type TimerName = 'retry' | 'ping' | 'silence' | 'renewal';

/**
 * One room, or the inbox, over the native transport: joins, sends pings, reconnects by itself and
 * catches up, renews its token, and does not reconnect when the server says so.
 */
export class Connection<
  Opening extends Positioned & { you?: { expiresAt?: number | undefined } } = Reply<'joinRoom'>,
  PageName extends AnyCommand = 'getMissed',
> {
  readonly #options: ConnectionOptions;
  readonly #timing: Timing;
  readonly #environment: Environment;
  readonly #listener: ConnectionListener<Opening, ReplyOf<PageName>>;
  /** `connecting` also before `start`. */
  #status: Status = { name: 'connecting' };
  #socket: Socket | undefined;
  readonly #pending: PendingCommands;
  /** The name of the first tuple on a socket. */
  readonly #opening: string;
  readonly #follower: Follower<Opening, PageName>;
  readonly #dialer: Dialer;
  readonly #timers: Timers<TimerName>;
  #openedAt = 0;
  #failures = 0;
  /** The problem that the server sent before it closed. */
  #problem: Problem | undefined;
  /** Numbers the attempts, so that a token fetched for an earlier one is not used. */
  #attempt = 0;
  #stopWaking: (() => void) | undefined;

  constructor(
    followed: Followed<Opening, PageName>,
    options: ConnectionOptions,
    environment: Environment,
    listener: ConnectionListener<Opening, ReplyOf<PageName>>,
  ) {
    this.#options = options;
    this.#timing = options.timing;
    this.#environment = environment;
    this.#listener = listener;
    this.#dialer = new Dialer(options, environment);
    const { againMs } = options.timing;
    this.#pending = new PendingCommands(environment, againMs, (line) => this.#send(line));
    this.#opening = followed.opening;
    this.#follower = new Follower(followed, this, listener, () => this.#lost());
    this.#timers = new Timers(environment);
  }

  get status(): Status {
    return this.#status;
  }

  /** Whether commands can be sent. */
  get isOpen(): boolean {
    return this.#status.name === 'open';
  }

  /** Why commands are refused until `start`; undefined where they can be sent now or later. */
  get over(): Problem | undefined {
    const status = this.#status;
    if (status.name === 'ended') return status.problem;
    return status.name === 'left' ? notConnected : undefined;
  }

  get isCatchingUp(): boolean {
    return this.#follower.isCatchingUp;
  }

  /** Connects; while it waits to reconnect, tries at once. */
  start(): void {
    if (this.#status.name === 'waiting') this.#wake();
    if (this.#stopWaking !== undefined) return;
    this.#stopWaking = this.#environment.onWake(
      () => this.#wake(),
      () => {
        if (this.#socket !== undefined) this.#lost();
      },
    );
    this.#failures = 0;
    void this.#connect();
  }

  /** Leaves for good: other users see it at once. */
  stop(): void {
    this.#detach(LEFT);
    this.#finish({ name: 'left' });
  }

  /** The network or the window has changed: checks the connection, or reconnects at once. */
  #wake(): void {
    if (this.isOpen) this.#ping();
    else if (this.#status.name === 'waiting') void this.#connect();
  }

  /**
   * Sends a command, and sends it again when the server says that it may be retried. `answered` is
   * called in the room's order, before later events.
   * @param delayed called with the time of the next attempt, in epoch milliseconds
   */
  ask<N extends AnyCommand>(
    name: N,
    payload: PayloadOf<N>,
    answered: Answered<ReplyOf<N>> = () => undefined,
    delayed?: (retryAt: number) => void,
  ): void {
    if (this.isOpen) this.#pending.send({ name, payload, answered, delayed });
    else answered(undefined);
  }

  #send(line: string): void {
    this.#socket?.send(line);
    this.#expectAnswer();
  }

  async #connect(): Promise<void> {
    this.#timers.stopAll();
    const attempt = ++this.#attempt;
    this.#problem = undefined;
    this.#setStatus({ name: 'connecting' });
    try {
      this.#follower.position ??= await this.#options.loadPosition?.();
      const token = await this.#dialer.nextToken();
      if (attempt === this.#attempt) this.#open(token);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof Refused && !isTemporary(error.problem)) {
        this.#finish({ name: 'ended', code: UNAUTHORIZED, problem: error.problem });
      } else this.#scheduleRetry();
    }
  }

  #open(token: string | undefined): void {
    const socket = this.#dialer.open(token, this.#follower.position, {
      text: (data) => {
        if (socket === this.#socket) this.#frame(data);
      },
      closed: (code, reason) => {
        if (socket === this.#socket) this.#closed(code, reason);
      },
    });
    this.#socket = socket;
    this.#expectAnswer(replyTimeoutMs(this.#timing, this.#failures));
  }

  #frame(frame: string): void {
    this.#timers.stop('silence');
    const socket = this.#socket;
    if (frame !== 'pong') {
      for (const line of frame.split('\n')) {
        this.#tuple(JSON.parse(line) as Tuple);
        // A line can end the connection.
        if (socket !== this.#socket) return;
      }
      this.#listener.framed();
    }
    // After a refused join the close is still expected.
    if (this.#pending.isWaiting || !this.isOpen) this.#expectAnswer();
  }

  #tuple([name, payload, result]: Tuple): void {
    switch (name) {
      case this.#opening:
        this.#joined(payload as Result<Opening>);
        break;
      case 'ack':
        this.#pending.answer(result as Result, payload as number);
        break;
      case 'position':
        this.#follower.reached(payload as string);
        break;
      case 'error':
        // Every command of this client asks for a reply, so an `error` event is about a frame that
        // could not be read: the oldest unanswered one, because replies arrive in the order of the
        // commands.
        this.#pending.answer({ ok: false, error: payload as Problem });
        break;
      default:
        this.#listener.event(name, payload);
    }
  }

  #joined(result: Result<Opening>): void {
    if (!result.ok) {
      // A close code follows, which decides what to do.
      this.#problem = result.error;
      return;
    }
    this.#openedAt = this.#environment.now();
    const hasResumed = this.#follower.joined(result);
    // A ping at once: at the edge a closed socket stays half open until its client has sent something.
    this.#ping();
    this.#scheduleRenewal(result.you?.expiresAt);
    this.#setStatus({ name: 'open' });
    this.#listener.joined(result, hasResumed);
    this.#follower.catchUp();
  }

  #ping(): void {
    this.#send('ping');
    this.#timers.set('ping', this.#timing.pingEveryMs, () => this.#ping());
  }

  /**
   * Schedules the renewal of the token before it expires. If this device's clock is ahead, its tokens seem
   * to have expired: then the server closes the connection when one really has.
   */
  #scheduleRenewal(expiresAt = 0): void {
    const left = expiresAt - this.#environment.now();
    if (left <= 0 || !this.#options.tokens.canRenew) return;
    const wait = renewalMs(this.#timing, left, this.#environment.random());
    this.#timers.set('renewal', wait, () => void this.#renew(expiresAt));
  }

  async #renew(expiresAt: number): Promise<void> {
    const attempt = this.#attempt;
    try {
      const token = await this.#options.tokens.get(this.#dialer.token);
      if (token !== undefined && attempt === this.#attempt) this.#offer(token);
    } catch {
      // Until the token expires there is time to try again.
      if (attempt === this.#attempt) this.#scheduleRenewal(expiresAt);
    }
  }

  /** Sends the newer token to the room. */
  #offer(token: string): void {
    this.#dialer.token = token;
    this.ask('refreshToken', { token }, (result) => {
      if (result?.ok !== true) return;
      this.#scheduleRenewal(result.expiresAt);
      this.#listener.renewed();
    });
  }

  #expectAnswer(ms = this.#timing.answerMs): void {
    if (this.#timers.has('silence')) return;
    // A device that wakes up runs timers before socket events: 1 ms later the received frames have
    // been handled.
    this.#timers.set('silence', ms, () => this.#timers.set('silence', 1, () => this.#lost()));
  }

  #lost(): void {
    this.#detach(HEARTBEAT_LOST);
    this.#scheduleRetry();
  }

  #closed(code: number, reason: string): void {
    this.#detach(undefined, code);
    const canTryToken = this.#dialer.closed(code, this.#problem);
    if (canTryToken || shouldReconnect(code)) this.#scheduleRetry();
    else this.#finish({ name: 'ended', code, problem: this.#problem ?? problemOf(code, reason) });
  }

  #scheduleRetry(): void {
    const least = this.#problem?.retryAfterMs ?? 0;
    const wait = backoffMs(this.#timing, this.#failures++, this.#environment.random());
    this.#timers.set('retry', least + wait, () => void this.#connect());
    this.#setStatus({ name: 'waiting', problem: this.#problem });
  }

  #finish(status: Status): void {
    this.#timers.stopAll();
    this.#stopWaking?.();
    this.#stopWaking = undefined;
    this.#setStatus(status);
  }

  #setStatus(status: Status): void {
    this.#status = status;
    this.#listener.status(status);
  }

  /**
   * Drops this socket: its events are ignored, and its commands stay unanswered.
   * @param close the code to close it with; undefined where it is closed already
   */
  #detach(close: number | undefined, code: number = CONNECTION_LOST): void {
    const held = this.#environment.now() - this.#openedAt;
    if (this.isOpen && held >= this.#timing.steadyMs) this.#failures = 0;
    this.#attempt++;
    this.#timers.stopAll();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#status = { name: 'connecting' };
    if (close !== undefined) socket?.close(close);
    this.#pending.drop(code === FRAME_TOO_BIG);
  }
}
