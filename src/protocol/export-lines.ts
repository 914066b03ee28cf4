import * as z from 'zod';
import { nullAsAbsent, withoutNulls } from './absent.ts';
import { actSchema, incomingSchema, messageSchema, roleSchema, whole } from './objects.ts';

/**
 * A room as a text: NDJSON, one of these a line. A row that changes while the room is exported comes
 * again, and the later one counts: of a message the one with the higher `rev`, of a member the one
 * with the higher `touched`.
 */

/** What this version writes and reads. */
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

/** A message, without what follows from other lines: `roomId`, `replyCount`, `reactions`. */
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

/** Some of those who reacted to the message with this `seq` as it was at this `rev`. */
const reactions = z.object({
  type: z.literal('reactions'),
  seq: whole(1),
  rev: whole(1),
  emoji: id,
  userIds: z.array(id),
});

const act = actSchema.extend({ type: z.literal('act'), id: whole(1) });

/** All that a room remembers of a user. */
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

/** A webhook by which another system wrote into the room, without its key. */
const incoming = incomingSchema.extend({ type: z.literal('incoming'), id, name: id });

/** What a command of the application has stored for a user about a message; without a value, nothing. */
const value = z.object({
  type: z.literal('value'),
  seq: whole(1),
  userId: id,
  value: z.unknown().optional(),
});

/** The last line: the room itself, and the `rev` that all of it is true to. */
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
});

export const exportLineSchema = z.discriminatedUnion(
  'type',
  [head, message, reactions, act, member, incoming, value, end],
  { error: 'must be one of export, message, reactions, act, member, incoming, value, end' },
);

const nullFields = new Map<unknown, ReadonlySet<string>>(
  exportLineSchema.options.map((schema) => [schema.shape.type.value, nullAsAbsent(schema)]),
);

/** Reads a line; null in an optional field is absent, as tools that rewrite lines leave it. */
export function readExportLine(value: unknown): z.ZodSafeParseResult<ExportLine> {
  const { type } = (value ?? {}) as { type?: unknown };
  return exportLineSchema.safeParse(withoutNulls(value, nullFields.get(type) ?? new Set()));
}

export type ExportLine = z.infer<typeof exportLineSchema>;
export type LineOf<T extends ExportLine['type']> = Extract<ExportLine, { type: T }>;

/** How far an export has come. */
export const exportCursorSchema = z.object({
  epoch: z.string(),
  /** People erased so far: what was exported before one more still holds them. */
  erasures: z.number(),
  /** Messages up to this `rev` are out. */
  rev: z.number(),
  /** Of this message not all reactions are. */
  within: z
    .object({ seq: z.number(), rev: z.number(), emoji: z.string(), userId: z.string() })
    .optional(),
  /** Acts up to this `id` are. */
  act: z.number(),
  /** Members up to this one, in the order of touching, are. */
  touched: z.number(),
  userId: z.string(),
  /** Users' values up to this `id` are; absent in an export that an earlier version began. */
  value: z.number().optional(),
});
export type ExportCursor = z.infer<typeof exportCursorSchema>;
