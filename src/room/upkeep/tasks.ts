import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';
import { inboxUpdatesDueAt } from '../inbox-updates/task.ts';
import { erasing } from './erasing.ts';
import { droppingFiles, expiringFiles, sweepingFiles } from './files.ts';
import { interrupting } from './interrupting.ts';
import { pruning } from './pruning.ts';

/**
 * Work that a room does without being asked. It follows from stored rows, so nothing is lost when the
 * room is evicted, and a repeated step does no harm.
 */
export interface UpkeepTask {
  /** When there is something to do, in epoch milliseconds; undefined: not until something changes. */
  dueAt(context: UpkeepContext): number | undefined;
  /** Does one bounded step. */
  step(context: UpkeepContext): readonly Effect[];
}

/** Writes the search keys of members, in rooms that an earlier version wrote without them. */
const keying: UpkeepTask = {
  dueAt: ({ state, now }) => (state.keyedTo === null ? undefined : now),
  step: ({ members }) => {
    members.fillKeys();
    return [];
  },
};

/** Indexes older messages for search, in rooms that an earlier version wrote. */
const indexing: UpkeepTask = {
  dueAt: ({ state, now }) => (state.unindexedTo > 0 ? now : undefined),
  step: ({ search }) => {
    search.goBack();
    return [];
  },
};

/**
 * Wakes the room for waiting deliveries, also while it is imported or erased; each flush sends those
 * due.
 */
const delivering: UpkeepTask = {
  dueAt: ({ deliveries, now }) => deliveries.nextWakeup(now),
  step: () => [],
};

/** Wakes the room for inbox updates, also once it is erased; every wakeup does a step of them. */
const inboxUpdates: UpkeepTask = { dueAt: inboxUpdatesDueAt, step: () => [] };

/** Tasks that also run in a room that is erased or being imported. */
const always: readonly UpkeepTask[] = [droppingFiles, delivering, inboxUpdates];

/** In order of priority: each step runs the first task that is due. */
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
