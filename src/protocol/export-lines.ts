import * as z from 'zod';
import { nullAsAbsent, withoutNulls } from './absent.ts';
import { invalidField, Refusal } from './codes/errors.ts';
import { fileId } from './fields.ts';
import { actSchema, incomingSchema, messageSchema, roleSchema, whole } from './objects.ts';

/**
 * The export of a room: NDJSON, one of these objects a line. A row that changes during the export is
 * written again, and the newer line counts: the one with the higher `rev` for a message, with the
 * higher `touched` for a member.
 */

/** The version of the format that is written and read. */
export const EXPORT_VERSION = 1;

const id = z.string().min(1).max(128);
const count = whole(0);

/** The first line. */
const head = z.object({
  type: z.literal('export'),
  version: z.literal(EXPORT_VERSION, {
    error: `must be ${EXPORT_VERSION}, which this Parlor reads`,
  }),
  roomId: z.string(),
});

/** A message, without the fields that follow from other lines: `roomId`, `replyCount`, `reactions`. */
const message = messageSchema.omit({ roomId: true, replyCount: true, reactions: true }).extend({
  type: z.literal('message'),
  seq: whole(1),
  rev: whole(1),
  id: z.string().min(1).max(64),
  timestamp: count,
  editedAt: count.optional(),
  deletedAt: count.optional(),
  /** The user who deleted it; not sent to clients. */
  deletedBy: z.string().optional(),
  replyTo: whole(1).optional(),
});

/** Some of the users who reacted to the message with this `seq`, as it was at this `rev`. */
const reactions = z.object({
  type: z.literal('reactions'),
  seq: whole(1),
  rev: whole(1),
  emoji: id,
  userIds: z.array(id),
});

const act = actSchema.extend({ type: z.literal('act'), id: whole(1) });

/** Everything that a room stores about a user. */
const member = z.object({
  type: z.literal('member'),
  userId: id,
  username: id,
  unverified: z.literal(true).optional(),
  bot: z.literal(true).optional(),
  role: roleSchema,
  readUpTo: count,
  banned: z.boolean(),
  mutedUntil: count.optional(),
  kickedUntil: count.optional(),
  lastSentAt: count.optional(),
  touched: count,
});

/** An incoming webhook of the room, without its key. */
const incoming = incomingSchema.extend({ type: z.literal('incoming'), id, name: id });

/**
 * The value that a command of the application has stored for a user about a message; without `value`,
 * it was deleted.
 */
const value = z.object({
  type: z.literal('value'),
  seq: whole(1),
  userId: id,
  value: z.unknown().optional(),
});

/** The last line: the room itself, and the `rev` up to which the export is complete. */
const end = z.object({
  type: z.literal('end'),
  rev: count,
  horizon: count,
  createdAt: count,
  changedAt: count,
  owned: z.boolean(),
  topic: z.string().nullable(),
  private: z.boolean(),
  readOnly: z.boolean(),
  slowModeSeconds: count,
  retentionDays: count.nullable(),
  /** `seq` of each pinned message, the one pinned last first. */
  pins: z.array(whole(1)).optional(),
});

export const exportLineSchema = z.discriminatedUnion(
  'type',
  [head, message, reactions, act, member, incoming, value, end],
  { error: 'must be one of export, file, message, reactions, act, member, incoming, value, end' },
);

/**
 * Bytes of a file, in an export with files. The lines of a file come in the order of their bytes, and
 * before the message that names it. Each but the last holds `fixed.exportFileBytes`.
 */
export const fileLineSchema = z.object({
  type: z.literal('file'),
  fileId,
  /** Of the whole file, in bytes. */
  size: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 hexadecimal digits' }),
  /** Bytes of the file in lines before this one. */
  at: count,
  /** base64url (RFC 4648, section 5), without padding. */
  bytes: z.string(),
});
export type FileLine = z.infer<typeof fileLineSchema>;

const nullFields = new Map<unknown, ReadonlySet<string>>(
  exportLineSchema.options.map((schema) => [schema.shape.type.value, nullAsAbsent(schema)]),
);

/**
 * Reads a line. Null in an optional field counts as absent, because tools that rewrite lines
 * may write it.
 */
export function readExportLine(value: unknown): z.ZodSafeParseResult<ExportLine> {
  const { type } = (value ?? {}) as { type?: unknown };
  return exportLineSchema.safeParse(withoutNulls(value, nullFields.get(type) ?? new Set()));
}

/** The line of a file; undefined for any other. @throws Refusal for an invalid line of a file */
export function readFileLine(text: string): FileLine | undefined {
  // Avoids parsing other lines twice.
  if (!text.includes('"file"')) return undefined;
  const value = parsedObject(text);
  if (value?.['type'] !== 'file') return undefined;
  const result = fileLineSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidField(issue?.path.join('.') || 'it', issue?.message ?? 'does not fit');
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}

/** Adds the line's number to a refusal of its content; returns any other error unchanged. */
export function inLine(error: unknown, line: number): unknown {
  if (!(error instanceof Refusal) || error.code !== 'invalid_payload') return error;
  return new Refusal('invalid_payload', `Line ${line} does not fit: ${error.message}`, {
    field: `line ${line}`,
  });
}

export type ExportLine = z.infer<typeof exportLineSchema>;
export type LineOf<T extends ExportLine['type']> = Extract<ExportLine, { type: T }>;

/** How far an export has come. */
export const exportCursorSchema = z.object({
  epoch: z.string(),
  /** Users erased so far. If it has grown, earlier pages still hold data of an erased user. */
  erasures: z.number(),
  /** Messages up to this `rev` have been written. */
  rev: z.number(),
  /** The message whose reactions have been written only up to this emoji and user. */
  within: z
    .object({ seq: z.number(), rev: z.number(), emoji: z.string(), userId: z.string() })
    .optional(),
  /** Acts up to this `id` have been written. */
  act: z.number(),
  /** Members up to this one, in the order of `touched`, have been written. */
  touched: z.number(),
  userId: z.string(),
  /** Users' values up to this `id` have been written; absent in an export that an earlier version began. */
  value: z.number().optional(),
});
export type ExportCursor = z.infer<typeof exportCursorSchema>;
