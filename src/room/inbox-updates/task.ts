import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { UpkeepContext } from '../context.ts';
import { evaluate } from './evaluate.ts';

/** The latest time for the next step of inbox updates; undefined: none is due until a change. */
export function inboxUpdatesDueAt({ sentStates, state, now }: UpkeepContext): number | undefined {
  if (!sentStates.isOn || state.importing) return undefined;
  const { passDue, sweptTo } = sentStates.state();
  const first = Math.min(
    sweptTo === null ? Infinity : now,
    passDue ?? Infinity,
    sentStates.firstDue() ?? Infinity,
  );
  if (first === Infinity) return undefined;
  // Updates that are due already are sent by timers; the wakeup is for timers that were lost.
  const least = first > now ? inboxLimits.pushWaitMs : inboxLimits.presentMs;
  return Math.max(now + least, Math.min(first, now + inboxLimits.readEveryMs));
}

/**
 * One bounded step of inbox updates: users who are due, then a sweep over all members, then a pass over
 * the users whom a new message may concern (`SentStates.affectedByMessage`).
 * @param passedTo the last user id that the pass has reached
 * @returns where the pass stands, as in `passedTo`; an empty string when it is done or not due
 */
export function inboxUpdateStep(
  context: UpkeepContext,
  passedTo: string,
): { hasMore: boolean; passedTo: string } {
  const { sentStates, now } = context;
  const limit = inboxLimits.stepUsers;
  const due = sentStates.due(now, limit);
  for (const userId of due) evaluate(context, userId);
  if (due.length === limit) return { hasMore: true, passedTo };
  if (sweepStep(context, limit)) return { hasMore: true, passedTo };
  if (sentStates.state().passDue === null) return { hasMore: false, passedTo: '' };
  const found = sentStates.affectedByMessage(passedTo, limit);
  for (const userId of found) evaluate(context, userId);
  const hasMore = found.length === limit;
  return { hasMore, passedTo: hasMore ? (found.at(-1) ?? '') : '' };
}

/** Evaluates the next members of a sweep. @returns whether a sweep was under way */
function sweepStep(context: UpkeepContext, limit: number): boolean {
  const { sentStates, members, state } = context;
  const { sweptTo } = sentStates.state();
  if (sweptTo === null) return false;
  const found = state.deletion === null ? members.after(sweptTo, limit) : [];
  for (const { userId } of found) evaluate(context, userId);
  sentStates.setSweptTo(found.length === limit ? (found.at(-1)?.userId ?? null) : null);
  return true;
}
