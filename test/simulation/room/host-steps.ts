import { Refusal } from '../../../src/protocol/codes/errors.ts';
import { fixed } from '../../../src/protocol/codes/limits.ts';
import { type RoomHarness, StorageFault } from '../../unit/room/room-harness.ts';

/** Things that happen to a room's host, independent of commands. */
export type HostStep =
  | { do: 'pass' | 'turnBack'; ms: number }
  | { do: 'flush' | 'failCommit' | 'sleep' | 'die' | 'tellEnds' | 'wake' }
  | { do: 'failStorage'; after: number };

export function inject(harness: RoomHarness, what: HostStep): void {
  switch (what.do) {
    case 'pass':
      harness.pass(what.ms);
      break;
    case 'turnBack':
      harness.now -= what.ms;
      break;
    case 'flush':
      harness.flush();
      break;
    case 'failCommit':
      harness.flush(true);
      break;
    case 'sleep':
      orFault(() => harness.sleep());
      break;
    case 'die':
      harness.die();
      break;
    case 'wake':
      orFault(() => harness.wake());
      break;
    case 'tellEnds':
      orFault(() => harness.tellEnds());
      break;
    case 'failStorage':
      harness.sql.failAfter = what.after;
      break;
    default:
  }
}

/** Runs `work`; ignores a storage fault or a refusal, after which a host goes on. */
export function orFault(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof StorageFault || error instanceof Refusal) return;
    throw error;
  }
}

/**
 * Ends all faults and lets time pass until no more connections are closed. A round takes longer than
 * three grace periods, which is how long a user may stay listed after the clock was set back (`Presence`).
 * @param between sends commands in each round, before its last flush
 */
export function comeToRest(
  harness: RoomHarness,
  openCount: () => number,
  between: () => void = () => undefined,
): void {
  harness.sql.failAfter = Infinity;
  harness.flush();
  for (let open = -1; open !== openCount();) {
    open = openCount();
    harness.tellEnds();
    harness.flush();
    harness.pass(3 * fixed.graceMs + 1_000);
    between();
    harness.flush();
  }
}
