import type { Reply } from '../../protocol/commands.ts';
import { formatPosition, parsePosition, START } from '../../protocol/position.ts';
import type { Context } from '../context.ts';
import { ownReactions } from './own-reactions.ts';

/**
 * The current state of every message changed after `after`, oldest change first. `reset` when the
 * position is of another epoch or ahead of the room; the position `START` is valid in every epoch.
 */
export function missedPage(context: Context, after: string, limit: number): Reply<'getMissed'> {
  const { state, messages } = context;
  const from = parsePosition(after) ?? START;
  const isStart = from.epoch === START.epoch && from.rev === START.rev;
  if (!isStart && (from.epoch !== state.epoch || from.rev > state.rev)) {
    return { messages: [], position: formatPosition(state), complete: true, reset: true };
  }
  const page = messages.changedAfter(from.rev, limit, state);
  const rev = page.hasMore ? (page.items.at(-1)?.rev ?? state.rev) : state.rev;
  return {
    messages: page.items,
    position: formatPosition({ epoch: state.epoch, rev }),
    complete: !page.hasMore,
    ...ownReactions(context, page.items),
  };
}
