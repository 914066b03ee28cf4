import type { Handler } from '../context.ts';
import { fileNotFound } from '../files/find-file.ts';
import { keyOf } from '../storage/files.ts';

/** A file in a message, or one of the actor's own that waits for one. */
export const getFile: Handler<'getFile'> = ({ files, actor }, { fileId }) => {
  const row = files.find(fileId);
  if (row === undefined || row.sha256 === null) throw fileNotFound();
  const isSent = row.seq !== null;
  if (!isSent && row.uploaderId !== actor.identity.userId) throw fileNotFound();
  return { reply: { file: files.infoOf(row), key: keyOf(row), isSent } };
};
