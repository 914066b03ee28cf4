import { fixed } from '../../protocol/codes/limits.ts';
import { deleteBytes, EARLIER_LIVES, SWEEP } from '../files/deliver.ts';
import type { UpkeepTask } from './tasks.ts';

/** Removes files that no message has named in time, including those whose upload never ended. */
export const expiringFiles: UpkeepTask = {
  dueAt: ({ files }) => files.firstExpiry(),
  step: ({ files, now }) => deleteBytes(files.removeExpired(now, fixed.stepRows)),
};

/**
 * Deletes the files of the room's earlier lives once more: an upload may have been running at the
 * erasure.
 */
export const droppingFiles: UpkeepTask = {
  dueAt: ({ state }) => state.dropFilesAt ?? undefined,
  step: ({ room }) => {
    room.filesDropped();
    return deleteBytes([EARLIER_LIVES]);
  },
};

/** Deletes stored bytes that belong to no file, two days after an upload: a crash may have left some. */
export const sweepingFiles: UpkeepTask = {
  dueAt: ({ state }) => state.sweepFilesAt ?? undefined,
  step: ({ room }) => {
    room.sweepFilesAt(null);
    return deleteBytes([SWEEP]);
  },
};
