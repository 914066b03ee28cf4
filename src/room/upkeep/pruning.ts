import { fixed } from '../../protocol/codes/limits.ts';
import { logDelivery } from '../hook/deliver.ts';
import { removeDependents } from '../messages/remove-dependents.ts';
import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';
import type { UpkeepTask } from './tasks.ts';

const DAY_MS = 86_400_000;

/** Retention: once a day, removes messages that are older than `retentionDays`. */
export const pruning: UpkeepTask = { dueAt: pruneDueAt, step: prune };

function pruneDueAt({ messages, state }: UpkeepContext): number | undefined {
  if (state.retentionDays === null) return undefined;
  const [oldest] = messages.oldest(1);
  if (oldest === undefined) return undefined;
  // A message expires one millisecond after its days are over.
  const over = oldest.timestamp + state.retentionDays * DAY_MS + 1;
  return Math.max(over, (state.prunedAt ?? 0) + fixed.pruneEveryMs);
}

/** Removes up to 500 rows: the oldest expired messages, with their dependents. */
function prune(context: UpkeepContext): readonly Effect[] {
  const { messages, search, erasures, sentStates, room, state, now } = context;
  const cutoff = now - (state.retentionDays ?? Infinity) * DAY_MS;
  let left: number = fixed.stepRows;
  let last = 0;
  // The webhook may keep a failed request with messages removed here: it drops that when the log
  // changes.
  const removed: Effect[] = [...logDelivery(context)];
  for (const message of messages.oldest(fixed.stepRows)) {
    if (left <= 0 || message.timestamp >= cutoff) break;
    removed.push(...removeDependents(context, message));
    left -= 1 + countOf(message.reactions);
    last = message.seq;
  }
  messages.removeUpTo(last);
  sentStates.markAll();
  const [kept] = messages.oldest(1);
  room.setHorizon(Math.max(state.horizon, kept?.seq ?? last + 1));
  if (kept !== undefined && kept.timestamp < cutoff) {
    return [...removed, { type: 'reclaimSpace' }];
  }
  room.pruned(now);
  // Rows removed from the search index leave empty pages in it.
  search.beginRewrite();
  erasures.beginRewrite();
  const event = { name: 'roomUpdated' as const, payload: room.info() };
  return [
    ...removed,
    { type: 'broadcast', event, audience: { to: 'everyone' } },
    { type: 'reclaimSpace' },
  ];
}

function countOf(reactions: Record<string, number> = {}): number {
  return Object.values(reactions).reduce((sum, count) => sum + count, 0);
}
