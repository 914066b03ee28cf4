import type { Authenticate } from '../../auth/authenticator.ts';
import { verifyRefresh } from '../../auth/refresh.ts';
import { closeCodes, closeReasons } from '../../protocol/codes/close-codes.ts';
import { assertCommandName } from '../../protocol/payloads.ts';
import {
  type ErrorCode,
  internalProblem,
  invalidField,
  type Problem,
  Refusal,
  unavailableProblem,
} from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { fixed, type Limits } from '../../protocol/codes/limits.ts';
import {
  eventLine,
  gatheredLine,
  isRefused,
  isReply,
  problemIn,
  readReply,
  type Result,
} from '../../protocol/frames.ts';
import { assertPlain } from '../../protocol/shape.ts';
import { wrongRoomId } from '../../protocol/text.ts';
import { memoizeByIdentity } from '../../following/memoize-by-identity.ts';
import { holdReply } from '../../following/replies.ts';
import { counted, type PerMinute } from '../../room/access/per-minute.ts';
import { readChecked } from '../../room/pipeline.ts';
import type {
  LinkListener,
  LinkState,
  MovableDirectory,
  MovableLink,
  RoomDirectory,
  RoomLink,
} from '../../host/room-directory.ts';

/** What a host's Socket.IO socket can do; lines are passed on as the text they are. */
export interface SocketWire {
  /** Sends each line as an event of its own. Many sockets may be given the very same list. */
  events(lines: readonly string[]): void;
  /**
   * Ends the connection: with a DISCONNECT packet, after which a client stays away, or by the
   * transport alone, so that it comes back.
   */
  end(how: 'stayAway' | 'comeBack'): void;
  buffered(): number | undefined;
}

/** Rooms with links of a kind. */
type Directory<L extends RoomLink> = {
  connect(...given: Parameters<RoomDirectory['connect']>): Promise<L>;
};

/** A socket's chat on its way to another holder; survives structured cloning. */
export interface ChatHandOver {
  identity: Identity;
  rooms: { roomId: string; gather: boolean; link: LinkState }[];
  claims: [string, unknown][];
}

/** What the chat asks of its host, the same for every socket. */
export interface ChatPorts<L extends RoomLink> {
  directory: Directory<L>;
  authenticate: Authenticate;
  limits: Limits;
}

/** Answers a command: its argument is the result as JSON text. */
export type Answer = (result: string) => void;

interface Pending {
  name: string;
  answer: Answer | undefined;
  payload: unknown;
  /** How a room that is joined again will be heard. */
  gather?: boolean;
}

/** One room of a socket. Until the link is there, commands wait for it. */
interface Joined<L extends RoomLink> {
  roomId: string;
  gather: boolean;
  link: L | undefined;
  /** Commands behind a `leaveRoom` wait for its answer, for they may join again. */
  isLeaving: boolean;
  waiting: (() => void)[];
  pending: Map<number, Pending>;
}

const FOREIGN_TOKEN = new Refusal('unauthorized', 'The token is of another user.').problem;

/** Commands that may wait for a room that is being joined or left. */
const MAX_WAITING = 64;

/** How long a name is remembered for rooms that were left: the last so many. */
const MAX_NAMES = 1_000;

/** Close codes that end the whole connection, with the error code that tells why. */
const ENDINGS = new Map<number, { code?: ErrorCode; how: 'stayAway' | 'comeBack' }>([
  [closeCodes.goingAway, { code: 'unavailable', how: 'comeBack' }],
  [closeCodes.tooSlow, { how: 'comeBack' }],
  [closeCodes.heartbeatLost, { how: 'comeBack' }],
  [closeCodes.tokenExpired, { code: 'token_expired', how: 'comeBack' }],
  [closeCodes.unauthorized, { code: 'unauthorized', how: 'stayAway' }],
  [closeCodes.protocolViolation, { code: 'invalid_payload', how: 'stayAway' }],
]);

/**
 * The chat of one Socket.IO socket: commands to the links of its rooms, lines back. The same on both
 * hosts, whatever carries the packets.
 */
export class ChatSocket<L extends RoomLink = RoomLink> {
  #identity: Identity;
  readonly #authenticate: Authenticate;
  readonly #directory: Directory<L>;
  readonly #wire: SocketWire;
  readonly #limits: Limits;
  readonly #rooms = new Map<string, Joined<L>>();
  /** The name claimed at the first join of each room; later ones do not count. */
  readonly #claims = new Map<string, unknown>();
  #nextRef = 0;
  #unanswered = 0;
  #settled: (() => void)[] = [];
  #closed = false;
  #badTokens: PerMinute | undefined;

  constructor(
    identity: Identity,
    { directory, authenticate, limits }: ChatPorts<L>,
    wire: SocketWire,
  ) {
    this.#identity = identity;
    this.#directory = directory;
    this.#authenticate = authenticate;
    this.#wire = wire;
    this.#limits = limits;
  }

  /** Goes on with a chat that was held elsewhere. */
  static resume(
    { identity, rooms, claims }: ChatHandOver,
    ports: ChatPorts<MovableLink> & { directory: MovableDirectory },
    wire: SocketWire,
  ): ChatSocket<MovableLink> {
    const chat = new ChatSocket<MovableLink>(identity, ports, wire);
    for (const [roomId, claim] of claims) chat.#claims.set(roomId, claim);
    for (const { roomId, gather, link } of rooms) {
      const room = chat.#room(roomId, gather);
      const listener = chat.#listener(room, undefined);
      room.link = ports.directory.resume(roomId, identity, link, listener);
    }
    return chat;
  }

  /** Ends a chat for another holder to go on with. Nothing may be unanswered: see `settle`. */
  static handOver(chat: ChatSocket<MovableLink>): ChatHandOver {
    const rooms = [...chat.#rooms.values()].flatMap(({ roomId, gather, link }) => {
      const state = link?.handOver();
      return state === undefined ? [] : [{ roomId, gather, link: state }];
    });
    chat.#closed = true;
    chat.#rooms.clear();
    return { identity: chat.#identity, rooms, claims: [...chat.#claims] };
  }

  /** Resolves when no command waits for its answer. */
  async settle(): Promise<void> {
    if (this.#unanswered === 0) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** Takes an event of the client: a command, its payload, and how to answer if it wants to know. */
  receive(name: string, payload: unknown, answer: Answer | undefined): void {
    if (this.#closed) return;
    const pending: Pending = { name, payload, answer };
    this.#unanswered++;
    if (name === 'refreshToken') {
      void this.#refresh(payload, pending);
      return;
    }
    const given = fieldIn(payload, 'roomId');
    const roomId = Number.isSafeInteger(given) ? String(given) : given;
    try {
      if (typeof roomId !== 'string') throw this.#unaddressed(name, payload, roomId);
      const why = wrongRoomId(roomId);
      if (why !== undefined) throw invalidField('roomId', why);
      const read = roomId === given ? payload : { ...(payload as object), roomId };
      const room = this.#rooms.get(roomId);
      if (room !== undefined) this.#forward(room, name, read, pending);
      else if (name === 'joinRoom') this.#join(roomId, read, pending);
      else throw this.#notJoined(name, read);
    } catch (error) {
      this.#answer(pending, roomId, { ok: false, error: problemOf(error) });
    }
  }

  /** The socket has ended. */
  close(reason: 'left' | 'disconnected'): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const room of this.#rooms.values()) room.link?.close(reason);
    this.#rooms.clear();
  }

  /** Ends the socket from this side, as if every room had closed it with this code. */
  end(code: number, reason: string): void {
    if (this.#closed) return;
    const ending = ENDINGS.get(code);
    if (ending?.code !== undefined) {
      this.#wire.events([eventLine('error', { code: ending.code, message: reason })]);
    }
    this.close('disconnected');
    this.#wire.end(ending?.how ?? 'stayAway');
  }

  /** Renews the identity of every room at once. */
  async #refresh(payload: unknown, pending: Pending): Promise<void> {
    const verdict = await verifyRefresh(payload, this.#authenticate);
    if (this.#closed) return;
    const isHeld = !('code' in verdict) && verdict.userId === this.#identity.userId;
    if (isHeld) {
      this.#identity = verdict;
      for (const room of this.#rooms.values()) room.link?.renew(verdict);
      const result = { ok: true as const, expiresAt: verdict.expiresAt };
      this.#answer(pending, undefined, result);
      return;
    }
    const error = 'code' in verdict ? verdict : FOREIGN_TOKEN;
    this.#answer(pending, undefined, { ok: false, error });
    this.#badTokens = counted(this.#badTokens, Date.now());
    if (this.#badTokens.count < fixed.badTokensPerMinute) return;
    this.end(closeCodes.unauthorized, closeReasons[closeCodes.unauthorized]);
  }

  /** The refusal of a command for a room that this socket is not in. */
  #notJoined(name: string, payload: unknown): Refusal {
    assertCommandName(name);
    readChecked(name, payload, this.#limits);
    return new Refusal('not_joined', 'Join the room first.');
  }

  #unaddressed(name: string, payload: unknown, roomId: unknown): Refusal {
    assertCommandName(name);
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
      return invalidField('payload', 'must be a JSON object');
    }
    return invalidField(
      'roomId',
      (roomId ?? undefined) === undefined ? 'must name the room' : 'must be a string',
    );
  }

  #join(roomId: string, payload: unknown, pending: Pending): void {
    const { gather } = readChecked('joinRoom', payload, this.#limits);
    if (this.#rooms.size >= this.#limits.roomsPerSocket) {
      throw new Refusal(
        'too_many_rooms',
        `This connection is in ${this.#limits.roomsPerSocket} rooms; leave one first.`,
      );
    }
    const room = this.#room(roomId, gather === true);
    void this.#open(room, this.#withFirstClaim(roomId, payload as object), pending);
  }

  #room(roomId: string, gather: boolean): Joined<L> {
    const room: Joined<L> = {
      roomId,
      gather,
      link: undefined,
      isLeaving: false,
      waiting: [],
      pending: new Map(),
    };
    this.#rooms.set(roomId, room);
    return room;
  }

  #listener(room: Joined<L>, join: Pending | undefined): LinkListener {
    return {
      lines: (lines) => this.#hear(room, join, lines),
      closed: (code, reason) => this.#closedBy(room, code, reason),
      buffered: () => this.#wire.buffered(),
    };
  }

  async #open(room: Joined<L>, payload: object, join: Pending): Promise<void> {
    try {
      const listener = this.#listener(room, join);
      const { roomId } = room;
      const identity = this.#identity;
      const link = await this.#directory.connect(roomId, identity, payload, listener);
      if (this.#rooms.get(room.roomId) !== room) {
        link.close(this.#closed ? 'disconnected' : 'left');
        return;
      }
      room.link = link;
      if (this.#identity !== identity) link.renew(this.#identity);
      this.#remember(room.roomId, fieldIn(payload, 'username'));
    } catch (error) {
      this.#forget(room);
      this.#answer(join, room.roomId, { ok: false, error: problemOf(error) });
    }
    this.#goOn(room);
  }

  #forward(room: Joined<L>, name: string, payload: unknown, pending: Pending): void {
    if (room.link !== undefined && !room.isLeaving) {
      // On the way to a room elsewhere, which is text, binary parts would become something else.
      assertPlain(payload, this.#limits.jsonDepth, 2);
      const ref = this.#nextRef++;
      room.pending.set(ref, pending);
      if (name === 'joinRoom') pending.gather = fieldIn(payload, 'gather') === true;
      room.isLeaving = name === 'leaveRoom';
      room.link.send({ name, payload, ref });
      return;
    }
    if (room.waiting.length >= MAX_WAITING)
      throw new Refusal('unavailable', 'The room is still being joined or left; wait for it.');
    room.waiting.push(() => {
      this.#unanswered--;
      this.receive(name, payload, pending.answer);
    });
  }

  /** Lines from a room's link, in order: events together, answers each by itself. */
  #hear(room: Joined<L>, join: Pending | undefined, lines: readonly string[]): void {
    if (!holdReply(lines)) {
      this.#hearEvents(room, lines);
      return;
    }
    let from = 0;
    for (const [at, line] of lines.entries()) {
      if (!isReply(line)) continue;
      this.#hearEvents(room, lines.slice(from, at));
      this.#hearReply(room, join, line);
      from = at + 1;
    }
    this.#hearEvents(room, lines.slice(from));
  }

  #hearEvents(room: Joined<L>, lines: readonly string[]): void {
    if (lines.length > 0) this.#wire.events(room.gather ? gathered(lines) : lines);
  }

  #hearReply(room: Joined<L>, join: Pending | undefined, line: string): void {
    const { ref, result } = readReply(line);
    const pending = ref === undefined ? join : room.pending.get(ref);
    if (pending === undefined) return;
    if (ref !== undefined) room.pending.delete(ref);
    this.#answerText(pending, room.roomId, result);
    if (ref === undefined) return;
    if (pending.gather !== undefined && !isRefused(result)) room.gather = pending.gather;
    if (pending.name !== 'leaveRoom') return;
    room.isLeaving = false;
    if (!isRefused(result)) {
      this.#forget(room);
      room.link?.close('left');
    }
    // Not within the room's own turn, which ends with what it is handing out now.
    queueMicrotask(() => this.#goOn(room));
  }

  /** Gives the commands that waited, in order; those for a room that is no more find that out. */
  #goOn(room: Joined<L>): void {
    for (const send of room.waiting.splice(0)) send();
  }

  #closedBy(room: Joined<L>, code: number, reason: string): void {
    if (this.#rooms.get(room.roomId) !== room) return;
    if (ENDINGS.has(code)) {
      this.end(code, reason);
      return;
    }
    this.#forget(room);
    const { roomId } = room;
    const error = { ...unavailableProblem, message: reason };
    for (const pending of room.pending.values())
      this.#answer(pending, roomId, { ok: false, error });
    this.#wire.events([eventLine('roomClosed', { roomId, closeCode: code, reason })]);
    queueMicrotask(() => this.#goOn(room));
  }

  #forget(room: Joined<L>): void {
    if (this.#rooms.get(room.roomId) === room) this.#rooms.delete(room.roomId);
  }

  #withFirstClaim(roomId: string, payload: object): object {
    return this.#claims.has(roomId) ? { ...payload, username: this.#claims.get(roomId) } : payload;
  }

  #remember(roomId: string, claim: unknown): void {
    if (this.#identity.name !== undefined || this.#claims.has(roomId)) return;
    this.#claims.set(roomId, claim);
    if (this.#claims.size <= MAX_NAMES) return;
    for (const oldest of this.#claims.keys()) {
      this.#claims.delete(oldest);
      return;
    }
  }

  #answer(pending: Pending, roomId: unknown, result: Result): void {
    this.#answerText(pending, roomId, JSON.stringify(result));
  }

  /** Without a callback only a refusal is told, as the event `error`. */
  #answerText({ answer, name, payload }: Pending, roomId: unknown, result: string): void {
    this.#unanswered--;
    if (this.#unanswered === 0) for (const settled of this.#settled.splice(0)) settled();
    if (answer !== undefined) {
      answer(result);
      return;
    }
    const error = problemIn(result);
    if (error === undefined) return;
    const id = textIn(payload, 'id');
    const about = {
      ...error,
      command: name.slice(0, 64),
      ...(typeof roomId === 'string' && { roomId: roomId.slice(0, 256) }),
      ...(id !== undefined && { id: id.slice(0, 64) }),
    };
    this.#wire.events([eventLine('error', about)]);
  }
}

/** All lines as the one event `events`; made once for all who are given the same lines. */
const gathered = memoizeByIdentity((lines: readonly string[]): readonly string[] => [
  gatheredLine(lines),
]);

function fieldIn(payload: unknown, field: string): unknown {
  return typeof payload === 'object' && payload !== null && Object.hasOwn(payload, field)
    ? (payload as Record<string, unknown>)[field]
    : undefined;
}

function textIn(payload: unknown, field: string): string | undefined {
  const value = fieldIn(payload, field);
  return typeof value === 'string' ? value : undefined;
}

function problemOf(error: unknown): Problem {
  return error instanceof Refusal ? error.problem : internalProblem;
}
