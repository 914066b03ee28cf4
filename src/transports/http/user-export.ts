import type { Context } from 'hono';
import { internalProblem, type Problem, Refusal } from '../../protocol/codes/errors.ts';
import type { UserExportCursor } from '../../protocol/conversation-requests.ts';
import type { Identity } from '../../protocol/identity.ts';
import { jsonLine } from '../../protocol/frames.ts';
import type { InboxPayload, InboxReply } from '../../protocol/inbox-commands.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import { failedLine, NDJSON_HEADERS, stepper, textStream } from './ndjson.ts';
import { userIdOf } from './request-parts.ts';

type Source = Pick<HttpTransport, 'inboxes' | 'directory' | 'log'>;

/** `GET /users/:userId/export`: what a person wrote; for admins, and for users about themselves. */
export function userExportRoute(transport: Source, identify: Identify) {
  return async (c: Context): Promise<Response> => {
    const asking = await identify(c);
    const userId = userIdOf(c, '/users/:userId/export');
    if (asking.admin !== true && asking.userId !== userId) {
      throw new Refusal('forbidden', 'Only an admin may do this for another user.');
    }
    const identity = asking.userId === userId ? asking : { userId, admin: true as const };
    const exported = new UserExport(transport, identity);
    const first = await exported.rooms({});
    return c.body(textStream(exported.lines(first)), 200, NDJSON_HEADERS);
  };
}

/** The lines of one export: conversations with what was written there, then blocks. */
class UserExport {
  readonly #source: Source;
  readonly #identity: Identity;
  readonly #step = stepper();

  constructor(source: Source, identity: Identity) {
    this.#source = source;
    this.#identity = identity;
  }

  /** @throws Refusal */
  rooms(payload: InboxPayload<'exportInbox'>): Promise<InboxReply<'exportInbox'>> {
    const { inboxes } = this.#source;
    return this.#step(() => inboxes.execute(this.#identity, 'exportInbox', payload));
  }

  /** Ends with a line `end`, or with a line `failed`. A room that fails is named in such a line, too. */
  async *lines(first: InboxReply<'exportInbox'>): AsyncGenerator<string> {
    const { userId } = this.#identity;
    yield lineOf({ type: 'export', version: 1, userId });
    try {
      for (let page = first; ; page = await this.rooms({ after: page.next })) {
        for (const { roomId, conversation } of page.rooms) {
          if (conversation !== undefined) yield lineOf({ type: 'conversation', ...conversation });
          yield* this.#roomLines(roomId);
        }
        if (page.next === undefined) break;
      }
      yield* this.#blocks();
      yield lineOf({ type: 'end' });
    } catch (error) {
      yield failedLine(this.#problemOf(error));
    }
  }

  async *#roomLines(roomId: string): AsyncGenerator<string> {
    const { userId } = this.#identity;
    const service = { userId, admin: true as const };
    let cursor: UserExportCursor | undefined;
    try {
      do {
        const payload = { roomId, userId, ...(cursor !== undefined && { cursor }) };
        const ask = () => this.#source.directory.execute(roomId, service, 'exportUser', payload);
        const { text, next } = await this.#step(ask);
        yield text;
        cursor = next;
      } while (cursor !== undefined);
    } catch (error) {
      yield failedLine(this.#problemOf(error), { roomId });
    }
  }

  async *#blocks(): AsyncGenerator<string> {
    const { inboxes } = this.#source;
    for (let after: string | undefined; ;) {
      const payload = { ...(after !== undefined && { after }) };
      const { users, hasMore } = await this.#step(() =>
        inboxes.execute(this.#identity, 'getBlocked', payload),
      );
      for (const { userId } of users) yield lineOf({ type: 'block', userId });
      after = users.at(-1)?.userId;
      if (!hasMore) return;
    }
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof Refusal) return error.problem;
    this.#source.log('export', error);
    return internalProblem;
  }
}

function lineOf(value: object): string {
  return `${jsonLine(value)}\n`;
}
