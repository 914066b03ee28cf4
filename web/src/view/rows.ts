import type { Message, Outgoing } from '../../../src/client/index.ts';
import { joinNames } from '../names.ts';
import { element } from './dom.ts';
import { messageRow, unsentRow } from './message-row.ts';
import type { Row } from './row-list.ts';
import type { RowContext, Shown } from './row-context.ts';
import { dayName, dayOf } from '../times.ts';
import { text } from '../texts.ts';

/** Messages of one sender within this time are grouped, in milliseconds. */
const TOGETHER_MS = 5 * 60_000;

export interface Stretch {
  /** The messages to show, by `seq`. */
  messages: readonly Shown[];
  /** Epoch milliseconds. */
  now: number;
  /** Messages after this `seq` were new when the reader came. */
  newAfter: number | undefined;
  /** Unsent messages, which are shown after the others. */
  unsent: readonly Outgoing[];
  /** In a thread all reply to the same message, so it is not repeated with each. */
  isThread?: boolean;
}

/** The rows of the log: days, messages, the line where the new ones begin, then unsent messages. */
export function rowsOf(context: RowContext, stretch: Stretch): Row[] {
  const { messages, now, newAfter, unsent, isThread = false } = stretch;
  const { you } = context.room.state;
  const readBy = readByOf(context);
  const rows: Row[] = [];
  let last: Message | undefined;
  let isLineDue = newAfter !== undefined;
  for (const message of messages) {
    context.names.learn(message.senderId, message.sender);
    const day = dayOf(message.timestamp);
    const isNewDay = last === undefined || day !== dayOf(last.timestamp);
    if (isNewDay) rows.push(dayRow(day, dayName(message.timestamp, now)));
    const isLine = isLineDue && message.seq > (newAfter ?? 0) && message.senderId !== you?.userId;
    if (isLine) {
      rows.push(NEW_LINE);
      isLineDue = false;
    }
    const isFirstReply = isThread && last?.seq === message.replyTo;
    const isFirst = isNewDay || isLine || isFirstReply || !standTogether(last, message, isThread);
    rows.push(
      messageRow(context, message, {
        isFirst,
        isThread,
        replies: message.replyCount ?? 0,
        readBy: message.seq === readBy?.seq ? readBy.line : '',
      }),
    );
    last = message;
  }
  let isFirst = last === undefined || last.senderId !== you?.userId;
  const ownId = context.ownId();
  for (const entry of unsent) {
    // Written in this window by another user, who has signed out since.
    if (entry.by !== undefined && entry.by !== ownId) continue;
    rows.push(unsentRow(context, entry, { isFirst, isThread }));
    isFirst = false;
  }
  return rows;
}

function standTogether(a: Message | undefined, b: Message, isThread: boolean): boolean {
  return (
    a?.senderId === b.senderId &&
    a.sender === b.sender &&
    (isThread || b.replyTo === undefined) &&
    b.timestamp - a.timestamp < TOGETHER_MS
  );
}

function dayRow(day: string, name: string): Row {
  return {
    key: `day ${day}`,
    state: name,
    draw: () => element('li', 'day', element('span', '', name)),
  };
}

const NEW_LINE: Row = {
  key: 'new',
  state: '',
  draw: () => element('li', 'new-line', element('span', '', text('newMessages'))),
};

/** Who has read this user's newest message. */
function readByOf({ room, names }: RowContext): { seq: number; line: string } | undefined {
  const { messages, you, receipts } = room.state;
  const newest = messages.findLast(
    ({ senderId, deletedAt }) => senderId === you?.userId && deletedAt === undefined,
  );
  if (newest === undefined) return undefined;
  const readers = [...receipts]
    .filter(([userId, readUpTo]) => readUpTo >= newest.seq && userId !== you?.userId)
    .map(([userId]) => names.of(userId));
  const known = readers.filter((name) => name !== undefined);
  if (readers.length === 0) return undefined;
  return { seq: newest.seq, line: joinNames(known, readers.length - known.length) };
}
