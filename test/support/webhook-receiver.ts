import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Message } from '../../src/protocol/objects.ts';
import { Inbox } from './inbox.ts';
import { LoopbackServer } from './loopback-server.ts';

/** A secret as operators make one. */
export function makeSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** What a request says, as docs/protocol.md has it. */
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

/** A request as it arrived, with a signature that holds. */
export interface HookRequest {
  id: string;
  body: HookBody;
  text: string;
  headers: Record<string, string>;
  status: number;
}

/** How it answers: a status with headers, or not at all. */
export type HookAnswer = { status: number; headers?: Record<string, string> } | 'hang';

const TAKEN: HookAnswer = { status: 204 };

/** An operator's backend: verifies with the package of the Standard Webhooks project, and keeps what it took. */
export class WebhookReceiver extends LoopbackServer {
  readonly secret = makeSecret();
  /** Requests whose signature holds, taken or not, in order of arrival. */
  readonly requests: HookRequest[] = [];
  /** Why requests were turned away: their signatures do not hold. */
  readonly forged: string[] = [];
  /** How it answers the next requests about a room; then 204. */
  readonly answers = new Map<string, HookAnswer[]>();
  /** Is called with each request whose signature holds, once its answer is known. */
  arrived: (request: HookRequest) => void = () => undefined;
  readonly #inbox = new Inbox();

  get url(): string {
    return `${this.origin}/hook`;
  }

  /** What hosts send to it with. */
  get settings() {
    return { WEBHOOK_URL: this.url, WEBHOOK_SECRETS: this.secret };
  }

  /** Requests of a room that were answered 2xx. */
  taken(roomId: string): HookRequest[] {
    return this.requests.filter(
      ({ body, status }) => body.data.roomId === roomId && status >= 200 && status < 300,
    );
  }

  /** Changes of a room that were taken, in order of arrival. */
  changes(roomId: string): Message[] {
    return this.taken(roomId)
      .filter(({ body }) => body.type === 'room.changed')
      .flatMap(({ body }) => body.data.changes);
  }

  /** Waits for something about what has arrived. */
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
