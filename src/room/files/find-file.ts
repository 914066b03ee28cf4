import { Refusal } from '../../protocol/codes/errors.ts';
import type { Context } from '../context.ts';
import type { FileRow } from '../storage/files.ts';

/**
 * Reads a file that is the actor's own and in no message.
 * @throws Refusal `file_not_found`
 */
export function findUnsent({ files, actor }: Context, fileId: string): FileRow {
  const row = files.find(fileId);
  if (row?.uploaderId !== actor.identity.userId || row.seq !== null) throw fileNotFound();
  return row;
}

export function fileNotFound(): Refusal {
  return new Refusal('file_not_found', 'There is no such file, or it was deleted.');
}
