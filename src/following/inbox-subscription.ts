import type { InboxDirectory } from '../host/inbox-directory.ts';
import type { LinkListener, RoomLink } from '../host/room-directory.ts';
import { closeCodeOf } from '../protocol/codes/close-codes.ts';
import { internalProblem, Refusal, refusalOf } from '../protocol/codes/errors.ts';
import { inboxChangeLines, inboxReplyIn, type Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { InboxReply } from '../protocol/inbox-commands.ts';
import { askAgain } from './reconnecting.ts';
import type { Subscription, SubscriptionSink } from './room-subscription.ts';

/** Changes in a page while catching up. */
const PAGE = 200;

/** The events of an inbox from a position on, for a reader without a socket. */
export class InboxSubscription implements Subscription {
  readonly #inboxes: InboxDirectory;
  readonly #identity: Identity;
  readonly #sink: SubscriptionSink;
  #link: RoomLink | undefined;
  #isOver = false;

  constructor(inboxes: InboxDirectory, identity: Identity, sink: SubscriptionSink) {
    this.#inboxes = inboxes;
    this.#identity = identity;
    this.#sink = sink;
  }

  /** @throws Refusal when the inbox refuses the reader */
  async open(since: string | undefined): Promise<void> {
    if (since === undefined) {
      await this.#follow({ limit: 1 }, ({ position }) => this.#sink.caughtUp(position));
      return;
    }
    const reply = await this.#page(since);
    void this.#catchUp(reply).catch((error: unknown) => {
      const { code, message } = error instanceof Refusal ? error.problem : internalProblem;
      if (!this.#isOver) this.#sink.ended(closeCodeOf(code), message);
    });
  }

  close(): void {
    this.#isOver = true;
    this.#link?.close('left');
  }

  /** Sends the pages, no faster than the client reads, then follows the inbox live. */
  async #catchUp(first: InboxReply<'openInbox'>): Promise<void> {
    let reply = first;
    if (reply.reset === true) this.#sink.reset(reply.position);
    this.#send(reply);
    while (reply.hasMore && !this.#isOver) {
      await this.#sink.drained();
      const { position } = reply;
      reply = await this.#again(() => this.#page(position));
      this.#send(reply);
    }
    if (this.#isOver) return;
    const open = { since: reply.position, limit: PAGE };
    await this.#again(() =>
      this.#follow(open, (missed) => {
        this.#send(missed);
        this.#sink.caughtUp(missed.position);
      }),
    );
  }

  /** Asks again while the refusal is temporary: many pages may cost more than the user's allowance. */
  async #again<T>(ask: () => Promise<T>): Promise<T> {
    const result = await askAgain(
      () => resultOf(ask),
      () => this.#isOver,
    );
    if (result.ok) return result.value;
    throw refusalOf(result.error);
  }

  async #page(since: string): Promise<InboxReply<'openInbox'>> {
    const open = { since, limit: PAGE };
    const result = await this.#inboxes.execute(this.#identity, 'openInbox', open);
    if (result.ok) return result;
    throw refusalOf(result.error);
  }

  #send(reply: InboxReply<'openInbox'>): void {
    const lines = inboxChangeLines(reply);
    if (lines.length > 0 && !this.#isOver) this.#sink.lines(lines, reply.position);
  }

  async #follow(open: object, opened: (reply: InboxReply<'openInbox'>) => void): Promise<void> {
    const listener: LinkListener = {
      lines: (lines, position) => {
        if (this.#isOver) return;
        const [first = '', ...rest] = lines;
        const reply = inboxReplyIn(first);
        if (reply !== undefined) opened(reply);
        const events = reply === undefined ? lines : rest;
        if (events.length > 0) this.#sink.lines(events, position);
      },
      closed: (code, reason) => {
        if (!this.#isOver) this.#sink.ended(code, reason);
      },
      buffered: () => this.#sink.buffered(),
    };
    const link = await this.#inboxes.connect(this.#identity, open, listener, true);
    if (this.#isOver) link.close('left');
    else this.#link = link;
  }
}

/** What `ask` resolves to, or the problem of its refusal. */
async function resultOf<T>(ask: () => Promise<T>): Promise<Result<{ value: T }>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.problem };
    throw error;
  }
}
