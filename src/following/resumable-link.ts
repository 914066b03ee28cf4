import { closeCodeOf, closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Reply } from '../protocol/commands.ts';
import { errorCodes, Refusal, unavailableProblem } from '../protocol/codes/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import {
  ackLine,
  ackRef,
  type Command,
  commandLine,
  isJoined,
  isReply,
  joinReplyIn,
  resultIn,
  withClientId,
} from '../protocol/frames.ts';
import { Overloaded } from '../admission/overloaded.ts';
import { type Action, type Input, joining, next, positionOf, type State } from './following.ts';
import { reconnect } from './reconnecting.ts';
import type { LinkListener, LinkState, MovableLink, MovedLink } from '../host/room-directory.ts';
import { ClientView } from './client-view.ts';
import { LateSignals } from './late-signals.ts';
import { withAnswers } from './missed-answers.ts';

/** A plain link, which may break. */
export interface LinkTransport {
  send(line: string): void;
  renew(identity: Identity): void;
  close(reason: 'left' | 'disconnected'): void;
}

export interface LinkTransportListener {
  lines(lines: readonly string[], position: string | undefined): void;
  /** The room has ended the link, with a close code. */
  closed(code: number, reason: string): void;
  /** The link broke. */
  broken(): void;
}

/**
 * Connects to a room once.
 * @throws Refusal; a temporary one (`unavailable`) may be tried again, unless it is `Overloaded`
 */
export type ConnectLink = (
  identity: Identity,
  join: Record<string, unknown>,
  listener: LinkTransportListener,
) => Promise<LinkTransport>;

/** Commands that wait for a broken link; more are answered `unavailable`. */
const MAX_UNANSWERED = 64;

/** Most characters of live lines that wait while missed pages are fetched. */
const MAX_HELD_CHARACTERS = 1024 * 1024;

/** Refs of the link's own commands; transports count from 0. */
const OWN_REF = 2 ** 40;

type JoinReply = Reply<'joinRoom'>;

/**
 * A link to a room that is connected again when it breaks, without its client noticing: from the last
 * position, and with unanswered commands sent again. Resending is harmless because every message has an
 * id. If it fails for 15 s, or the room replies `reset`, the listener is closed with 4000, so that the
 * client reconnects by itself.
 */
export class ResumableLink implements MovableLink {
  readonly #connect: ConnectLink;
  readonly #listener: LinkListener;
  readonly #join: Record<string, unknown>;
  readonly #unanswered = new Map<number, Command>();
  #identity: Identity;
  #transport: LinkTransport | undefined;
  /** Live from the start: the client reads the first join reply, with its missed messages, itself. */
  #state: State = { name: 'live', position: undefined };
  readonly #view: ClientView;
  /** Set once the link was handed over: the room still sends to it until the successor joins. */
  #late: LateSignals | undefined;
  /** Counts the connections made, so that lines from an older one are ignored. */
  #generation = 0;

  private constructor(
    connect: ConnectLink,
    identity: Identity,
    join: Record<string, unknown>,
    listener: LinkListener,
    view: ClientView,
  ) {
    this.#view = view;
    this.#connect = connect;
    this.#identity = identity;
    this.#join = join;
    this.#listener = listener;
  }

  /**
   * Joins for the first time.
   * @param isMoving whether the link will soon be handed over to another holder
   * @throws Refusal when the room refuses it
   */
  static async open(
    connect: ConnectLink,
    identity: Identity,
    join: Record<string, unknown>,
    listener: LinkListener,
    isMoving: boolean,
  ): Promise<ResumableLink> {
    const link = new ResumableLink(connect, identity, join, listener, new ClientView(isMoving));
    link.#transport = await connect(identity, join, link.#transportListener());
    return link;
  }

  /** Resumes a link that was held elsewhere. */
  static resume(
    connect: ConnectLink,
    identity: Identity,
    { join, position, here }: LinkState,
    listener: LinkListener,
  ): ResumableLink {
    const view = new ClientView(false, here);
    const link = new ResumableLink(connect, identity, join, listener, view);
    link.#state = joining(position);
    void link.#reconnect(position);
    return link;
  }

  send(command: Command): void {
    const { name } = this.#state;
    if (name === 'ended') return;
    const known = withClientId(command, crypto);
    const { ref } = known;
    if (ref === undefined) return;
    if (name !== 'live' && this.#unanswered.size >= MAX_UNANSWERED) {
      this.#listener.lines([ackLine(ref, { ok: false, error: unavailableProblem })], undefined);
      return;
    }
    this.#unanswered.set(ref, known);
    if (name === 'live') this.#transport?.send(commandLine(known));
  }

  renew(identity: Identity): void {
    this.#identity = identity;
    this.#transport?.renew(identity);
  }

  close(reason: 'left' | 'disconnected'): void {
    this.#state = { name: 'ended' };
    this.#disconnect(reason);
  }

  /** Ends this link for a successor; undefined before the room was joined. */
  handOver(): MovedLink | undefined {
    const position = positionOf(this.#state);
    const late = this.#endForSuccessor();
    // The messages of the first page arrived with the first join.
    const { history: _, since: __, ...join } = this.#join;
    if (position === undefined) return undefined;
    const here = this.#view.here?.users;
    return { state: { join, position, ...(here !== undefined && { here }) }, late };
  }

  /** Ends this link, but collects its signals until the room closes it because the successor has joined. */
  #endForSuccessor(): Promise<readonly string[]> {
    const isLive = this.#state.name === 'live' && positionOf(this.#state) !== undefined;
    this.#state = { name: 'ended' };
    if (isLive && this.#transport !== undefined) {
      this.#late = new LateSignals(() => this.#disconnect('disconnected'));
      return this.#late.all;
    }
    this.#disconnect('disconnected');
    return Promise.resolve([]);
  }

  #transportListener(): LinkTransportListener {
    const generation = ++this.#generation;
    return {
      lines: (lines, position) => {
        if (this.#generation !== generation) return;
        if (this.#late === undefined) this.#receive(lines, position);
        else this.#late.take(lines);
      },
      closed: (code, reason) => {
        if (this.#generation === generation) this.#ended({ type: 'closed', code, reason });
      },
      broken: () => {
        if (this.#generation === generation) this.#ended({ type: 'broken' });
      },
    };
  }

  #ended(input: Input): void {
    if (this.#late === undefined) this.#step(input);
    else this.#late.end();
  }

  #step(input: Input): void {
    const { state, actions } = next(this.#state, input, MAX_HELD_CHARACTERS);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  #perform(action: Action): void {
    switch (action.type) {
      case 'lines':
        this.#deliver(
          withAnswers(action.lines, this.#unanswered, this.#identity.userId),
          action.position,
        );
        break;
      case 'caughtUp':
        for (const command of this.#unanswered.values())
          this.#transport?.send(commandLine(command));
        break;
      case 'reset':
        this.#giveUp();
        break;
      case 'askPage':
        this.#transport?.send(
          commandLine({ name: 'getMissed', payload: { after: action.after }, ref: OWN_REF }),
        );
        break;
      case 'connect':
        void this.#reconnect(action.since);
        break;
      case 'disconnect':
        this.#disconnect('disconnected');
        break;
      case 'end':
        this.#generation++;
        this.#listener.closed(action.code, action.reason);
    }
  }

  #disconnect(reason: 'left' | 'disconnected'): void {
    this.#generation++;
    this.#transport?.close(reason);
    this.#transport = undefined;
  }

  /** Closes with 4000, after which the client reconnects by itself. */
  #giveUp(): void {
    const code = closeCodes.goingAway;
    this.#disconnect('disconnected');
    this.#step({ type: 'closed', code, reason: closeReasons[code] });
  }

  async #reconnect(since: string): Promise<void> {
    this.#transport = undefined;
    const isOver = () => this.#state.name === 'ended';
    if (!(await reconnect(() => this.#connectAgain(since), isOver))) this.#giveUp();
  }

  /** @returns whether no further attempt is needed */
  async #connectAgain(since: string): Promise<boolean> {
    const { history: _, ...join } = this.#join;
    const identity = this.#identity;
    const listener = this.#transportListener();
    const generation = this.#generation;
    try {
      const transport = await this.#connect(identity, { ...join, since }, listener);
      if (this.#generation === generation) this.#transport = transport;
      else transport.close('disconnected');
      // The token may have been renewed while it was connecting.
      if (this.#identity !== identity) transport.renew(this.#identity);
      return true;
    } catch (error) {
      return this.#generation !== generation || !this.#mayTryAgain(error);
    }
  }

  /** Ends the link, unless another attempt may succeed. @returns whether to try again */
  #mayTryAgain(error: unknown): boolean {
    if (error instanceof Overloaded) {
      this.#giveUp();
      return false;
    }
    const { code, message, details } =
      error instanceof Refusal ? error : new Refusal('unavailable', String(error));
    if (errorCodes[code].temporary) return true;
    const closeCode = closeCodeOf(code, details.retryAfterMs);
    this.#step({ type: 'closed', code: closeCode, reason: message });
    return false;
  }

  #receive(lines: readonly string[], position: string | undefined): void {
    if (this.#state.name !== 'live') {
      this.#receiveMissed(lines, position);
      return;
    }
    let latest = position;
    if (lines.some(isReply)) for (const line of lines) latest ??= this.#note(line);
    // Nearly all frames take this path: live lines pass unchanged, and only the position is kept.
    if (latest !== undefined) this.#state = { name: 'live', position: latest };
    this.#deliver(lines, latest);
  }

  /** Notes a reply that passes. @returns the position, where it is the reply to the first join */
  #note(line: string): string | undefined {
    const ref = ackRef(line);
    if (ref !== undefined) this.#unanswered.delete(ref);
    else if (isJoined(line)) {
      const reply = joinReplyIn(line);
      this.#view.joined(reply);
      return reply.position;
    }
    return undefined;
  }

  /** Separates the replies to the link's own commands from events while it catches up. */
  #receiveMissed(lines: readonly string[], position: string | undefined): void {
    const at = lines.findIndex((line) => isJoined(line) || ackRef(line) === OWN_REF);
    const events = at < 0 ? lines : lines.slice(0, at);
    const isLast = events.length === lines.length;
    if (events.length > 0)
      this.#step({ type: 'lines', lines: events, position: isLast ? position : undefined });
    const own = lines[at];
    if (own === undefined) return;
    if (isJoined(own)) this.#rejoined(joinReplyIn(own));
    else {
      const reply = resultIn<Reply<'getMissed'>>(own);
      if (reply.ok) this.#step({ type: 'page', reply });
      else this.#giveUp();
    }
    const rest = lines.slice(at + 1);
    if (rest.length > 0) this.#receive(rest, position);
  }

  #rejoined(reply: JoinReply): void {
    if (reply.reset !== true) this.#listener.lines(this.#view.rejoined(reply), undefined);
    this.#step({ type: 'joined', reply });
  }

  #deliver(lines: readonly string[], position: string | undefined): void {
    if (this.#view.here !== undefined) this.#view.delivered(lines);
    this.#listener.lines(lines, position);
  }
}
