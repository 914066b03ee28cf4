import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import type { Result } from '../../src/protocol/frames.ts';
import type {
  InboxCommandName,
  InboxPayload,
  InboxReply,
} from '../../src/protocol/inbox-commands.ts';
import type { InboxEventName, InboxEventPayload } from '../../src/protocol/inbox-events.ts';
import { Inbox } from './inbox.ts';
import { ok } from './visitor.ts';

/** A client that has opened its user's inbox. */
export abstract class InboxVisitor {
  readonly inbox = new Inbox();

  abstract open(payload?: InboxPayload<'openInbox'>): Promise<Result<InboxReply<'openInbox'>>>;
  abstract command<N extends InboxCommandName>(
    name: N,
    payload: InboxPayload<N>,
  ): Promise<Result<InboxReply<N>>>;
  abstract close(): void;

  /** Gives a command and returns its reply. @throws if it is refused */
  async ask<N extends InboxCommandName>(name: N, payload: InboxPayload<N>): Promise<InboxReply<N>> {
    return ok(await this.command(name, payload));
  }

  /** The first event that fits; waits for one if none has come yet. */
  hears<N extends InboxEventName>(
    name: N,
    fits: (payload: InboxEventPayload<N>) => boolean,
  ): Promise<InboxEventPayload<N>> {
    const find = () =>
      this.inbox.stream
        .filter((heard) => heard.kind === 'event' && heard.name === name)
        .map(({ payload }) => payload as InboxEventPayload<N>)
        .find(fits);
    return this.inbox.until(name, find);
  }
}

/** An inbox client of the native transport. */
export class NativeInbox extends InboxVisitor {
  readonly #url: string;
  readonly #token: string;
  readonly #waiting = new Map<number, (result: Result) => void>();
  #socket: WebSocket | undefined;
  #nextRef = 0;
  /** The position in the last `position` line. */
  position = '0:0';

  constructor(url: string, token: string) {
    super();
    this.#url = url;
    this.#token = token;
  }

  open(payload: InboxPayload<'openInbox'> = {}): Promise<Result<InboxReply<'openInbox'>>> {
    const query = new URLSearchParams(
      Object.entries(payload).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const address = `${this.#url.replace('http', 'ws')}/inbox/ws?${query.toString()}`;
    const socket = new WebSocket(address, ['parlor.v1', `bearer.${this.#token}`]);
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        for (const text of data.toString().split('\n')) this.#hear(text, resolve);
      });
    });
  }

  command<N extends InboxCommandName>(
    name: N,
    payload: InboxPayload<N>,
  ): Promise<Result<InboxReply<N>>> {
    const ref = this.#nextRef++;
    return new Promise((resolve) => {
      this.#waiting.set(ref, (result) => resolve(result));
      this.#socket!.send(JSON.stringify([name, payload, ref]));
    });
  }

  close(): void {
    this.#socket?.close(1000);
  }

  #hear(text: string, opened: (result: Result<InboxReply<'openInbox'>>) => void): void {
    const [name, first, second] = JSON.parse(text) as [string, unknown, unknown];
    if (name === 'position') this.position = first as string;
    else if (name === 'inbox') opened(first as Result<InboxReply<'openInbox'>>);
    else if (name === 'ack') this.#waiting.get(first as number)?.(second as Result);
    else this.inbox.add({ kind: 'event', name, payload: first });
  }
}

/** An inbox client of Socket.IO, over the given Engine.IO transports. */
export class SocketIoInbox extends InboxVisitor {
  readonly #socket: Socket;

  constructor(url: string, token: string, transports: ('polling' | 'websocket')[]) {
    super();
    this.#socket = io(url, { auth: { token }, transports, forceNew: true, timeout: 60_000 });
    this.#socket.onAny((name: string, payload: unknown) =>
      this.inbox.add({ kind: 'event', name, payload }),
    );
  }

  open(payload: InboxPayload<'openInbox'> = {}): Promise<Result<InboxReply<'openInbox'>>> {
    return this.command('openInbox', payload);
  }

  command<N extends InboxCommandName>(
    name: N,
    payload: InboxPayload<N>,
  ): Promise<Result<InboxReply<N>>> {
    return this.#socket.emitWithAck(name, payload) as Promise<Result<InboxReply<N>>>;
  }

  close(): void {
    this.#socket.disconnect();
  }
}
