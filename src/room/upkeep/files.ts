import { fixed } from '../../protocol/codes/limits.ts';
import { deleteBytes, EARLIER_LIVES, SWEEP } from '../files/deliver.ts';
import type { UpkeepTask } from './tasks.ts';

/** Removes files that no message has named in time, with those whose upload has never ended. */
export const expiringFiles: UpkeepTask = {
  dueAt: ({ files }) => files.firstExpiry(),
  step: ({ files, now }) => deleteBytes(files.removeExpired(now, fixed.stepRows)),
};

/** Deletes the files of an earlier life once more: an upload may have been under way at its end. */
export const droppingFiles: UpkeepTask = {
  dueAt: ({ state }) => state.dropFilesAt ?? undefined,
  step: ({ room }) => {
    room.filesDropped();
    return deleteBytes([EARLIER_LIVES]);
  },
};

/** Looks for bytes without a file, two days after an upload: a crash of the service may have left some. */
export const sweepingFiles: UpkeepTask = {
  dueAt: ({ state }) => state.sweepFilesAt ?? undefined,
  step: ({ room }) => {
    room.sweepFilesAt(null);
    return deleteBytes([SWEEP]);
  },
};
