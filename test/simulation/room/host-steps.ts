import { Refusal } from '../../../src/protocol/codes/errors.ts';
import { type StagedRoom, StorageFault } from '../../unit/room/staged-room.ts';

/** Events of a room's host, independent of its commands. */
export type HostStep =
  | { do: 'pass' | 'turnBack'; ms: number }
  | { do: 'flush' | 'failCommit' | 'sleep' | 'die' | 'tellEnds' | 'wake' }
  | { do: 'failStorage'; after: number };

export function inject(stage: StagedRoom, what: HostStep): void {
  switch (what.do) {
    case 'pass':
      stage.pass(what.ms);
      break;
    case 'turnBack':
      stage.now -= what.ms;
      break;
    case 'flush':
      stage.flush();
      break;
    case 'failCommit':
      stage.flush(true);
      break;
    case 'sleep':
      orFault(() => stage.sleep());
      break;
    case 'die':
      stage.die();
      break;
    case 'wake':
      orFault(() => stage.wake());
      break;
    case 'tellEnds':
      orFault(() => stage.tellEnds());
      break;
    case 'failStorage':
      stage.sql.failAfter = what.after;
      break;
    default:
  }
}

/** Storage that fails while a room wakes keeps it from waking; its host says so and goes on. */
export function orFault(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof StorageFault || error instanceof Refusal) return;
    throw error;
  }
}

/**
 * Ends all faults and lets time pass until nobody is sent away any more.
 * @param meanwhile what is said in each round before the room's answers come
 */
export function comeToRest(
  stage: StagedRoom,
  openCount: () => number,
  meanwhile: () => void = () => undefined,
): void {
  stage.sql.failAfter = Infinity;
  stage.flush();
  for (let open = -1; open !== openCount();) {
    open = openCount();
    stage.tellEnds();
    stage.flush();
    stage.pass(6_000);
    meanwhile();
    stage.flush();
  }
}
