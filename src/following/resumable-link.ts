import { closeCodeOf, closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Reply } from '../protocol/commands.ts';
import { errorCodes, Refusal, unavailableProblem } from '../protocol/codes/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import {
  ackLine,
  ackRef,
  type Command,
  commandLine,
  eventLine,
  isJoined,
  joinReplyIn,
  readReply,
  type Result,
} from '../protocol/frames.ts';
import type { Message, RoomInfo } from '../protocol/objects.ts';
import { CatchUp } from './catch-up.ts';
import { Overloaded } from '../admission/overloaded.ts';
import { holdReply } from './replies.ts';
import type { LinkListener, LinkState, MovableLink } from '../host/room-directory.ts';
import { PresenceSnapshot } from './presence-snapshot.ts';

/** A link as it is dialled: it may break. */
export interface LinkTransport {
  send(line: string): void;
  renew(identity: Identity): void;
  close(reason: 'left' | 'disconnected'): void;
}

export interface LinkTransportListener {
  lines(lines: readonly string[], position: string | undefined): void;
  /** The room has ended it, with a close code of its own. */
  closed(code: number, reason: string): void;
  /** It broke. */
  broken(): void;
}

/**
 * Reaches a room once.
 * @throws Refusal; a temporary one (`unavailable`) may be tried again, unless it is `Overloaded`
 */
export type ConnectLink = (
  identity: Identity,
  join: Record<string, unknown>,
  listener: LinkTransportListener,
) => Promise<LinkTransport>;

/** How long a broken link is tried again, in milliseconds. */
const REMAKE_MS = 15_000;
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 3_000;

/** Commands that wait for a broken link; more are answered `unavailable`. */
const MAX_UNANSWERED = 64;

/** Live lines that wait while missed pages are fetched, in characters. */
const MAX_HELD_CHARACTERS = 1024 * 1024;

/** Refs of the link's own commands; doors count from 0. */
const OWN_REF = 2 ** 40;

type JoinReply = Reply<'joinRoom'>;

/**
 * A link to a room that is made again when it breaks, without its client noticing: from the last
 * position, with what is unanswered sent again. Resending is harmless because every message has an
 * id. If that fails for 15 s, or the room says `reset`, the listener is closed with 4000, so that the
 * client's own reconnecting takes over.
 */
export class ResumableLink implements MovableLink {
  readonly #connect: ConnectLink;
  readonly #listener: LinkListener;
  readonly #join: Record<string, unknown>;
  readonly #unanswered = new Map<number, Command>();
  #identity: Identity;
  #raw: LinkTransport | undefined;
  #catchUp: CatchUp | undefined;
  #position: string | undefined;
  #last: Pick<JoinReply, 'room' | 'you'> | undefined;
  #closed = false;
  /** What its client was told of who is here, where it is to be handed over. */
  #here: PresenceSnapshot | undefined;
  readonly #isMoving: boolean;
  /** Counts the links made, so that a late word of an older one is not heard. */
  #generation = 0;

  private constructor(
    connect: ConnectLink,
    identity: Identity,
    join: Record<string, unknown>,
    listener: LinkListener,
    isMoving: boolean,
  ) {
    this.#isMoving = isMoving;
    this.#connect = connect;
    this.#identity = identity;
    this.#join = join;
    this.#listener = listener;
  }

  /**
   * Joins for the first time.
   * @param isMoving whether somebody else is soon to go on with it
   * @throws Refusal when the room does not take it
   */
  static async open(
    connect: ConnectLink,
    identity: Identity,
    join: Record<string, unknown>,
    listener: LinkListener,
    isMoving: boolean,
  ): Promise<ResumableLink> {
    const link = new ResumableLink(connect, identity, join, listener, isMoving);
    const generation = ++link.#generation;
    link.#raw = await connect(identity, join, link.#rawListener(generation));
    return link;
  }

  /** Goes on with a link that was held elsewhere. */
  static resume(
    connect: ConnectLink,
    identity: Identity,
    { join, position, here }: LinkState,
    listener: LinkListener,
  ): ResumableLink {
    const link = new ResumableLink(connect, identity, join, listener, false);
    link.#position = position;
    link.#here = here && new PresenceSnapshot(here);
    void link.#remake();
    return link;
  }

  send(command: Command): void {
    if (this.#closed) return;
    const known = withClientId(command);
    const { ref } = known;
    if (ref === undefined) return;
    if (!this.#isUp && this.#unanswered.size >= MAX_UNANSWERED) {
      this.#listener.lines([ackLine(ref, { ok: false, error: unavailableProblem })], undefined);
      return;
    }
    this.#unanswered.set(ref, known);
    if (this.#isUp) this.#raw?.send(commandLine(known));
  }

  renew(identity: Identity): void {
    this.#identity = identity;
    this.#raw?.renew(identity);
  }

  close(reason: 'left' | 'disconnected'): void {
    this.#end();
    this.#raw?.close(reason);
  }

  /** Ends this link for another to go on from; undefined before the room was joined. */
  handOver(): LinkState | undefined {
    const position = this.#catchUp?.position ?? this.#position;
    this.close('disconnected');
    // The messages of the first page came with the first join.
    const { history: _, since: __, ...join } = this.#join;
    if (position === undefined) return undefined;
    const here = this.#here?.users;
    return { join, position, ...(here !== undefined && { here }) };
  }

  get #isUp(): boolean {
    return this.#raw !== undefined && this.#catchUp === undefined;
  }

  #end(): void {
    this.#closed = true;
    this.#generation++;
  }

  #rawListener(generation: number): LinkTransportListener {
    const heard = (act: () => void) => {
      if (this.#generation === generation) act();
    };
    return {
      lines: (lines, position) => heard(() => this.#hear(lines, position)),
      closed: (code, reason) => heard(() => this.#closedWith(code, reason)),
      broken: () => heard(() => void this.#remake()),
    };
  }

  #closedWith(code: number, reason: string): void {
    this.#end();
    this.#listener.closed(code, reason);
  }

  #giveUp(): void {
    this.#raw?.close('disconnected');
    this.#closedWith(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
  }

  async #remake(): Promise<void> {
    this.#raw = undefined;
    const from = this.#catchUp?.position ?? this.#position;
    this.#catchUp = undefined;
    if (from === undefined) {
      this.#giveUp();
      return;
    }
    this.#position = from;
    const until = Date.now() + REMAKE_MS;
    for (let delay = FIRST_DELAY_MS; Date.now() < until; delay *= 2) {
      const outcome = await this.#tryAgain(from);
      if (outcome === 'done') return;
      await wait(Math.random() * Math.min(delay, LONGEST_DELAY_MS));
      if (this.#closed) return;
    }
    this.#giveUp();
  }

  async #tryAgain(from: string): Promise<'done' | 'again'> {
    const { history: _, ...join } = this.#join;
    const generation = ++this.#generation;
    const identity = this.#identity;
    this.#catchUp = new CatchUp(from, (message) => this.#isUnanswered(message));
    try {
      const raw = await this.#connect(
        identity,
        { ...join, since: from },
        this.#rawListener(generation),
      );
      if (this.#generation === generation) this.#raw = raw;
      else raw.close('disconnected');
      // It may have been renewed meanwhile.
      if (this.#identity !== identity) raw.renew(this.#identity);
      return 'done';
    } catch (error) {
      if (this.#generation !== generation) return 'done';
      this.#catchUp = undefined;
      if (error instanceof Overloaded) {
        this.#giveUp();
        return 'done';
      }
      const { code, message, details } =
        error instanceof Refusal ? error : new Refusal('unavailable', String(error));
      if (errorCodes[code].temporary) return 'again';
      this.#closedWith(closeCodeOf(code, details.retryAfterMs), message);
      return 'done';
    }
  }

  /** A message whose sender will hear of it by the answer to what is sent again. */
  #isUnanswered({ senderId, id }: Message): boolean {
    if (senderId !== this.#identity.userId) return false;
    return [...this.#unanswered.values()].some(
      ({ name, payload }) => name === 'message' && (payload as { id?: unknown }).id === id,
    );
  }

  #hear(lines: readonly string[], position: string | undefined): void {
    if (this.#catchUp !== undefined) {
      for (const line of lines) this.#hearBehind(line);
      if (this.#catchUp === undefined && position !== undefined) this.#position = position;
      return;
    }
    if (holdReply(lines)) for (const line of lines) this.#note(line);
    if (position !== undefined) this.#position = position;
    this.#tell(lines, position);
  }

  #tell(lines: readonly string[], position: string | undefined): void {
    const here = this.#here;
    if (here !== undefined && !lines.every((line) => here.heard(line))) this.#here = undefined;
    this.#listener.lines(lines, position);
  }

  /** Keeps account of what passes. */
  #note(line: string): void {
    const ref = ackRef(line);
    if (ref !== undefined) this.#unanswered.delete(ref);
    else if (isJoined(line)) this.#noteJoin(joinReplyIn(line));
  }

  #noteJoin(reply: JoinReply): void {
    this.#position = reply.position;
    this.#last = { room: reply.room, you: reply.you };
    if (this.#isMoving) this.#here = PresenceSnapshot.in(reply);
  }

  /** A line that came while the link is being made again. */
  #hearBehind(line: string): void {
    const catchUp = this.#catchUp;
    if (catchUp === undefined) {
      this.#note(line);
      this.#tell([line], undefined);
    } else if (isJoined(line)) {
      this.#rejoined(catchUp, joinReplyIn(line));
    } else if (ackRef(line) === OWN_REF) {
      this.#caught(catchUp, JSON.parse(readReply(line).result) as Result<Reply<'getMissed'>>);
    } else {
      catchUp.hold(line);
      if (catchUp.heldLength > MAX_HELD_CHARACTERS) this.#giveUp();
    }
  }

  #rejoined(catchUp: CatchUp, reply: JoinReply): void {
    const { missed, position, complete = true, reset, room, you } = reply;
    if (reset === true || missed === undefined) {
      this.#giveUp();
      return;
    }
    const now = PresenceSnapshot.in(reply);
    const comings = now && this.#here?.changesTo(now, room.roomId, Date.now());
    const lines = comings ?? [presenceLine(reply)];
    this.#here = this.#isMoving ? now : undefined;
    this.#listener.lines([...lines, ...changesSince(this.#last, reply)], undefined);
    this.#last = { room, you };
    this.#caught(catchUp, { ok: true, messages: missed, position, complete });
  }

  #caught(catchUp: CatchUp, reply: Result<Reply<'getMissed'>>): void {
    if (!reply.ok || reply.reset === true) {
      this.#giveUp();
      return;
    }
    const { lines, more } = catchUp.page(reply);
    if (lines.length > 0) this.#tell(lines, catchUp.position);
    if (more !== undefined) {
      this.#raw?.send(commandLine({ name: 'getMissed', payload: { after: more }, ref: OWN_REF }));
      return;
    }
    this.#position = catchUp.position;
    this.#catchUp = undefined;
    for (const command of this.#unanswered.values()) this.#raw?.send(commandLine(command));
  }
}

function presenceLine({ room: { roomId }, onlineCount }: JoinReply): string {
  return eventLine('presence', { roomId, onlineCount });
}

/** What else the client must know of the time it was away. */
function changesSince(
  before: Pick<JoinReply, 'room' | 'you'> | undefined,
  { room, you, receipts }: JoinReply,
): string[] {
  const { roomId } = room;
  const lines: string[] = [];
  if (receipts !== undefined) lines.push(eventLine('readReceipts', { roomId, receipts }));
  if (before === undefined) return lines;
  if (settingsOf(before.room) !== settingsOf(room)) lines.push(eventLine('roomUpdated', room));
  if (before.you.role !== you.role || before.you.mutedUntil !== you.mutedUntil) {
    const { userId, username, role, unverified, mutedUntil } = you;
    const member = { userId, username, role, online: true, unverified, mutedUntil };
    lines.push(eventLine('memberUpdated', { roomId, ...member, by: userId }));
  }
  return lines;
}

/** The room without what changes by itself. */
function settingsOf({ memberCount: _, ...settings }: RoomInfo): string {
  return JSON.stringify(settings);
}

/** A message that its sender gave no id gets one, so that it may be sent again. */
function withClientId(command: Command): Command {
  const { name, payload } = command;
  if (name !== 'message' || typeof payload !== 'object' || payload === null) return command;
  if (((payload as { id?: unknown }).id ?? undefined) !== undefined) return command;
  return { ...command, payload: { ...payload, id: crypto.randomUUID() } };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
