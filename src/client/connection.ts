import type { CommandName, Payload, Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import {
  FRAME_TOO_BIG,
  HEARTBEAT_LOST,
  LEFT,
  LOST,
  problemOf,
  shouldComeBack,
  TOKEN_EXPIRED,
  UNAUTHORIZED,
} from './closing.ts';
import type { Environment, Socket } from './environment.ts';
import { badToken, frameTooBig, isTemporary, Refused } from './refused.ts';
import { backoffMs, patienceMs, type Timing } from './timing.ts';

/** Whether the room can be reached. */
export type Status =
  /** Left, or not yet joined. */
  | { name: 'left' }
  | { name: 'connecting' }
  | { name: 'open' }
  /** The connection is lost and will be made again; `problem` is what the server last said. */
  | { name: 'waiting'; problem?: Problem }
  /** It will not be made again until `join` is called. */
  | { name: 'ended'; code: number; problem: Problem };

/** What a client shows to say who it is. */
export interface Credentials {
  token?: string | undefined;
  guestToken?: string | undefined;
}

export interface ConnectionOptions {
  /** Where the room is, without `since`. */
  url: URL;
  timing: Timing;
  /** @param spent a token that is of no use any more. Rejects with `Refused` to stay away */
  credentials: (spent?: string) => Promise<Credentials>;
  /** Whether other credentials can be had than the last ones. */
  canRenew: boolean;
}

/** What a connection tells, in the order in which the room decided it. */
export interface ConnectionListener {
  status(status: Status): void;
  /** On every join. Without `missed` in it, what was known before counts no more. */
  joined(reply: Reply<'joinRoom'>): void;
  /** A further page of what was missed. */
  missed(page: Reply<'getMissed'>): void;
  event(name: string, payload: unknown): void;
  /** A newer token is in place. */
  renewed(): void;
  /** A frame is over: a good time to show what it changed. */
  framed(): void;
}

/** No result: the connection was lost first, and nobody knows what became of the command. */
export type Answered<R extends object> = (result: Result<R> | undefined) => void;

interface Asked {
  name: AnyCommand;
  payload: object;
  answered: Answered<object>;
  delayed: ((retryAt: number) => void) | undefined;
  /** Of its line, in characters. */
  length: number;
}

type AnyCommand = CommandName | 'refreshToken';
type PayloadOf<N extends AnyCommand> = N extends CommandName ? Payload<N> : { token: string };
type ReplyOf<N extends AnyCommand> = N extends CommandName ? Reply<N> : { expiresAt?: number };

type TimerName = 'retry' | 'ping' | 'silence' | 'renew';

/** A token is renewed after this part of its remaining life, and up to as much again at random. */
const RENEW_AFTER = 0.7;
const RENEW_SPREAD = 0.15;

/**
 * One room over the native transport: joins, gives signs of life, comes back by itself with what it has
 * missed, renews its token, and stays away when the server says so.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #environment: Environment;
  readonly #listener: ConnectionListener;
  /** Until `start` it is about to connect, as far as anybody can see. */
  #status: Status = { name: 'connecting' };
  #socket: Socket | undefined;
  /** By it the server knows what is left of earlier connections, and lets go of that. */
  readonly #session: string;
  readonly #asked = new Map<number, Asked>();
  /** What the server will have later. */
  readonly #resting = new Set<Asked>();
  #lastRef = 0;
  #position: string | undefined;
  /** Until the last page of what was missed is here, only pages move the position. */
  #isCatchingUp = false;
  #openedAt = 0;
  #failures = 0;
  #token: string | undefined;
  /** The token in use was not accepted. */
  #isSpent = false;
  #wasRenewed = false;
  /** What the server said before it closed. */
  #problem: Problem | undefined;
  /** Tells one attempt from the next while credentials are fetched. */
  #attempt = 0;
  #stopWaking: (() => void) | undefined;
  readonly #timers: Partial<Record<TimerName, () => void>> = {};

  constructor(options: ConnectionOptions, environment: Environment, listener: ConnectionListener) {
    this.#options = options;
    this.#environment = environment;
    this.#listener = listener;
    this.#session = environment.makeId();
  }

  get status(): Status {
    return this.#status;
  }

  /** Whether commands can be sent. */
  get isOpen(): boolean {
    return this.#status.name === 'open';
  }

  get isCatchingUp(): boolean {
    return this.#isCatchingUp;
  }

  /** Begins, or tries again at once instead of later. */
  start(): void {
    if (this.#status.name === 'waiting') this.wake();
    if (this.#stopWaking !== undefined) return;
    this.#stopWaking = this.#environment.onWake(
      () => this.wake(),
      () => {
        if (this.#socket !== undefined) this.#lost();
      },
    );
    this.#failures = 0;
    void this.#connect();
  }

  /** Leaves for good: others hear it at once. */
  stop(): void {
    this.#letGo(LEFT);
    this.#finish({ name: 'left' });
  }

  /** Something has changed around us: is the connection still there, or can it be again? */
  wake(): void {
    if (this.isOpen) this.#ping();
    else if (this.#status.name === 'waiting') void this.#connect();
  }

  /**
   * Gives a command; once more when the server says that it can be tried again. `answered` is called
   * in the room's order, before the events behind the answer.
   * @param delayed hears when it will be given again, in epoch milliseconds
   */
  ask<N extends AnyCommand>(
    name: N,
    payload: Omit<PayloadOf<N>, 'roomId'>,
    answered: Answered<ReplyOf<N>>,
    delayed?: (retryAt: number) => void,
  ): void {
    if (this.isOpen) {
      this.#ask({ name, payload, answered, delayed, length: 0 });
    } else answered(undefined);
  }

  #ask(asked: Asked): void {
    const ref = ++this.#lastRef;
    const line = JSON.stringify([asked.name, asked.payload, ref]);
    this.#asked.set(ref, { ...asked, length: line.length });
    this.#socket?.send(line);
    this.#expectAnswer();
  }

  async #connect(): Promise<void> {
    this.#stopTimers();
    const attempt = ++this.#attempt;
    this.#problem = undefined;
    this.#tell({ name: 'connecting' });
    try {
      const spent = this.#isSpent ? this.#token : undefined;
      const credentials = await this.#options.credentials(spent);
      if (attempt === this.#attempt) this.#open(credentials, spent !== undefined);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof Refused && !isTemporary(error.problem)) {
        this.#end(UNAUTHORIZED, error.problem);
      } else this.#comeBack();
    }
  }

  #open({ token, guestToken }: Credentials, wasRenewed: boolean): void {
    this.#token = token;
    this.#isSpent = false;
    this.#wasRenewed = wasRenewed;
    const protocols = ['parlor.v1'];
    if (token !== undefined) protocols.push(`bearer.${token}`);
    else if (guestToken !== undefined) protocols.push(`guest.${guestToken}`);
    const url = new URL(this.#options.url);
    url.searchParams.set('session', this.#session);
    if (this.#position !== undefined) {
      url.searchParams.set('since', this.#position);
      url.searchParams.delete('history');
    }
    let socket: Socket;
    try {
      socket = this.#environment.open(url.href, protocols, {
        text: (data) => {
          if (socket === this.#socket) this.#frame(data);
        },
        closed: (code, reason) => {
          if (socket === this.#socket) this.#closed(code, reason);
        },
      });
    } catch {
      throw new Refused(badToken);
    }
    this.#socket = socket;
    this.#expectAnswer(patienceMs(this.#options.timing, this.#failures));
  }

  #frame(frame: string): void {
    this.#stopTimer('silence');
    if (frame !== 'pong') {
      const socket = this.#socket;
      for (const line of frame.split('\n')) {
        this.#tuple(JSON.parse(line) as [string, unknown, unknown]);
        // What was heard can end the connection; the rest of the frame is then nobody's.
        if (socket !== this.#socket) return;
      }
      this.#listener.framed();
    }
    // After a refused join the close is still to come.
    if (this.#asked.size > 0 || !this.isOpen) this.#expectAnswer();
  }

  #tuple([name, payload, result]: [string, unknown, unknown]): void {
    switch (name) {
      case 'joined':
        this.#joined(payload as Result<Reply<'joinRoom'>>);
        break;
      case 'ack':
        this.#answer(payload as number, result as Result);
        break;
      case 'position':
        if (!this.#isCatchingUp) this.#position = payload as string;
        break;
      case 'error':
        // Every command here asks for a reply, so this is about a frame that could not be read: the
        // oldest that is not answered, since answers come in the order of the commands.
        this.#answer(this.#asked.keys().next().value, { ok: false, error: payload as Problem });
        break;
      default:
        this.#listener.event(name, payload);
    }
  }

  #answer(ref: number | undefined, result: Result): void {
    const asked = this.#asked.get(ref ?? 0);
    this.#asked.delete(ref ?? 0);
    if (asked === undefined) return;
    if (result.ok || !isTemporary(result.error)) {
      asked.answered(result);
      return;
    }
    this.#resting.add(asked);
    const wait = result.error.retryAfterMs ?? this.#options.timing.againMs;
    asked.delayed?.(this.#environment.now() + wait);
    this.#environment.after(wait, () => {
      if (this.#resting.delete(asked)) this.#ask(asked);
    });
  }

  #joined(result: Result<Reply<'joinRoom'>>): void {
    if (!result.ok) {
      // The close code that says what to do follows.
      this.#problem = result.error;
      return;
    }
    this.#openedAt = this.#environment.now();
    this.#position = result.position;
    this.#isCatchingUp = result.complete === false;
    // At once: at the edge a socket that was closed stands half open until its client has sent something.
    this.#ping();
    this.#renewLater(result.you.expiresAt);
    this.#tell({ name: 'open' });
    this.#listener.joined(result);
    if (this.#isCatchingUp) this.#catchUp();
  }

  #catchUp(): void {
    const after = this.#position ?? '';
    this.ask('getMissed', { after }, (result) => {
      if (result === undefined) return;
      if (!result.ok || result.reset === true) {
        // What is known here counts no more.
        this.#position = undefined;
        this.#lost();
      } else {
        this.#position = result.position;
        this.#isCatchingUp = !result.complete;
        this.#listener.missed(result);
        if (this.#isCatchingUp) this.#catchUp();
      }
    });
  }

  #ping(): void {
    this.#socket?.send('ping');
    this.#expectAnswer();
    this.#pingLater();
  }

  #pingLater(): void {
    this.#setTimer('ping', this.#options.timing.pingEveryMs, () => this.#ping());
  }

  #renewLater(expiresAt: number | undefined): void {
    if (expiresAt === undefined || !this.#options.canRenew) return;
    const left = expiresAt - this.#environment.now();
    const wait = left * (RENEW_AFTER + RENEW_SPREAD * this.#environment.random());
    this.#setTimer('renew', Math.max(wait, this.#options.timing.againMs), () => {
      void this.#renew(expiresAt);
    });
  }

  async #renew(expiresAt: number): Promise<void> {
    const socket = this.#socket;
    try {
      const { token } = await this.#options.credentials(this.#token);
      if (socket !== this.#socket || token === undefined) return;
      this.#token = token;
      this.ask('refreshToken', { token }, (result) => {
        if (result?.ok !== true) return;
        this.#renewLater(result.expiresAt);
        this.#listener.renewed();
      });
    } catch {
      // Until the token has ended there is time to try again.
      if (socket === this.#socket && this.#environment.now() < expiresAt) {
        this.#renewLater(expiresAt);
      }
    }
  }

  #expectAnswer(ms = this.#options.timing.answerMs): void {
    if (this.#timers.silence !== undefined) return;
    // Whoever was asleep hears timers before sockets: what has come meanwhile gets its turn.
    this.#setTimer('silence', ms, () => this.#setTimer('silence', 1, () => this.#lost()));
  }

  #lost(): void {
    this.#letGo(HEARTBEAT_LOST);
    this.#comeBack();
  }

  #closed(code: number, reason: string): void {
    const { canRenew } = this.#options;
    this.#letGo(undefined, code);
    const ofToken = code === TOKEN_EXPIRED || this.#problem?.code === 'token_expired';
    const unauthorized = code === UNAUTHORIZED && this.#problem?.code === 'unauthorized';
    // A token that was good once may have been signed with an older secret.
    if (ofToken || (unauthorized && canRenew && !this.#wasRenewed)) this.#isSpent = true;
    if (shouldComeBack(code) || this.#isSpent) this.#comeBack();
    else this.#end(code, this.#problem ?? problemOf(code, reason));
  }

  #comeBack(): void {
    const { timing } = this.#options;
    const least = this.#problem?.retryAfterMs ?? 0;
    const wait = backoffMs(timing, this.#failures++, this.#environment.random());
    this.#setTimer('retry', least + wait, () => void this.#connect());
    this.#tell({ name: 'waiting', ...(this.#problem && { problem: this.#problem }) });
  }

  #end(code: number, problem: Problem): void {
    this.#finish({ name: 'ended', code, problem });
  }

  #finish(status: Status): void {
    this.#stopTimers();
    this.#stopWaking?.();
    this.#stopWaking = undefined;
    this.#tell(status);
  }

  #tell(status: Status): void {
    this.#status = status;
    this.#listener.status(status);
  }

  /**
   * Nothing is heard of this socket any more, and what was asked stays unanswered.
   * @param close what to close it with, where it is not closed
   */
  #letGo(close: number | undefined, code: number = LOST): void {
    const held = this.#environment.now() - this.#openedAt;
    if (this.isOpen && held >= this.#options.timing.steadyMs) this.#failures = 0;
    this.#attempt++;
    this.#stopTimers();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#status = { name: 'connecting' };
    if (close !== undefined) socket?.close(close);
    const asked = [...this.#asked.values(), ...this.#resting];
    this.#asked.clear();
    this.#resting.clear();
    const longest = Math.max(...asked.map(({ length }) => length));
    for (const { answered, length } of asked) {
      const isCulprit = code === FRAME_TOO_BIG && length === longest;
      answered(isCulprit ? { ok: false, error: frameTooBig } : undefined);
    }
  }

  #setTimer(name: TimerName, ms: number, work: () => void): void {
    this.#stopTimer(name);
    this.#timers[name] = this.#environment.after(ms, () => {
      delete this.#timers[name];
      work();
    });
  }

  #stopTimer(name: TimerName): void {
    this.#timers[name]?.();
    delete this.#timers[name];
  }

  #stopTimers(): void {
    for (const name in this.#timers) this.#stopTimer(name as TimerName);
  }
}
