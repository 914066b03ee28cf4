import { WebSocket } from 'ws';
import { FollowedStream } from './followed-stream.ts';
import { type Transport, type Joining, type JoinReply, type JoinWish } from './transports.ts';

/** How long a join may take before the run is given up, in milliseconds. */
const JOIN_TIMEOUT_MS = 60_000;
/** The same for the reply to a command. */
const REPLY_TIMEOUT_MS = 60_000;

/** One client: a raw socket that has joined a room. */
export class Member {
  readonly index: number;
  readonly joining: Joining;
  readonly transport: Transport;
  /** Gets every frame once joined. */
  onFrame: (member: Member, frame: string) => void = () => undefined;
  reply: JoinReply = {};
  #socket: WebSocket | FollowedStream | undefined;
  #nextRef = 1;
  #closed: string | undefined;

  constructor(transport: Transport, roomId: string, index: number, userId: string) {
    this.transport = transport;
    this.index = index;
    this.joining = { roomId, userId };
  }

  /** Why its socket was closed; undefined while it is open, or after `drop`. */
  get lost(): string | undefined {
    return this.#closed;
  }

  join(origin: string, wish: JoinWish = {}): Promise<void> {
    const { transport } = this;
    const joining: Joining = { ...this.joining, ...wish };
    this.#closed = undefined;
    const socket = connect(transport, origin, joining);
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error('A join was not answered in time.')),
        JOIN_TIMEOUT_MS,
      );
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      let isJoined = false;
      socket.on('message', (data: Buffer) => {
        const frame = data.toString('latin1');
        if (isJoined) {
          this.#receive(frame);
          return;
        }
        const { send, joined } = transport.greet(frame, joining);
        if (send !== undefined) socket.send(send);
        if (joined === undefined) return;
        if (joined.ok === false) reject(new Error(`A join was refused: ${frame.slice(0, 300)}`));
        this.reply = joined;
        isJoined = true;
        done();
        // The same frame may hold events after the reply.
        this.#receive(frame);
      });
      socket.on('open', () => {
        if (transport.greets) return;
        isJoined = true;
        done();
      });
      socket.on('error', reject);
      socket.on('close', (code: number, reason: Buffer) => {
        clearTimeout(timer);
        if (this.#socket !== socket) return;
        this.#closed = `${code} ${reason.toString()}`;
        reject(new Error(`A socket was closed: ${this.#closed}`));
      });
    });
  }

  say(text: string): void {
    this.#socket?.send(this.transport.speech(text, this.joining, this.#nextRef++));
  }

  /** Sends a command and waits for its reply; rejects when that is a refusal. */
  ask(name: string, payload: object): Promise<string> {
    const ref = this.#nextRef++;
    const ours = [`["ack",${ref},`, `43${ref}[`];
    return new Promise((resolve, reject) => {
      const before = this.onFrame;
      const timer = setTimeout(
        () => reject(new Error(`${name} was not answered in time.`)),
        REPLY_TIMEOUT_MS,
      );
      this.onFrame = (_, frame) => {
        const line = frame.split('\n').find((one) => ours.some((begin) => one.startsWith(begin)));
        if (line === undefined) return;
        clearTimeout(timer);
        this.onFrame = before;
        if (line.includes('{"ok":true')) resolve(line);
        else reject(new Error(`${name} was refused: ${line.slice(0, 300)}`));
      };
      this.#socket?.send(this.transport.command(name, payload, this.joining, ref));
    });
  }

  beat(): void {
    const { heartbeat } = this.transport;
    if (heartbeat !== undefined) this.#socket?.send(heartbeat);
  }

  /** Ends the connection without closing it, as a lost network does; resolves once it is gone. */
  drop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.terminate();
    });
  }

  #receive(frame: string): void {
    // Engine.IO's heartbeat.
    if (frame === '2') this.#socket?.send('3');
    else this.onFrame(this, frame);
  }
}

function connect(
  transport: Transport,
  origin: string,
  joining: Joining,
): WebSocket | FollowedStream {
  const address = transport.address(origin, joining);
  const headers = transport.headers(joining.userId);
  const postTo = transport.postTo?.(origin, joining);
  return postTo === undefined
    ? new WebSocket(address, { headers, perMessageDeflate: false, skipUTF8Validation: true })
    : new FollowedStream(address.replace('ws', 'http'), postTo.replace('ws', 'http'), headers);
}
