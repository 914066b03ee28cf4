import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';

/** The target of deliveries that delete bytes from the store. */
export const FILES_TARGET = 'files';

/** The key for deleting all bytes of the room, except those under the epochs in the body's `keep`. */
export const EARLIER_LIVES = '*';

/** The key for deleting stored bytes that belong to no file of the room. */
export const SWEEP = '?';

/** Effects that delete bytes from the store; each is repeated until the store confirms it. */
export function deleteBytes(keys: readonly string[]): readonly Effect[] {
  return keys.map((key) => ({ type: 'deliver', target: FILES_TARGET, key }));
}

/** The body of a delivery to the store, as JSON. */
export function filesBody({ files, state }: UpkeepContext, key: string): string {
  if (key === SWEEP) return JSON.stringify({ after: state.sweptTo });
  const keep = key === EARLIER_LIVES ? [...new Set([state.epoch, ...files.epochs()])] : [];
  return JSON.stringify({ keep });
}
