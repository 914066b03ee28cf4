import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';

/** The target of deliveries that delete bytes from the store. */
export const FILES_TARGET = 'files';

/** The key that means all bytes of the room but those under the epochs that the body keeps. */
export const EARLIER_LIVES = '*';

/** The key that means a look at what the store holds, for bytes that the room has no file for. */
export const SWEEP = '?';

/** Deletes bytes from the store, until it says that they are gone. */
export function deleteBytes(keys: readonly string[]): readonly Effect[] {
  return keys.map((key) => ({ type: 'deliver', target: FILES_TARGET, key }));
}

/** What a delivery to the store says, as JSON. */
export function filesBody({ files, state }: UpkeepContext, key: string): string {
  if (key === SWEEP) return JSON.stringify({ after: state.sweptTo });
  const keep = key === EARLIER_LIVES ? [...new Set([state.epoch, ...files.epochs()])] : [];
  return JSON.stringify({ keep });
}
