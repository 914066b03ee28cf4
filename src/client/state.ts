import type { Payload } from '../protocol/commands.ts';
import type { MessageOf } from '../protocol/app.ts';
import type { Message, Present, RoomInfo, You } from '../protocol/objects.ts';
import type { Status } from './status.ts';
import type { Entry } from './outbox.ts';

/** A message as it is shown: with what this user has just changed of it. */
export type ShownMessage<A extends object = object> = MessageOf<A> & {
  /** A change made here is not yet known to be stored. */
  isChanging?: true;
};

/** A message of this user that is not known to be stored. */
export type Outgoing = Extract<Entry, { name: 'message' }>;

export function isOutgoing(entry: Entry): entry is Outgoing {
  return entry.name === 'message';
}

/** A change of a message that is not known to be stored. */
export type Change = Exclude<Entry, Outgoing>;

export function isChange(entry: Entry): entry is Change {
  return entry.name !== 'message';
}

export function hasFailed({ state }: Entry): boolean {
  return state === 'failed';
}

/**
 * A room as this client knows it. Never changed: a new one takes its place.
 * @example const { status, messages, hasOlder, unread } = room.state;
 */
export interface RoomState<A extends object = object> {
  roomId: string;
  status: Status;
  /** Whether pages of what was missed are still to come. */
  isCatchingUp: boolean;
  /** Undefined until the room was joined. */
  room: RoomInfo | undefined;
  you: You | undefined;
  /** One unbroken run up to the newest, by `seq`. */
  messages: readonly ShownMessage<A>[];
  /** Whether `loadOlder` may find more; false until the room was joined. */
  hasOlder: boolean;
  /** Messages on their way, in the order they were written; they belong after `messages`. */
  outgoing: readonly Outgoing[];
  /** What this user has reacted with, by `seq`, also of messages that only `ask` has loaded. */
  myReactions: ReadonlyMap<number, readonly string[]>;
  /** Edits, deletions and reactions that were refused for good. */
  failedChanges: readonly Change[];
  /** The users who are present, as far as names are known; in a crowd `onlineCount` is higher. */
  online: readonly Present[];
  onlineCount: number;
  /** Others who are typing. */
  typing: readonly Present[];
  /** How far this user has read (`seq`), what others have said since, and how often to this user. */
  readUpTo: number;
  /** 100 means "100 or more". */
  unread: number;
  /** 100 means "100 or more". */
  unreadMentions: number;
  /** How far others have read, by user id, as far as the room has sent it. */
  receipts: ReadonlyMap<string, number>;
}

/** Messages with the changes of this user that are on their way. */
export function withChanges(
  messages: readonly Message[],
  changes: readonly Change[],
): readonly ShownMessage[] {
  if (changes.length === 0) return messages;
  return messages.map((message) =>
    changes.reduce(
      (shown, entry) => (entry.payload.seq === message.seq ? changed(shown, entry) : shown),
      message,
    ),
  );
}

function changed(message: Message, entry: Change): ShownMessage {
  switch (entry.name) {
    case 'editMessage':
      return { ...message, ...editOf(entry.payload), isChanging: true };
    case 'deleteMessage': {
      const {
        reactions: _,
        mentions: __,
        meta: ___,
        streaming: ____,
        data: _____,
        ...rest
      } = message;
      return { ...rest, message: '', deletedAt: message.deletedAt ?? 0, isChanging: true };
    }
    default:
      return reacted(message, entry.payload.emoji, entry.name === 'addReaction' ? 1 : -1);
  }
}

/** What an edit puts in place of what was there; without a text, that of its data comes later. */
function editOf({ seq: _, ifRev: __, message, ...edit }: Payload<'editMessage'>): Partial<Message> {
  return (message ? { ...edit, message } : edit) as Partial<Message>;
}

function reacted(message: Message, emoji: string, by: number): ShownMessage {
  const looks = looksOf(emoji);
  const kind = Object.keys(message.reactions ?? {}).find((one) => looksOf(one) === looks) ?? emoji;
  const { [kind]: count = 0, ...others } = message.reactions ?? {};
  const reactions = count + by > 0 ? { ...message.reactions, [kind]: count + by } : others;
  return { ...message, reactions, isChanging: true };
}

/** The same for reactions that look the same, which the room counts as one kind. */
function looksOf(emoji: string): string {
  return emoji.normalize().replaceAll(/[\ufe0e\ufe0f]/g, '');
}
