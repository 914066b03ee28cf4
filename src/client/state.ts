import type { Payload } from '../protocol/commands.ts';
import type { MessageOf } from '../protocol/app.ts';
import type { Message, Present, RoomInfo, You } from '../protocol/objects.ts';
import type { Status } from './status.ts';
import type { Entry } from './outbox.ts';

/** A message as it is shown: with this user's changes that are not known to be stored. */
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
 * A room as this client knows it. Immutable: a change makes a new object.
 * @example const { status, messages, hasOlder, unread } = room.state;
 */
export interface RoomState<A extends object = object> {
  roomId: string;
  status: Status;
  /** Whether pages of missed messages are still expected. */
  isCatchingUp: boolean;
  /** Undefined until the room was joined. */
  room: RoomInfo | undefined;
  you: You | undefined;
  /** Without gaps up to the newest message, by `seq`. */
  messages: readonly ShownMessage<A>[];
  /** Whether `loadOlder` may find more; false until the room was joined. */
  hasOlder: boolean;
  /** Messages that are not stored yet, in the order they were written; shown after `messages`. */
  outgoing: readonly Outgoing[];
  /** This user's reactions, by `seq`, also to messages that only `ask` has loaded. */
  myReactions: ReadonlyMap<number, readonly string[]>;
  /** Edits, deletions and reactions that were refused for good. */
  failedChanges: readonly Change[];
  /** The users who are present, as far as their names are known; in a crowd `onlineCount` is higher. */
  online: readonly Present[];
  onlineCount: number;
  /** Other users who are typing. */
  typing: readonly Present[];
  /**
   * How far this user has read (`seq`), how many messages of others are newer, and how many of those
   * mention this user.
   */
  readUpTo: number;
  /** 100 means "100 or more". */
  unread: number;
  /** 100 means "100 or more". */
  unreadMentions: number;
  /** How far others have read, by user id, as far as the room has sent it. */
  receipts: ReadonlyMap<string, number>;
}

/** Messages with this user's changes that are not stored yet. */
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

/** The fields that an edit replaces. Without a text, the room makes one from the data later. */
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

/** The same text for reactions that look the same, which the room counts as one kind. */
function looksOf(emoji: string): string {
  return emoji.normalize().replaceAll(/[\ufe0e\ufe0f]/g, '');
}
