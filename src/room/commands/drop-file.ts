import type { Handler } from '../context.ts';
import { deleteBytes } from '../files/deliver.ts';
import { weightOf } from '../storage/files.ts';

/** Removes a file of the actor's own that no message names: its upload has failed. */
export const dropFile: Handler<'dropFile'> = ({ files, actor, now }, { fileId }) => {
  const { userId } = actor.identity;
  const row = files.find(fileId);
  if (row?.uploaderId !== userId || row.seq !== null) return { reply: {} };
  if (row.sha256 === null) files.use(userId, -weightOf(row.size), now);
  return { reply: {}, effects: deleteBytes([files.remove(row)]) };
};
