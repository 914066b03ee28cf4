import * as z from 'zod';
import { fixed } from './codes/limits.ts';
import { exportCursorSchema } from './export-lines.ts';
import { flag, hasMore, roomId } from './fields.ts';
import { actSchema, knownUserIdSchema, roomSchema, whole } from './objects.ts';
import type { Operation } from './operation.ts';

/** The part of `operations` that manages a whole room over HTTP. */
export const requests = {
  getRoom: {
    payload: z.object({ roomId }),
    reply: z.object({ room: roomSchema, onlineCount: z.number() }),
    via: 'http',
    route: 'GET /',
    summary: 'The room as it stands, and how many are online.',
  },
  getAudit: {
    payload: z.object({
      roomId,
      before: whole(1).optional(),
      limit: whole(1, fixed.auditPage).optional(),
    }),
    reply: z.object({ acts: z.array(actSchema), hasMore }),
    via: 'http',
    route: 'GET /audit',
    summary: 'What owners, moderators and admins have done, newest first.',
  },
  deleteRoom: {
    payload: z.object({ roomId }),
    reply: z.object({}),
    via: 'http',
    access: 'whileImporting',
    route: 'DELETE /',
    hasOwnHandler: true,
    summary: 'Deletes the room with all that is in it; for owners and admins.',
  },
  reopenRoom: {
    payload: z.object({ roomId }),
    reply: z.object({ room: roomSchema }),
    via: 'http',
    access: 'whenDeleted',
    awaitsErasures: true,
    route: 'PUT /',
    hasOwnHandler: true,
    summary: 'Lets a deleted room be used again; for admins.',
  },
  /** Send it again until `done`: each request does a part, and the room also continues by itself. */
  eraseUser: {
    payload: z.object({ roomId, userId: knownUserIdSchema }),
    reply: z.object({ done: z.boolean() }),
    via: 'http',
    awaitsErasures: true,
    route: 'DELETE /users/:userId',
    hasOwnHandler: true,
    summary: 'Erases a person from the room; for admins.',
  },
  /**
   * `cursor`: the `next` of the previous page; transports do not expose it. With `files` the reply
   * names the files of the messages in its `text`; `key` is where the bytes are, below the room's
   * folder.
   */
  exportRoom: {
    payload: z.object({ roomId, cursor: exportCursorSchema.optional(), files: flag }),
    reply: z.object({
      text: z.string(),
      next: exportCursorSchema.optional(),
      files: z
        .array(
          z.object({ fileId: z.string(), key: z.string(), size: whole(0), sha256: z.string() }),
        )
        .optional(),
    }),
    via: 'http',
    route: 'GET /export',
    hasOwnHandler: true,
    summary: 'Everything in the room, one JSON object a line; for owners and admins.',
  },
  /** Lines of an export; `line` is the number of the first, for error messages. */
  importRoom: {
    payload: z.object({ roomId, text: z.string(), line: whole(1) }),
    reply: z.object({ done: z.boolean(), position: z.string() }),
    via: 'http',
    access: 'whileImporting',
    route: 'POST /import',
    hasOwnHandler: true,
    summary: 'Takes the lines of an export into an empty room; for admins.',
  },
} as const satisfies Record<string, Operation>;
