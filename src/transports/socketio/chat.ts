import type { Authenticate } from '../../auth/authenticator.ts';
import { verifyRefresh } from '../../auth/refresh.ts';
import { fileTokenFor, type FileTokens } from '../../files/file-token.ts';
import { transportCommands } from '../../protocol/commands.ts';
import { closeCodes, closeReasons } from '../../protocol/codes/close-codes.ts';
import { assertAlone, assertCommandName } from '../../protocol/payloads.ts';
import { type ErrorCode, invalidField, Refusal } from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { fixed, type Limits } from '../../protocol/codes/limits.ts';
import { eventLine } from '../../protocol/frames.ts';
import { isInboxCommand } from '../../protocol/inbox-commands.ts';
import type { InboxDirectory } from '../../host/inbox-directory.ts';
import { wrongSignalName } from '../../protocol/signals.ts';
import { wrongRoomId } from '../../protocol/text.ts';
import { counted, type PerMinute } from '../../room/access/per-minute.ts';
import { decodePayload } from '../../room/pipeline.ts';
import type {
  LinkState,
  MovableDirectory,
  MovableLink,
  RoomDirectory,
  RoomLink,
} from '../../host/room-directory.ts';
import { type Answer, CommandAnswers, fieldsOf, type PendingCommand } from './command-answers.ts';
import { JoinedRoom, type RoomSocket } from './joined-room.ts';
import { type InboxOwner, SocketInbox } from './socket-inbox.ts';
import { NameClaims } from './name-claims.ts';
import type { SocketWire } from './socket-wire.ts';

/** The part of a room directory that a chat uses, with links of type `L`. */
type Directory<L extends RoomLink> = {
  connect(...given: Parameters<RoomDirectory['connect']>): Promise<L>;
};

/** A socket's chat on its way to another holder; survives structured cloning. */
export interface ChatHandOver {
  identity: Identity;
  rooms: { roomId: string; gather: boolean; link: LinkState }[];
  claims: [string, unknown][];
  /** The position of the inbox, if it is open. */
  inbox?: string;
}

/** Signals of a room, as lines. */
export interface RoomSignals {
  roomId: string;
  lines: readonly string[];
}

/** What a chat needs of its host; the same for every socket. */
export interface ChatPorts<L extends RoomLink> {
  directory: Directory<L>;
  inboxes: InboxDirectory;
  authenticate: Authenticate;
  fileTokens: FileTokens | undefined;
  limits: Limits;
  /** The names of the application's own commands and signals. */
  ownNames: ReadonlySet<string>;
}

const FOREIGN_TOKEN = new Refusal('unauthorized', 'The token is of another user.').problem;

/** Close codes that end the whole connection, with the error code of the reason. */
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
export class ChatSocket<L extends RoomLink = RoomLink> implements RoomSocket, InboxOwner {
  readonly wire: SocketWire;
  readonly limits: Limits;
  readonly answers: CommandAnswers;
  #identity: Identity;
  readonly #ports: Omit<ChatPorts<L>, 'limits' | 'inboxes'>;
  readonly #rooms = new Map<string, JoinedRoom<L>>();
  readonly #inbox: SocketInbox;
  #claims = new NameClaims();
  #closed = false;
  #badTokens: PerMinute | undefined;

  constructor(identity: Identity, { limits, inboxes, ...ports }: ChatPorts<L>, wire: SocketWire) {
    this.#identity = identity;
    this.#ports = ports;
    this.wire = wire;
    this.limits = limits;
    this.answers = new CommandAnswers(wire);
    this.#inbox = new SocketInbox(this, inboxes);
  }

  /** Continues a chat that another holder has handed over. */
  static resume(
    { identity, rooms, claims, inbox }: ChatHandOver,
    ports: ChatPorts<MovableLink> & { directory: MovableDirectory },
    wire: SocketWire,
  ): ChatSocket<MovableLink> {
    const chat = new ChatSocket<MovableLink>(identity, ports, wire);
    chat.#claims = new NameClaims(claims);
    for (const { roomId, gather, link } of rooms) {
      const room = new JoinedRoom<MovableLink>(chat, roomId, gather);
      chat.#rooms.set(roomId, room);
      room.holdSignals();
      room.link = ports.directory.resume(roomId, identity, link, room);
    }
    if (inbox !== undefined) chat.#inbox.resume(inbox);
    return chat;
  }

  /**
   * Ends a chat for another holder, which continues it from `state` and gives `late` to `takeLate`.
   * All commands must be answered before: see `CommandAnswers.settle`.
   */
  static handOver(chat: ChatSocket<MovableLink>): {
    state: ChatHandOver;
    late: Promise<RoomSignals[]>;
  } {
    const late: Promise<RoomSignals>[] = [];
    const rooms = [...chat.#rooms.values()].flatMap(({ roomId, gather, link }) => {
      const moved = link?.handOver();
      if (moved === undefined) return [];
      late.push(moved.late.then((lines) => ({ roomId, lines })));
      return [{ roomId, gather, link: moved.state }];
    });
    const inbox = chat.#inbox.handOver();
    chat.#closed = true;
    chat.#rooms.clear();
    const claims = chat.#claims.handOver();
    return {
      state: { identity: chat.#identity, rooms, claims, ...(inbox !== undefined && { inbox }) },
      late: Promise.all(late),
    };
  }

  /** Takes the signals that came between the hand-over and the joins of this holder. */
  takeLate(late: readonly RoomSignals[]): void {
    for (const room of this.#rooms.values())
      room.releaseSignals(late.find(({ roomId }) => roomId === room.roomId)?.lines ?? []);
  }

  /**
   * Takes an event of the client: a command and its payload.
   * @param args all arguments of the event except its callback; a command has one, its payload, and
   * an undeclared signal may have any number
   * @param answer undefined if the client gave no callback
   */
  receive(name: string, args: readonly unknown[], answer: Answer | undefined): void {
    if (this.#closed) return;
    const isSignal = this.limits.openSignals && this.#isOpenSignal(name);
    // A signal without arguments still says who sent it, as one with an empty object does.
    const given = args.length === 0 ? [{}] : args;
    const command = this.answers.expect(name, isSignal ? given : args.slice(0, 1), answer);
    try {
      if (args.length > 1 && !isSignal) this.#assertAlone(name, args);
      if (name === 'refreshToken') void this.#refresh({ ...command, roomId: undefined });
      else if (name === 'getFileToken') void this.#makeFileToken(command);
      else if (isInboxCommand(name)) this.#inbox.receive(command);
      else this.#give(command);
    } catch (error) {
      this.answers.refuse(command, error);
    }
  }

  /** The socket has ended. */
  close(reason: 'left' | 'disconnected'): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const room of this.#rooms.values()) room.link?.close(reason);
    this.#rooms.clear();
    this.#inbox.close(reason);
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The inbox has ended its link, as when the token has expired. */
  inboxClosed(code: number, reason: string): void {
    this.end(code, reason);
  }

  /** Ends the socket from this side, as if every room had closed it with this code. */
  end(code: number, reason: string): void {
    if (this.#closed) return;
    const ending = ENDINGS.get(code);
    if (ending?.code !== undefined) {
      this.wire.events([eventLine('error', { code: ending.code, message: reason })]);
    }
    this.close('disconnected');
    this.wire.end(ending?.how ?? 'stayAway');
  }

  left(room: JoinedRoom): void {
    if (this.#rooms.get(room.roomId) === room) this.#rooms.delete(room.roomId);
  }

  closedBy(room: JoinedRoom, code: number, reason: string): void {
    const { roomId } = room;
    if (this.#rooms.get(roomId) !== room) return;
    if (ENDINGS.has(code)) {
      this.end(code, reason);
      return;
    }
    this.#rooms.delete(roomId);
    room.refusePending(reason);
    this.wire.events([eventLine('roomClosed', { roomId, closeCode: code, reason })]);
    queueMicrotask(() => room.receiveWaiting());
  }

  /** Gives a command to the room that it names. */
  #give(command: PendingCommand): void {
    const { name, payload } = command;
    const isSignal =
      this.#ports.ownNames.has(name) || (this.limits.openSignals && this.#isOpenSignal(name));
    const roomId = command.roomId ?? (isSignal ? this.#onlyRoom : undefined);
    if (typeof roomId !== 'string') throw unaddressed(name, payload, roomId, isSignal);
    const room = this.#rooms.get(roomId);
    if (room !== undefined) {
      room.forward(command, () => this.receiveAgain(command));
      return;
    }
    const why = wrongRoomId(roomId);
    if (why !== undefined) throw invalidField('roomId', why);
    if (name === 'joinRoom') this.#join(roomId, command);
    else throw isSignal ? notJoined() : this.#notJoined(command);
  }

  /** Whether a name is that of an undeclared signal. */
  #isOpenSignal(name: string): boolean {
    return !this.#ports.ownNames.has(name) && wrongSignalName(name) === undefined;
  }

  /**
   * Checks that a command has no argument besides its payload; null counts as absent.
   * @throws Refusal
   */
  #assertAlone(name: string, [, ...more]: readonly unknown[]): void {
    const isOwn = Object.hasOwn(transportCommands, name) || isInboxCommand(name);
    const given = more.filter((argument) => (argument ?? undefined) !== undefined);
    if (given.length > 0 && !isOwn && !this.#ports.ownNames.has(name)) assertCommandName(name);
    assertAlone(name, given);
  }

  /** The room for a signal that names none; undefined unless exactly one room is joined. */
  get #onlyRoom(): string | undefined {
    const [roomId] = this.#rooms.keys();
    return this.#rooms.size === 1 ? roomId : undefined;
  }

  receiveAgain({ name, payload, more = [], answer }: PendingCommand): void {
    this.answers.uncount();
    this.receive(name, [payload, ...more], answer);
  }

  async #makeFileToken(command: PendingCommand): Promise<void> {
    try {
      const { roomId } = command;
      if (typeof roomId !== 'string') throw unaddressed(command.name, command.payload, roomId);
      if (!this.#rooms.has(roomId)) throw new Refusal('not_joined', 'Join the room first.');
      const made = await fileTokenFor(this.#ports.fileTokens, this.#identity, roomId);
      if (this.#closed) return;
      this.answers.answer(
        command,
        'code' in made ? { ok: false, error: made } : { ok: true, ...made },
      );
    } catch (error) {
      this.answers.refuse(command, error);
    }
  }

  /** Renews the identity in every room and in the inbox. */
  async #refresh(command: PendingCommand): Promise<void> {
    const verdict = await verifyRefresh(command.payload, this.#ports.authenticate);
    if (this.#closed) return;
    const isHeld = !('code' in verdict) && verdict.userId === this.#identity.userId;
    if (isHeld) {
      this.#identity = verdict;
      for (const room of this.#rooms.values()) room.link?.renew(verdict);
      this.#inbox.renew(verdict);
      const result = { ok: true as const, expiresAt: verdict.expiresAt };
      this.answers.answer(command, result);
      return;
    }
    const error = 'code' in verdict ? verdict : FOREIGN_TOKEN;
    this.answers.answer(command, { ok: false, error });
    this.#badTokens = counted(this.#badTokens, Date.now());
    if (this.#badTokens.count < fixed.badTokensPerMinute) return;
    this.end(closeCodes.unauthorized, closeReasons[closeCodes.unauthorized]);
  }

  /** The refusal of a command for a room that this socket is not in. */
  #notJoined({ name, payload }: PendingCommand): Refusal {
    assertCommandName(name);
    decodePayload(name, payload, this.limits);
    return notJoined();
  }

  #join(roomId: string, join: PendingCommand): void {
    const { gather } = decodePayload('joinRoom', join.payload, this.limits);
    if (this.#rooms.size >= this.limits.roomsPerSocket) {
      throw new Refusal(
        'too_many_rooms',
        `This connection is in ${this.limits.roomsPerSocket} rooms; leave one first.`,
      );
    }
    const room = new JoinedRoom<L>(this, roomId, gather === true, join);
    this.#rooms.set(roomId, room);
    void this.#open(room, this.#claims.applyTo(roomId, join.payload as object), join);
  }

  async #open(room: JoinedRoom<L>, payload: object, join: PendingCommand): Promise<void> {
    const { roomId } = room;
    try {
      const identity = this.#identity;
      const link = await this.#ports.directory.connect(roomId, identity, payload, room);
      if (this.#rooms.get(roomId) !== room) {
        link.close(this.#closed ? 'disconnected' : 'left');
        return;
      }
      room.link = link;
      if (this.#identity !== identity) link.renew(this.#identity);
      if (this.#identity.name === undefined)
        this.#claims.add(roomId, fieldsOf(payload)['username']);
    } catch (error) {
      this.left(room);
      this.answers.refuse(join, error);
    }
    room.receiveWaiting();
  }
}

function notJoined(): Refusal {
  return new Refusal('not_joined', 'Join the room first.');
}

/** The refusal of a command that names no room. */
function unaddressed(name: string, payload: unknown, roomId: unknown, isSignal = false): Refusal {
  if (!isSignal && !Object.hasOwn(transportCommands, name)) assertCommandName(name);
  const isObject = typeof payload === 'object' && payload !== null && !isListOrBytes(payload);
  if (!isSignal && !isObject) {
    return invalidField('payload', 'must be a JSON object');
  }
  return invalidField(
    'roomId',
    (roomId ?? undefined) === undefined ? 'must name the room' : 'must be a string',
  );
}

function isListOrBytes(value: object): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}
