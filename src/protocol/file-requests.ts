import * as z from 'zod';
import { fileId, roomId } from './fields.ts';
import { fileSchema, whole } from './objects.ts';
import type { Operation } from './operation.ts';
import { fileName } from './text.ts';

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
   * A file that the reader may see. `isSent`: in a message, so that everybody in the room may. `isOpen`:
   * everybody who has signed in may, as things stand.
   */
  getFile: {
    payload: z.object({ roomId, fileId }),
    reply: z.object({
      file: fileSchema,
      key: z.string(),
      isSent: z.boolean(),
      isOpen: z.boolean(),
    }),
    via: 'http',
    route: 'GET /files/:fileId',
    hasOwnHandler: true,
    summary: "A file's bytes.",
  },
} as const satisfies Record<string, Operation>;
