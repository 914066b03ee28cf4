import type { Outcome, UpkeepContext } from '../context.ts';
import { eraseStep } from './erasing.ts';
import { pruneDueAt, pruneStep } from './pruning.ts';

/**
 * What a room owes without being asked. All of it can be told from what is stored, so nothing is
 * lost with the object, and doing it twice does no harm.
 */

/** When there is something to do next, in epoch milliseconds. */
export function dueAt(context: UpkeepContext): number | undefined {
  const { state, erasures, now } = context;
  if (state.deletion === 'marked') return now;
  if (state.deletion === 'erased' || state.importing) return undefined;
  const isNow = erasures.first() !== undefined || state.unindexedTo > 0;
  return isNow ? now : pruneDueAt(context);
}

/** One bounded step of what is due now. */
export function upkeep(context: UpkeepContext): Outcome<object> {
  const { state, erasures, search, now } = context;
  if (state.deletion !== null || state.importing) return { reply: {} };
  const erasure = erasures.first();
  if (erasure !== undefined) return eraseStep(context, erasure);
  const due = pruneDueAt(context);
  if (due !== undefined && due <= now) return pruneStep(context);
  search.goBack();
  return { reply: {} };
}
