import { Refusal } from '../../protocol/codes/errors.ts';
import type { FileInfo } from '../../protocol/objects.ts';
import type { Context } from '../context.ts';
import type { FileRow } from '../storage/files.ts';

/** Attaches files to the message with this `seq`. @throws Refusal as `findAttachable` does */
export function attachFiles(context: Context, fileIds: readonly string[], seq: number): FileInfo[] {
  const { files } = context;
  return findAttachable(context, fileIds).map((row) => {
    const info = files.infoOf(row);
    files.send(row, seq);
    return info;
  });
}

/**
 * The files that a message is to have: each must be the actor's own, stored, and in no message yet.
 * @throws Refusal `file_not_found`
 */
export function findAttachable({ files, actor }: Context, fileIds: readonly string[]): FileRow[] {
  return [...new Set(fileIds)].map((fileId) => {
    const row = files.find(fileId);
    const isOwn = row?.uploaderId === actor.identity.userId;
    if (!isOwn || row.sha256 === null || row.seq !== null || row.previewOf !== null) {
      throw new Refusal(
        'file_not_found',
        'Upload the file again: it is not yours, has expired, or is in another message.',
        { field: 'files' },
      );
    }
    return row;
  });
}
