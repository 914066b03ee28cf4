import type { LineOf } from '../../protocol/export-lines.ts';
import type { FileInfo, StreamEnding } from '../../protocol/objects.ts';
import { STREAMED_TEXT } from './streams.ts';

/** The fields of a message's row that are the same in an export and on the wire. */
export type StoredMessage = Omit<LineOf<'message'>, 'type' | 'deletedBy'>;

/** A row of `messages` as `COLUMNS` reads it. */
export interface MessageRow {
  seq: number;
  rev: number;
  id: string;
  senderId: string;
  sender: string;
  unverified: number;
  bot: number;
  message: string;
  timestamp: number;
  editedAt: number | null;
  deletedAt: number | null;
  replyTo: number | null;
  mentions: string | null;
  meta: string | null;
  files: string | null;
  kind: string | null;
  data: string | null;
  reactions: string | null;
  status: 'streaming' | StreamEnding | null;
}

export const COLUMNS = `seq, rev, id, sender_id AS senderId, sender, unverified, bot,
  CASE status WHEN 'streaming' THEN ${STREAMED_TEXT} ELSE message END AS message, timestamp,
  edited_at AS editedAt, deleted_at AS deletedAt, reply_to AS replyTo, mentions, meta, files,
  kind, data, reactions, status`;

/**
 * Writes a new row, without the text of a streaming message. Values: those of `rowValues`, then
 * `deletedBy`.
 */
export const INSERT = `INSERT INTO messages (seq, rev, id, sender_id, sender, unverified, message,
  timestamp, edited_at, deleted_at, reply_to, mentions, meta, files, kind, data, status, bot, deleted_by)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export function rowValues(message: StoredMessage): (string | number | null)[] {
  const { mentions, meta, files, data } = message;
  return [
    message.seq,
    message.rev,
    message.id,
    message.senderId,
    message.sender,
    message.unverified === true ? 1 : 0,
    message.streaming === true ? '' : message.message,
    message.timestamp,
    message.editedAt ?? null,
    message.deletedAt ?? null,
    message.replyTo ?? null,
    mentions === undefined ? null : JSON.stringify(mentions),
    meta === undefined ? null : JSON.stringify(meta),
    files === undefined ? null : JSON.stringify(files),
    message.kind ?? null,
    data === undefined ? null : JSON.stringify(data),
    message.streaming === true ? 'streaming' : (message.status ?? null),
    message.bot === true ? 1 : 0,
  ];
}

export function messageIn(row: MessageRow): StoredMessage {
  const { seq, rev, id, senderId, sender, message, timestamp } = row;
  return {
    seq,
    rev,
    id,
    senderId,
    sender,
    message,
    timestamp,
    ...(row.unverified === 1 && { unverified: true as const }),
    ...(row.bot === 1 && { bot: true as const }),
    ...(row.editedAt !== null && { editedAt: row.editedAt }),
    ...(row.deletedAt !== null && { deletedAt: row.deletedAt }),
    ...(row.replyTo !== null && { replyTo: row.replyTo }),
    ...(row.mentions !== null && { mentions: JSON.parse(row.mentions) as string[] }),
    ...(row.files !== null && { files: JSON.parse(row.files) as FileInfo[] }),
    ...(row.kind !== null && { kind: row.kind }),
    ...(row.data !== null && { data: JSON.parse(row.data) as Record<string, unknown> }),
    ...(row.meta !== null && { meta: JSON.parse(row.meta) as Record<string, unknown> }),
    ...(row.status === 'streaming' && { streaming: true as const }),
    ...(row.status !== null && row.status !== 'streaming' && { status: row.status }),
  };
}
