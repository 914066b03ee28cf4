import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { Inbox } from './inbox.ts';
import { LoopbackServer } from './loopback-server.ts';
import { makeSecret } from './webhook-receiver.ts';

/** A host's question, as described in docs/protocol.md. */
export interface SubmittedMessage {
  type: string;
  timestamp: string;
  data: {
    roomId: string;
    user: { userId: string; username: string; role: string };
    draft: { message: string; meta?: object; seq?: number };
  };
}

/** Answers by the word before the first colon of a text. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse, text: string) => void>> = {
  refuse: (response) => response.end('{"verdict":"refuse","message":"Be kind."}'),
  replace: (response, text) =>
    response.end(JSON.stringify({ verdict: 'replace', message: text.replace('replace', 'kind') })),
  rubbish: (response) => response.end('<html>Welcome!</html>'),
  fail: (response) => response.writeHead(500).end('{"verdict":"allow"}'),
  redirect: (response) => response.writeHead(307, { location: '/allow' }).end(),
  cut: (response) => response.destroy(),
  hang: () => undefined,
  huge: (response) => void response.end(`{"verdict":"allow","x":"${'x'.repeat(10_000_000)}"}`),
};

/** An operator's backend that decides about a text by its first word, such as in `refuse: you`. */
export class DecidingBackend extends LoopbackServer {
  readonly secret = makeSecret();
  /** The questions in order of arrival. */
  readonly asked: SubmittedMessage['data'][] = [];
  /** Errors of questions whose signature is invalid. */
  readonly forged: string[] = [];
  /** How long it takes to answer, in milliseconds. */
  delayMs = () => 0;
  readonly #inbox = new Inbox();
  #held: { roomId: string; answer: () => void }[] = [];

  get url(): string {
    return `${this.origin}/before`;
  }

  get settings() {
    return { BEFORE_MESSAGE_URL: this.url, WEBHOOK_SECRETS: this.secret };
  }

  /** The texts that it was asked about in a room, in order of arrival. */
  texts(room: string): string[] {
    return this.asked
      .filter(({ roomId }) => roomId === room)
      .map(({ draft: { message } }) => message);
  }

  /** Waits until it was asked about `count` texts in a room. */
  async untilAsked(room: string, count: number): Promise<void> {
    await this.#inbox.until(`${count} questions`, () => this.texts(room).length >= count);
  }

  /** Allows the held texts of a room, which are those that begin with `hold`. */
  release(room: string): void {
    for (const { roomId, answer } of this.#held) if (roomId === room) answer();
    this.#held = this.#held.filter(({ roomId }) => roomId !== room);
  }

  protected receive(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    try {
      const headers = request.headers as Record<string, string>;
      const { data } = new Webhook(this.secret).verify(
        body.toString(),
        headers,
      ) as SubmittedMessage;
      this.asked.push(data);
      const delayMs = this.delayMs();
      if (delayMs === 0) this.#answer(response, data);
      else setTimeout(() => this.#answer(response, data), delayMs);
    } catch (error) {
      this.forged.push(String(error));
      response.writeHead(401).end();
    }
    this.#inbox.changed();
  }

  #answer(response: ServerResponse, { roomId, draft }: SubmittedMessage['data']): void {
    const text = draft.message;
    const [how = ''] = text.split(':');
    const allow = () => response.end('{"verdict":"allow"}');
    if (how === 'hold') this.#held.push({ roomId, answer: allow });
    else (ANSWERS[how] ?? allow)(response, text);
  }
}
