import type { Handler } from '../context.ts';
import { fileNotFound, findUnsent } from '../files/find-file.ts';

/** Marks the bytes of a reserved file as stored: from now on a message may name it. */
export const completeFile: Handler<'completeFile'> = (context, payload) => {
  const { fileId, type, sha256, width = null, height = null } = payload;
  const row = findUnsent(context, fileId);
  if (row.sha256 !== null) throw fileNotFound();
  const stored = { type, sha256, width, height };
  context.files.complete(fileId, stored);
  return { reply: { file: context.files.infoOf({ ...row, ...stored }) } };
};
