import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Message } from '../../src/protocol/objects.ts';
import { Inbox } from './inbox.ts';
import { LoopbackServer } from './loopback-server.ts';

/** Makes a webhook secret as an operator would. */
export function makeSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** The body of a request, as described in docs/protocol.md. */
export interface HookBody {
  type: string;
  timestamp: string;
  data: {
    roomId: string;
    epoch: string;
    from: number;
    to: number;
    horizon: number;
    reset?: true;
    changes: Message[];
    member?: { userId: string; role: string };
    userId?: string;
    seq?: number;
  };
}

/** A received request with a valid signature. */
export interface HookRequest {
  id: string;
  body: HookBody;
  text: string;
  headers: Record<string, string>;
  status: number;
}

/** An answer: a status with headers, or none at all. */
export type HookAnswer = { status: number; headers?: Record<string, string> } | 'hang';

const TAKEN: HookAnswer = { status: 204 };

/** An operator's backend that verifies requests with the Standard Webhooks library and keeps them. */
export class WebhookReceiver extends LoopbackServer {
  readonly secret = makeSecret();
  /** Requests with a valid signature, whatever their answer, in order of arrival. */
  readonly requests: HookRequest[] = [];
  /** Errors of requests whose signature is invalid. */
  readonly forged: string[] = [];
  /** The answers to the next requests about a room; after them it answers 204. */
  readonly answers = new Map<string, HookAnswer[]>();
  /** Called with each request with a valid signature, once its answer is decided. */
  arrived: (request: HookRequest) => void = () => undefined;
  readonly #inbox = new Inbox();

  get url(): string {
    return `${this.origin}/hook`;
  }

  /** The settings with which a host sends requests here. */
  get settings() {
    return { WEBHOOK_URL: this.url, WEBHOOK_SECRETS: this.secret };
  }

  /** The requests about a room that were answered 2xx. */
  taken(roomId: string): HookRequest[] {
    return this.requests.filter(
      ({ body, status }) => body.data.roomId === roomId && status >= 200 && status < 300,
    );
  }

  /** The changes of a room in requests answered 2xx, in order of arrival. */
  changes(roomId: string): Message[] {
    return this.taken(roomId)
      .filter(({ body }) => body.type === 'room.changed')
      .flatMap(({ body }) => body.data.changes);
  }

  /** Waits until `look` finds something; calls it again after each request. */
  until<T>(what: string, look: () => T | false | undefined): Promise<T> {
    return this.#inbox.until(what, look);
  }

  protected receive(given: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const text = given.toString();
    const headers = request.headers as Record<string, string>;
    try {
      const body = new Webhook(this.secret).verify(text, headers) as HookBody;
      const arrived = { id: headers['webhook-id'] ?? '', body, text, headers, status: 0 };
      const answer = this.answers.get(body.data.roomId)?.shift() ?? TAKEN;
      arrived.status = answer === 'hang' ? 0 : answer.status;
      this.requests.push(arrived);
      this.arrived(arrived);
      if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end();
    } catch (error) {
      this.forged.push(String(error));
      response.writeHead(401).end();
    }
    this.#inbox.changed();
  }
}
