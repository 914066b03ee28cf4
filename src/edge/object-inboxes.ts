import type { InboxDirectory } from '../host/inbox-directory.ts';
import type { LinkListener, RoomLink } from '../host/room-directory.ts';
import { closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Refusal } from '../protocol/codes/errors.ts';
import { commandLine, type Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { InboxCommandName, InboxReply } from '../protocol/inbox-commands.ts';
import { callRoom } from './call-room.ts';
import { listen, openInbox } from './connect-room.ts';
import type { Environment } from './environment.ts';

/** Inboxes as Durable Objects, one for each user. */
export class ObjectInboxes implements InboxDirectory {
  readonly #inboxes: Environment['INBOX'];

  constructor(inboxes: Environment['INBOX']) {
    this.#inboxes = inboxes;
  }

  async execute<N extends InboxCommandName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<InboxReply<N>>> {
    try {
      return await callRoom<Result<InboxReply<N>>>(async () =>
        this.#inboxes.getByName(identity.userId).execute(identity, name, payload),
      );
    } catch (error) {
      return { ok: false, error: (error as Refusal).problem };
    }
  }

  /** A link that breaks is closed with 4000: its client reconnects with its position. */
  async connect(
    identity: Identity,
    open: unknown,
    listener: LinkListener,
    silent = false,
  ): Promise<RoomLink> {
    const context = { identity, join: open, end: 'link', ...(silent && { silent }) } as const;
    const socket = await openInbox(this.#inboxes, identity.userId, context);
    const transport = {
      lines: (lines: readonly string[], position: string | undefined) =>
        listener.lines(lines, position),
      closed: (code: number, reason: string) => listener.closed(code, reason),
      broken: () => listener.closed(closeCodes.goingAway, closeReasons[closeCodes.goingAway]),
    };
    // Nothing of an inbox is ephemeral.
    const link = listen(socket, transport, () => true);
    return {
      send: (command) => link.send(commandLine(command)),
      renew: (renewed) => link.renew(renewed),
      close: (reason) => link.close(reason),
    };
  }
}
