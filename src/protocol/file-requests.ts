import * as z from 'zod';
import { fileId, roomId } from './fields.ts';
import { fileSchema, roleSchema, whole } from './objects.ts';
import type { Operation } from './operation.ts';
import { fileName } from './text.ts';

/** `key` is where its bytes are, below the room's own folder. */
const storedFile = z.object({ file: fileSchema, key: z.string() });

/**
 * The state that decides who may be in a room, so that a host can apply the room's rule
 * without asking it.
 */
const readers = z.object({
  private: z.boolean(),
  importing: z.boolean(),
  tokenRoomsOnly: z.boolean(),
  /**
   * Banned users, kicked users and, where only members may enter, all members. Absent where they are
   * too many to name.
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
  /**
   * Reserves space for a file before its body is read. `key` is where its bytes go, below the
   * room's own folder.
   */
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
  /** Completes a reserved file, once its bytes are stored. */
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
  /** Frees what was reserved for an upload that has failed. */
  dropFile: {
    payload: z.object({ roomId, fileId }),
    reply: z.object({}),
    cost: 0,
    via: 'service',
    access: 'always',
  },
  /**
   * Takes a page of the keys that the store holds for the room; bytes that belong to no file are
   * deleted. `next` is where the store's next page begins; absent on the last one.
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
   * Reserves a file of an import, and with `stored` completes it. Ask again for each of its lines. A
   * message that is imported later names it.
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
   * A file that the reader may see: one in a message, or one of their own. With `around`, and for a
   * file in a message, also its neighbours and the state that decides who may read them, so that the
   * next reads need not ask the room.
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
