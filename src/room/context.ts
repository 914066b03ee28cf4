import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { OperationName, Payload, Reply } from '../protocol/commands.ts';
import type { EventName, EventPayload } from '../protocol/events.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import type { Receipt } from '../protocol/objects.ts';
import type { Connection, ConnectionState, Ids, Name } from './ports.ts';
import type { Presence } from './presence/presence.ts';
import type { Access } from './access/access.ts';
import type { Audit } from './storage/audit.ts';
import type { Erasures } from './storage/erasures.ts';
import type { Members } from './storage/members.ts';
import type { Mentions } from './storage/mentions.ts';
import type { Messages } from './storage/messages.ts';
import type { Reactions } from './storage/reactions.ts';
import type { Records } from './storage/records.ts';
import type { RoomRow, RoomState } from './storage/room-row.ts';
import type { SearchIndex } from './storage/search-index.ts';
import type { Typing } from './presence/typing.ts';

/** Who speaks: a connection, or somebody who asks over HTTP without joining. */
export interface Actor {
  identity: Identity;
  connection?: Connection;
}

/** Everything a command's handler may look at. Handlers decide and write; they cannot send. */
export interface Context {
  roomId: string;
  actor: Actor;
  /** What the speaker may do. */
  access: Access;
  /** The room as it was when the command came. */
  state: RoomState;
  /** Epoch milliseconds when the command came. */
  now: number;
  room: RoomRow;
  messages: Messages;
  records: Records;
  members: Members;
  reactions: Reactions;
  mentions: Mentions;
  search: SearchIndex;
  audit: Audit;
  erasures: Erasures;
  presence: Presence;
  typing: Typing;
  limits: Limits;
  ids: Ids;
}

/** An event for everyone who has joined, but for the connection that caused it. */
export type RoomEvent = {
  [N in EventName]: { name: N; payload: EventPayload<N> };
}[EventName];

/** What a handler decided. */
export interface Outcome<R> {
  reply: R;
  /** For a durable change of messages: where the room stands with it. */
  position?: string;
  tell?: RoomEvent[];
  /** What becomes of the speaker's connection. */
  connection?: Partial<ConnectionState>;
  /** A read position that has grown. */
  receipt?: Receipt;
  /** Whose read position is no more, nor told any more. */
  unread?: { userId: string };
  /** Whose access may have ended: this user's, or anyone's. */
  recheck?: { userId: string } | 'everyone';
  /** Who is sent away, joined or not. */
  sendAway?: { userId?: string; code: CloseCode; reason?: string };
  /** What is stored is to be dropped as soon as this is stored. */
  erase?: true;
  /** Rows are gone whose space can be given back. */
  frees?: true;
  /** The time of the room's next wakeup may be another one now. */
  wake?: true;
}

/** What a room does without being asked has no speaker. */
export type UpkeepContext = Omit<Context, 'actor' | 'access'>;

export type Handler<N extends OperationName> = (
  context: Context,
  payload: Payload<N>,
) => Outcome<Reply<N>>;

/** The speaker as messages, notices and lists show them. */
export interface ActorName extends Name {
  userId: string;
}
