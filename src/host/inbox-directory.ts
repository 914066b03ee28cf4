import { base64url } from 'jose';
import type { Identity } from '../protocol/identity.ts';
import type { Result } from '../protocol/frames.ts';
import type { InboxCommandName, InboxReply } from '../protocol/inbox-commands.ts';
import { DIRECT_PREFIX } from '../protocol/inbox-objects.ts';
import type { LinkListener, RoomLink } from './room-directory.ts';

/** How a transport reaches inboxes, wherever they live. */
export interface InboxDirectory {
  /** Runs a command in the inbox of an identity. Resolves when its changes are durable; never rejects. */
  execute<N extends InboxCommandName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<InboxReply<N>>>;
  /**
   * Opens an inbox. The listener's first line will be `["inbox", result]`.
   * @param open payload of `openInbox`
   * @param silent only listens: sends no commands
   * @throws Refusal when the inbox refuses it
   */
  connect(
    identity: Identity,
    open: unknown,
    listener: LinkListener,
    silent?: boolean,
  ): Promise<RoomLink>;
}

/** How many characters of the hash are in the id of a direct room: 132 bits. */
const HASH_CHARACTERS = 22;

/** The id of the direct room of two users, the same for both. */
export async function directRoomId(one: string, other: string): Promise<string> {
  const pair = new TextEncoder().encode(JSON.stringify([one, other].toSorted()));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', pair));
  return `${DIRECT_PREFIX}${base64url.encode(hash).slice(0, HASH_CHARACTERS)}`;
}
