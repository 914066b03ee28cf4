import { makeId } from './environment.ts';

/** The part of a socket of `socket.io-client` that the adapter uses. */
export interface RawSocket {
  readonly connected: boolean;
  readonly id?: string | undefined;
  on(name: string, listener: (...args: never[]) => void): unknown;
  off(name: string, listener?: (...args: never[]) => void): unknown;
  emit(name: string, ...args: unknown[]): unknown;
  connect(): unknown;
  disconnect(): unknown;
}

type Payload = Record<string, unknown>;
type Listener = (...args: never[]) => void;

/** How one of the application's events is translated. */
export interface Translation {
  /** The command or event of Parlor, such as `message`. */
  as: string;
  /** Makes the payload of a command from the arguments that the application emits. */
  send?: (...args: never[]) => Payload;
  /** Makes the argument of the application's listeners from an event's payload. */
  receive?: (payload: never) => unknown;
}

export interface AdapterOptions {
  /** The room for commands that name none; by default the room joined last. */
  roomId?: string;
  /** The application's event names, and their names in Parlor. */
  events?: Readonly<Record<string, string | Translation>>;
  /** Whether this socket gets its own messages as events, as after `io.to(room).emit()`. */
  echo?: boolean;
  /** Makes the arguments of an acknowledgement callback from a reply; by default the reply itself. */
  reply?: (reply: Reply) => readonly unknown[];
}

/** The reply to every command. */
export interface Reply {
  ok: boolean;
  error?: { code: string; message: string; retryAfterMs?: number };
  [field: string]: unknown;
}

interface Message {
  id: string;
  roomId: string;
  seq: number;
  rev: number;
  deletedAt?: number;
}

/** A room that was joined. */
interface Joined {
  payload: Payload;
  epoch: string;
  /** The highest `rev` received. */
  rev: number;
  /** The highest `seq` shown. */
  seq: number;
  /** While pages of missed messages are still expected: what is to be shown after them, by `seq`. */
  held: Map<number, Message> | undefined;
}

/** The field for the text when an application emits only a text. */
const FIELD_OF_TEXT: Readonly<Record<string, string>> = {
  joinRoom: 'roomId',
  leaveRoom: 'roomId',
  message: 'message',
};

/** An unanswered command. */
interface Pending {
  as: string;
  payload: Payload;
  answered: (reply: Reply) => void;
}

/** The wait before a refused page is asked for again, without `retryAfterMs`, in milliseconds. */
const AGAIN_MS = 1_000;

/** Events of the connection, which Socket.IO makes itself. */
const OWN_NAMES = new Set(['connect', 'connect_error', 'disconnect']);

/**
 * A socket of `socket.io-client` for an application that was written for another server: event names
 * are translated, a text is accepted as a payload, rooms are joined again after a dropped connection,
 * and missed messages arrive once.
 *
 * @example
 * const socket = adaptSocket(io(url, { auth: { token } }), {
 *   echo: true,
 *   events: {
 *     'join room': 'joinRoom',
 *     'new message': { as: 'message', receive: ({ sender, message }) => ({ user: sender, text: message }) },
 *   },
 * });
 * socket.emit('join room', 'general');
 * socket.emit('new message', 'hello');
 */
export function adaptSocket(raw: RawSocket, options: AdapterOptions = {}): AdaptedSocket {
  return new AdaptedSocket(raw, options);
}

/** @see adaptSocket */
export class AdaptedSocket {
  /** The socket itself. */
  readonly raw: RawSocket;
  readonly #options: AdapterOptions;
  /** Listeners, by the name that the application uses. */
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #subscribed = new Set<string>();
  readonly #rooms = new Map<string, Joined>();
  readonly #pending = new Set<Pending>();
  /** Without `echo`: the ids of messages that are not shown, because this socket has emitted them. */
  readonly #own = new Set<unknown>();
  #lastRoom: string | undefined;

  constructor(raw: RawSocket, options: AdapterOptions) {
    this.raw = raw;
    this.#options = options;
    raw.on('message', (message: Message) => this.#show(message));
    raw.on('connect', () => this.#resume());
  }

  get id(): string | undefined {
    return this.raw.id;
  }

  get connected(): boolean {
    return this.raw.connected;
  }

  connect(): this {
    this.raw.connect();
    return this;
  }

  disconnect(): this {
    this.raw.disconnect();
    return this;
  }

  /** Calls a listener for each event of this name, which may be the application's or one of Parlor. */
  on(name: string, listener: Listener): this {
    if (OWN_NAMES.has(name)) this.raw.on(name, listener);
    else {
      const { as } = this.#translation(name);
      const known = this.#listeners.get(name) ?? new Set();
      this.#listeners.set(name, known.add(listener));
      if (as !== 'message' && !this.#subscribed.has(as)) {
        this.raw.on(as, (payload: Payload) => this.#dispatch(as, payload));
        this.#subscribed.add(as);
      }
    }
    return this;
  }

  /** The same for the next event only. */
  once(name: string, listener: Listener): this {
    const first = (...args: never[]) => {
      this.off(name, first);
      listener(...args);
    };
    return this.on(name, first);
  }

  /** Removes a listener; without one, all of this name. */
  off(name: string, listener?: Listener): this {
    if (OWN_NAMES.has(name)) this.raw.off(name, listener);
    else if (listener === undefined) this.#listeners.delete(name);
    else this.#listeners.get(name)?.delete(listener);
    return this;
  }

  /**
   * Emits a command. A function at the end is its acknowledgement callback. Without one, a refusal
   * calls the listeners of `error` with `{ code, message }`.
   */
  emit(name: string, ...args: unknown[]): this {
    const { as, send } = this.#translation(name);
    const last = args.at(-1);
    const done = typeof last === 'function' ? (last as (...reply: unknown[]) => void) : undefined;
    const given = done === undefined ? args : args.slice(0, -1);
    const payload = this.#inRoom(
      as,
      send === undefined ? payloadOf(as, given[0]) : send(...(given as never[])),
    );
    const answered = (reply: Reply) => {
      if (done !== undefined) done(...(this.#options.reply?.(reply) ?? [reply]));
      else if (!reply.ok) this.#dispatch('error', reply.error ?? {});
    };
    if (as === 'leaveRoom') this.#rooms.delete(String(payload['roomId']));
    // With an id a message is stored once, however often it is sent.
    const identified = as === 'message' ? { id: makeId(), ...payload } : payload;
    if (as === 'message' && this.#options.echo !== true) this.#own.add(identified['id']);
    const command = { as, payload: identified, answered };
    this.#pending.add(command);
    // Without a connection it waits until the rooms are joined again.
    if (this.raw.connected) this.#send(command);
    return this;
  }

  #translation(name: string): Translation {
    const found = this.#options.events?.[name] ?? name;
    return typeof found === 'string' ? { as: found } : found;
  }

  #inRoom(as: string, payload: Payload): Payload {
    const roomId = payload['roomId'] ?? this.#options.roomId ?? this.#lastRoom;
    if (as === 'joinRoom' && typeof roomId === 'string') this.#lastRoom = roomId;
    return roomId === undefined ? payload : { ...payload, roomId };
  }

  /** Joins the rooms again, then sends the unanswered commands. */
  #resume(): void {
    const pending = [...this.#pending];
    for (const { payload } of this.#rooms.values()) {
      this.#send({ as: 'joinRoom', payload, answered: () => undefined });
    }
    for (const command of pending) this.#send(command);
  }

  #send(command: Pending): void {
    const { as, payload, answered } = command;
    const joined = this.#rooms.get(String(payload['roomId']));
    const isAgain = as === 'joinRoom' && joined !== undefined;
    const again = isAgain && { history: 0, since: positionOf(joined) };
    this.raw.emit(as, { ...payload, ...again }, (reply: Reply) => {
      this.#pending.delete(command);
      if (reply.ok && as === 'joinRoom') this.#joined(payload, reply);
      if (reply.ok && as === 'message') this.#show(reply['message'] as Message);
      answered(reply);
    });
  }

  /** Shows missed messages, and continues from there. */
  #joined(payload: Payload, reply: Reply): void {
    const { epoch, position } = reply as unknown as { epoch: string; position: string };
    const roomId = String(payload['roomId']);
    const room = this.#rooms.get(roomId);
    if (room === undefined || reply['reset'] === true) {
      // Every message of the room so far has a `seq` up to this.
      const rev = revOf(position);
      this.#rooms.set(roomId, { payload, epoch, rev, seq: rev, held: undefined });
    } else {
      room.payload = payload;
      this.#missed(room, reply);
    }
  }

  /**
   * Takes a page of missed messages. Pages are in the order of `rev`, and live messages arrive between
   * them: all are shown after the last page, in the order of `seq`.
   */
  #missed(room: Joined, reply: Reply): void {
    if (!this.#isJoined(room)) return;
    room.held ??= new Map();
    const messages = (reply['missed'] ?? reply['messages'] ?? []) as readonly Message[];
    for (const message of messages) this.#show(message);
    room.rev = Math.max(room.rev, revOf(reply['position'] as string));
    if (reply['complete'] === false) {
      this.#askMissed(room);
      return;
    }
    const held = [...room.held.values()].toSorted((a, b) => a.seq - b.seq);
    room.held = undefined;
    for (const message of held) {
      // A listener may have left the room.
      if (this.#isJoined(room)) this.#show(message);
    }
  }

  /** Asks for the next page of missed messages, and again later where it is refused. */
  #askMissed(room: Joined): void {
    // Without a connection: the room is joined again from this position.
    if (!this.raw.connected) return;
    const { roomId } = room.payload;
    this.raw.emit('getMissed', { roomId, after: positionOf(room) }, (reply: Reply) => {
      const { ok, error } = reply;
      if (ok) this.#missed(room, reply);
      // A room that this socket is not in any more continues when it is joined again.
      else if (error?.code !== 'not_joined')
        setTimeout(() => this.#askMissed(room), error?.retryAfterMs ?? AGAIN_MS);
    });
  }

  #isJoined(room: Joined): boolean {
    return [...this.#rooms.values()].includes(room);
  }

  /** Calls the listeners of `message` with each message once. */
  #show(message: Message): void {
    const room = this.#rooms.get(message.roomId);
    if (room?.held !== undefined) {
      room.held.set(message.seq, message);
      return;
    }
    if (room !== undefined) {
      if (message.seq <= room.seq) return;
      room.seq = message.seq;
      room.rev = Math.max(room.rev, message.rev);
    }
    const isOwn = this.#own.delete(message.id);
    if (!isOwn && message.deletedAt === undefined) this.#dispatch('message', message);
  }

  #dispatch(as: string, payload: object): void {
    for (const [name, listeners] of this.#listeners) {
      const translation = this.#translation(name);
      if (translation.as !== as) continue;
      const called = [...listeners];
      for (const listener of called) {
        try {
          listener((translation.receive?.(payload as never) ?? payload) as never);
        } catch (error) {
          // It must not keep other listeners from the event, nor this one from the next.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }
}

function payloadOf(as: string, given: unknown): Payload {
  if (given === undefined || given === null) return {};
  if (typeof given === 'string' || typeof given === 'number')
    return { [FIELD_OF_TEXT[as] ?? 'data']: String(given) };
  return given as Payload;
}

function positionOf({ epoch, rev }: Joined): string {
  return `${epoch}:${rev}`;
}

/** The `rev` of a position `<epoch>:<rev>`. */
function revOf(position: string): number {
  return Number(position.slice(position.lastIndexOf(':') + 1)) || 0;
}
