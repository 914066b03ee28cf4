import { invalidField } from '../../protocol/codes/errors.ts';
import { assertAdmin } from '../access/access.ts';
import type { Handler } from '../context.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { keyOf } from '../storage/files.ts';

/**
 * Reserves a file of an import before its bytes are stored, then marks it as stored. A message that is
 * imported later takes it; files that no message has taken at the end of the import are deleted. Quotas
 * are not checked: the files were within those of the room that they come from.
 */
export const importFile: Handler<'importFile'> = (context, { fileId, size, stored }) => {
  const { access, state, files, room, now } = context;
  assertAdmin(access);
  if (!state.importing) throw invalidField('type', 'must be export in the first line');
  const row = files.find(fileId);
  if (row !== undefined && row.sha256 !== null) {
    return { reply: { key: keyOf(row), isStored: true } };
  }
  if (state.sweepFilesAt === null) room.sweepFilesAt(now + fixed.sweepFilesMs);
  if (row !== undefined) files.remove(row);
  const file = { fileId, epoch: state.epoch, uploaderId: '', name: '', size };
  files.reserve({ ...file, previewOf: null, expiresAt: null });
  if (stored !== undefined) {
    const { width = null, height = null, ...about } = stored;
    files.complete(fileId, { ...about, width, height });
  }
  return { reply: { key: keyOf(file), isStored: stored !== undefined } };
};
