import type { Handler } from '../context.ts';
import { deleteBytes, SWEEP } from '../files/deliver.ts';
import { keyOf } from '../storage/files.ts';

/**
 * Deletes stored bytes that belong to no file of the room. A file's row is written before its bytes
 * and, once removed, never again, so bytes that were listed and have no row now are orphans. A deleted
 * room keeps no rows; its bytes are deleted by another delivery.
 */
export const sweepFiles: Handler<'sweepFiles'> = ({ files, room, state }, { keys, next }) => {
  if (state.deletion !== null) return { reply: {} };
  const orphans = keys.filter((key) => {
    const row = files.find(key.slice(key.lastIndexOf('/') + 1));
    return row === undefined || keyOf(row) !== key;
  });
  room.sweptTo(next ?? null);
  return { reply: {}, effects: deleteBytes(next === undefined ? orphans : [...orphans, SWEEP]) };
};
