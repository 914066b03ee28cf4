import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';
import { inboxUpdatesDueAt } from '../inbox-updates/task.ts';
import { erasing } from './erasing.ts';
import { droppingFiles, expiringFiles, sweepingFiles } from './files.ts';
import { interrupting } from './interrupting.ts';
import { pruning } from './pruning.ts';

/**
 * Something a room owes without being asked. It follows from what is stored, so nothing is lost when
 * the room is evicted, and a step done twice does no harm.
 */
export interface UpkeepTask {
  /** When there is something to do, in epoch milliseconds; undefined: not until something changes. */
  dueAt(context: UpkeepContext): number | undefined;
  /** Does one bounded step. */
  step(context: UpkeepContext): readonly Effect[];
}

/** Writes what members are found by, in rooms that an earlier version has written. */
const keying: UpkeepTask = {
  dueAt: ({ state, now }) => (state.keyedTo === null ? undefined : now),
  step: ({ members }) => {
    members.fillKeys();
    return [];
  },
};

/** Takes older messages into the search index, in rooms that an earlier version has written. */
const indexing: UpkeepTask = {
  dueAt: ({ state, now }) => (state.unindexedTo > 0 ? now : undefined),
  step: ({ search }) => {
    search.goBack();
    return [];
  },
};

/** Deliveries that wait, also in a room that is imported or erased; each flush sends what is due. */
const delivering: UpkeepTask = {
  dueAt: ({ deliveries, now }) => deliveries.nextWakeup(now),
  step: () => [],
};

/** Inboxes get their updates at every wakeup, also where the room is erased. */
const inboxUpdates: UpkeepTask = { dueAt: inboxUpdatesDueAt, step: () => [] };

/** What goes on in a room that is erased or not whole yet. */
const always: readonly UpkeepTask[] = [droppingFiles, delivering, inboxUpdates];

/** In the order in which they are done. */
const tasks: readonly UpkeepTask[] = [
  erasing,
  interrupting,
  pruning,
  expiringFiles,
  sweepingFiles,
  keying,
  indexing,
  ...always,
];

/** When the room is to be woken next, in epoch milliseconds; perhaps in the past. */
export function dueAt(context: UpkeepContext): number | undefined {
  const { state, now } = context;
  if (state.deletion === 'marked') return now;
  const times = tasksOf(state).map((task) => task.dueAt(context) ?? Infinity);
  const first = Math.min(...times);
  return first === Infinity ? undefined : first;
}

function tasksOf({ deletion, importing }: UpkeepContext['state']): readonly UpkeepTask[] {
  return deletion !== null || importing ? always : tasks;
}

/** Does one bounded step of the first task that is due. */
export function upkeepStep(context: UpkeepContext): readonly Effect[] {
  const { state, now } = context;
  const due = tasksOf(state).find((task) => (task.dueAt(context) ?? Infinity) <= now);
  return due?.step(context) ?? [];
}
