import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Reply } from '../../src/protocol/commands.ts';
import type { Problem } from '../../src/protocol/codes/errors.ts';
import type { Result } from '../../src/protocol/frames.ts';
import { Inbox } from './inbox.ts';
import type { Joining, ReplyOf, Visitor, Who } from './visitor.ts';

/** The socket of one room. */
interface Line {
  socket: WebSocket;
  position: string;
  /** The close code, once the socket has ended. */
  endedWith?: number;
}

/** A command whose reply is pending. */
interface Waiting {
  name: string;
  line: Line;
  answer: (result: Result) => void;
  lose: (error: Error) => void;
}

type JoinResult = Result<Reply<'joinRoom'>>;

/** A client of the native transport, with one socket for each of its rooms. */
export class NativeVisitor implements Visitor {
  readonly #url: string;
  readonly #who: Who;
  readonly #lines = new Map<string, Line>();
  readonly #inbox = new Inbox();
  readonly #waiting = new Map<number, Waiting>();
  #nextRef = 0;

  constructor(url: string, who: Who) {
    this.#url = url;
    this.#who = who;
  }

  get stream() {
    return this.#inbox.stream;
  }

  readonly heard = this.#inbox.heard.bind(this.#inbox);
  readonly hears = this.#inbox.hears.bind(this.#inbox);
  readonly until = this.#inbox.until.bind(this.#inbox);

  async join(roomId: string, joining: Joining = {}): Promise<JoinResult> {
    const line = this.#lines.get(roomId);
    return line?.socket.readyState === WebSocket.OPEN
      ? this.command('joinRoom', { roomId, ...joining })
      : this.#open(roomId, joining);
  }

  command<N extends string>(
    name: N,
    payload: unknown,
    ...more: unknown[]
  ): Promise<Result<ReplyOf<N>>> {
    const ref = this.#nextRef++;
    return new Promise((resolve, reject) => {
      const answer = (result: Result) => resolve(result);
      const line = this.#lineFor(payload);
      this.#waiting.set(ref, { name, line, answer, lose: reject });
      line.socket.send(JSON.stringify([name, payload, ...more, ref]), (error) => {
        if (error) reject(error);
      });
    });
  }

  tell(name: string, payload: unknown): void {
    this.#lineFor(payload).socket.send(JSON.stringify([name, payload]));
  }

  position(roomId: string): string {
    return this.#lines.get(roomId)?.position ?? '0:0';
  }

  async close(): Promise<void> {
    await this.#each((socket) => socket.close(1000));
  }

  async drop(): Promise<void> {
    await this.#each((socket) => socket.terminate());
  }

  ended(): Promise<number> {
    return this.until('the end', () =>
      [...this.#lines.values()].map(({ endedWith }) => endedWith).find((code) => code),
    );
  }

  async #each(end: (socket: WebSocket) => void): Promise<void> {
    const lines = [...this.#lines.values()];
    for (const { socket } of lines) end(socket);
    await this.until('its sockets to end', () =>
      lines.every(({ endedWith }) => endedWith !== undefined),
    );
  }

  #lineFor(payload: unknown): Line {
    const { roomId } = (payload ?? {}) as { roomId?: unknown };
    const line = this.#lines.get(String(roomId)) ?? [...this.#lines.values()][0];
    if (line === undefined) throw new Error('This visitor has no socket yet: join a room first.');
    return line;
  }

  #open(roomId: string, joining: Joining): Promise<JoinResult> {
    const { since, history, username, session, quiet } = joining;
    const query = new URLSearchParams();
    if (since !== undefined) query.set('since', since);
    if (history !== undefined) query.set('history', String(history));
    if (username !== undefined) query.set('username', username);
    if (session !== undefined) query.set('session', session);
    if (quiet !== undefined) query.set('quiet', String(quiet));
    const { token, guestToken } = this.#who;
    const address = `${this.#url.replace('http', 'ws')}/rooms/${encodeURIComponent(roomId)}/ws`;
    const options = {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      // As browsers do, it waits only briefly for the TCP end after both sides have sent Close: the
      // runtime of a sleeping object ends the connection 10 s later.
      closeTimeout: 1_000,
    };
    const socket = new WebSocket(
      `${address}?${query.toString()}`,
      guestToken === undefined ? [] : ['parlor.v1', `guest.${guestToken}`],
      options,
    );
    const line: Line = { socket, position: '0:0' };
    return new Promise((resolve, reject) => {
      socket.on('unexpected-response', (_, response) => {
        refusalIn(response).then(resolve, reject);
      });
      socket.on('error', reject);
      socket.on('open', () => this.#lines.set(roomId, line));
      socket.on('close', (code) => {
        line.endedWith = code;
        reject(new Error(`The socket ended (${code}) before it had joined.`));
        for (const { name, line: its, lose } of this.#waiting.values()) {
          if (its === line)
            lose(new Error(`The socket ended (${code}) before ${name} was answered.`));
        }
        this.#inbox.changed();
      });
      socket.on('message', (data: Buffer) => {
        for (const text of data.toString().split('\n')) this.#hear(line, text, resolve);
      });
    });
  }

  #hear(line: Line, text: string, joined: (result: JoinResult) => void): void {
    if (text === 'pong') return;
    const [name, first, ...more] = JSON.parse(text) as [string, ...unknown[]];
    if (name === 'position') {
      line.position = first as string;
    } else if (name === 'joined') {
      const result = first as JoinResult;
      if (result.ok) line.position = result.position;
      this.#inbox.add({ kind: 'reply', name: 'joinRoom', payload: result });
      joined(result);
    } else if (name === 'ack') {
      const waiting = this.#waiting.get(first as number);
      if (waiting === undefined) throw new Error(`A reply nobody waits for: ${text}`);
      this.#waiting.delete(first as number);
      const result = more[0] as Result;
      if (waiting.name === 'joinRoom' && result.ok) {
        line.position = (result as object as Reply<'joinRoom'>).position;
      }
      this.#inbox.add({ kind: 'reply', name: waiting.name, payload: result });
      waiting.answer(result);
    } else {
      this.#inbox.add({ kind: 'event', name, payload: first, ...(more.length > 0 && { more }) });
    }
  }
}

async function refusalIn(response: IncomingMessage): Promise<JoinResult> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const { error } = JSON.parse(text) as { error: Problem };
  return { ok: false, error };
}
