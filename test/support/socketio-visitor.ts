import { io, type Socket } from 'socket.io-client';
import type { WebSocket } from 'ws';
import type { Reply } from '../../src/protocol/commands.ts';
import type { Problem } from '../../src/protocol/codes/errors.ts';
import { durable, type EventName } from '../../src/protocol/events.ts';
import type { Result } from '../../src/protocol/frames.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { Inbox } from './inbox.ts';
import type { Heard, Joining, ReplyOf, Visitor, Who } from './visitor.ts';

type JoinResult = Result<Reply<'joinRoom'>>;

/** The timeout of connecting, in milliseconds. */
const PATIENCE_MS = 120_000;

/** A client of the Socket.IO transport: one socket for all of its rooms. */
export class SocketIoVisitor implements Visitor {
  readonly socket: Socket;
  readonly #inbox = new Inbox();
  /** The client's position in each room, derived from replies and events. */
  readonly #positions = new Map<string, { epoch: string; rev: number }>();
  /** Rejects the pending commands. */
  readonly #waiting = new Set<(error: Error) => void>();
  #refused: Problem | undefined;
  #endedWith: string | undefined;

  constructor(url: string, who: Who, transport: 'websocket' | 'polling' = 'websocket') {
    this.socket = io(url, {
      auth: { ...who },
      transports: [transport],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      timeout: PATIENCE_MS,
    });
    this.socket.onAny((name: string, ...args: unknown[]) => this.#hear(name, ...args));
    this.socket.on('connect', () => this.#inbox.changed());
    this.socket.on('connect_error', (error) => {
      const { data } = error as Error & { data?: Pick<Problem, 'code'> };
      this.#refused = { code: data?.code ?? 'unavailable', message: error.message };
      this.#inbox.changed();
    });
    this.socket.on('disconnect', (reason) => {
      this.#endedWith = reason;
      for (const lose of this.#waiting) lose(new Error(`The socket ended: ${reason}.`));
      this.#waiting.clear();
      this.#inbox.changed();
    });
  }

  get stream() {
    return this.#inbox.stream;
  }

  readonly heard = this.#inbox.heard.bind(this.#inbox);
  readonly hears = this.#inbox.hears.bind(this.#inbox);
  readonly until = this.#inbox.until.bind(this.#inbox);

  async join(roomId: string, joining: Joining = {}): Promise<JoinResult> {
    const refused = await this.connect();
    if (refused !== undefined) return { ok: false, error: refused };
    return this.command('joinRoom', { roomId, ...joining });
  }

  /** Authenticates without joining a room. @returns the problem if it is refused */
  async connect(): Promise<Problem | undefined> {
    this.socket.connect();
    const isOver = () => this.#refused !== undefined || this.#endedWith !== undefined;
    await this.until('to be connected', () => this.socket.connected || isOver());
    if (this.#endedWith !== undefined) throw new Error(`The socket ended: ${this.#endedWith}.`);
    return this.#refused;
  }

  command<N extends string>(
    name: N,
    payload: unknown,
    ...more: unknown[]
  ): Promise<Result<ReplyOf<N>>> {
    return new Promise((resolve, reject) => {
      // The socket would keep the command for a reconnect that never comes.
      if (this.#endedWith !== undefined)
        throw new Error(`The socket has ended: ${this.#endedWith}.`);
      this.#waiting.add(reject);
      this.socket.emit(name, payload, ...more, (result: Result<ReplyOf<N>>) => {
        this.#waiting.delete(reject);
        this.#inbox.add({ kind: 'reply', name, payload: result });
        this.#follow(name, payload, result);
        resolve(result);
      });
    });
  }

  tell(name: string, payload: unknown): void {
    this.socket.emit(name, payload);
  }

  position(roomId: string): string {
    const { epoch, rev } = this.#positions.get(roomId) ?? { epoch: '0', rev: 0 };
    return `${epoch}:${rev}`;
  }

  async close(): Promise<void> {
    this.socket.disconnect();
    await this.ended();
  }

  async drop(): Promise<void> {
    const { ws } = this.socket.io.engine.transport as unknown as { ws: WebSocket };
    ws.terminate();
    await this.ended();
  }

  ended(): Promise<string> {
    return this.until('the end', () => this.#endedWith);
  }

  #hear(name: string, payload?: unknown, ...more: unknown[]): void {
    if (name === 'events') {
      for (const [inner, ...args] of payload as [string, ...unknown[]][])
        this.#hear(inner, ...args);
      return;
    }
    const heard: Heard = { kind: 'event', name, payload, ...(more.length > 0 && { more }) };
    if (durable.has(name as EventName))
      this.#advance((payload as Message).roomId, payload as Message);
    this.#inbox.add(heard);
  }

  /** Updates the position by a reply. */
  #follow(name: string, payload: unknown, result: Result): void {
    if (!result.ok) return;
    if (name === 'joinRoom') {
      const { room, position } = result as object as Reply<'joinRoom'>;
      const [epoch = '0', rev] = position.split(':');
      this.#positions.set(room.roomId, { epoch, rev: Number(rev) });
    } else if ('message' in result) {
      const { message, duplicate } = result as object as Reply<'message'>;
      if (duplicate === undefined) this.#advance(message.roomId, message);
    }
  }

  #advance(roomId: string, { rev }: Message): void {
    const known = this.#positions.get(roomId);
    this.#positions.set(roomId, {
      epoch: known?.epoch ?? '0',
      rev: Math.max(rev, known?.rev ?? 0),
    });
  }
}
