import * as z from 'zod';
import { fileId, roomId } from './fields.ts';
import { fileSchema, roleSchema, whole } from './objects.ts';
import type { Operation } from './operation.ts';
import { fileName } from './text.ts';

/** `key` is where its bytes are, below the room's own folder. */
const storedFile = z.object({ file: fileSchema, key: z.string() });

/** What decides who may be in a room, for those who apply the room's own rule to it. */
const readers = z.object({
  private: z.boolean(),
  importing: z.boolean(),
  tokenRoomsOnly: z.boolean(),
  /**
   * Banned users, those who were kicked out and, where only those on the list may be in the room, all of
   * it. Absent where these are too many to name.
   */
  members: z
    .array(
      z.object({
        userId: z.string(),
        role: roleSchema,
        banned: z.boolean(),
        kickedUntil: z.number().optional(),
      }),
    )
    .optional(),
});

/** The part of `operations` that keeps the files of a room. */
export const fileRequests = {
  /** Before a body is read: room for a file. `key` is where its bytes go, below the room's own folder. */
  reserveFile: {
    payload: z.object({
      roomId,
      name: z.string().transform(fileName),
      size: whole(0),
      previewOf: fileId.optional(),
    }),
    reply: z.object({ fileId: z.string(), key: z.string() }),
    via: 'http',
    route: 'POST /files',
    hasOwnHandler: true,
    summary: 'Uploads a file, for a message to name.',
  },
  /** The bytes of a reserved file are stored. */
  completeFile: {
    payload: z.object({
      roomId,
      fileId,
      type: z.string(),
      sha256: z.string(),
      width: whole(1).optional(),
      height: whole(1).optional(),
    }),
    reply: z.object({ file: fileSchema }),
    cost: 0,
    via: 'service',
  },
  /** An upload has failed: what was reserved for it is free again. */
  dropFile: {
    payload: z.object({ roomId, fileId }),
    reply: z.object({}),
    cost: 0,
    via: 'service',
    access: 'always',
  },
  /**
   * A page of what the store holds of the room: bytes without a file are deleted. `next` is where the
   * store goes on; without it there is no more.
   */
  sweepFiles: {
    payload: z.object({
      roomId,
      keys: z.array(z.string()).max(1_000),
      next: z.string().optional(),
    }),
    reply: z.object({}),
    cost: 0,
    via: 'service',
    access: 'always',
  },
  /**
   * A file of an import: room for it, then, with `stored`, that its bytes are there. Ask again for each
   * of its lines. A message that is imported later names it.
   */
  importFile: {
    payload: z.object({
      roomId,
      fileId,
      size: whole(0),
      stored: z
        .object({
          type: z.string(),
          sha256: z.string(),
          width: whole(1).optional(),
          height: whole(1).optional(),
        })
        .optional(),
    }),
    reply: z.object({ key: z.string(), isStored: z.boolean() }),
    cost: 0,
    via: 'service',
    access: 'whileImporting',
  },
  /**
   * A file that the reader may see: one in a message, or one of their own. With `around`, and for a file
   * in a message, also its neighbours, and all that decides who may read them: the next readings need no
   * question.
   */
  getFile: {
    payload: z.object({ roomId, fileId, around: z.boolean().optional() }),
    reply: storedFile.extend({
      around: z.object({ files: z.array(storedFile), readers }).optional(),
    }),
    via: 'http',
    route: 'GET /files/:fileId',
    hasOwnHandler: true,
    summary: "A file's bytes.",
  },
} as const satisfies Record<string, Operation>;
