import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { UpkeepContext } from '../context.ts';
import type { Database } from '../storage/database.ts';
import type { Log, Timer } from '../ports.ts';
import { inboxUpdatesDueAt, inboxUpdateStep } from './task.ts';

/** Time between two steps, in milliseconds: other work gets done in between. */
const STEP_EVERY_MS = 20;

/** Updates due within this many milliseconds are sent by a timer, later ones by the room's wakeup. */
const TIMER_MS = 5_000;

interface InboxUpdatePorts {
  timer: Timer;
  log: Log;
  context: () => UpkeepContext;
  /** Makes sure that the room is woken at this time or before, in epoch milliseconds. */
  wakeBy: (at: number) => void;
}

/**
 * Sends changes to inboxes within about a second, in bounded steps by timer. Kept in memory only: what
 * a crash interrupts is done at the room's next wakeup.
 */
export class InboxUpdates {
  readonly #ports: InboxUpdatePorts;
  readonly #database: Database;
  #isTimerSet = false;
  /** The last user id that the pass has reached. */
  #passedTo = '';
  /** The room's `rev` when the pass began. */
  #passRev = 0;
  /** Set by a wakeup: the end of the pass is then stored, so that no other pass is due. */
  #isFinal = false;

  constructor(ports: InboxUpdatePorts, database: Database) {
    this.#ports = ports;
    this.#database = database;
  }

  /** Schedules a step, as something may have changed. Changes within a second are sent together. */
  soon(afterMs: number = inboxLimits.gatherMs): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#ports.timer.after(afterMs, () => {
      this.#isTimerSet = false;
      this.#step();
    });
  }

  /** One bounded step at a wakeup, within its transaction; timers do the rest. */
  wake(context: UpkeepContext): void {
    const { now } = context;
    if (context.sentStates.isOn)
      context.sentStates.bringForward(now, now + 2 * inboxLimits.readEveryMs);
    this.#isFinal = true;
    this.#advance(context);
  }

  #step(): void {
    try {
      const wakeAt = this.#database.atomic(() => {
        const context = this.#ports.context();
        this.#advance(context);
        return inboxUpdatesDueAt(context) ?? null;
      });
      if (wakeAt !== null) this.#ports.wakeBy(wakeAt);
    } catch (error) {
      this.#ports.log.failure('inbox updates', error);
    }
  }

  #advance(context: UpkeepContext): void {
    const { sentStates, state, now } = context;
    if (state.importing || !sentStates.isOn) return;
    if (this.#passedTo === '') this.#passRev = state.rev;
    const { hasMore, passedTo } = inboxUpdateStep(context, this.#passedTo);
    this.#passedTo = passedTo;
    const isOver = !hasMore && state.rev === this.#passRev;
    if (isOver && this.#isFinal) {
      sentStates.passed();
      this.#isFinal = false;
    }
    const nextMs = (sentStates.firstDue() ?? Infinity) - now;
    if (!isOver) this.soon(STEP_EVERY_MS);
    else if (nextMs <= TIMER_MS) this.soon(Math.max(STEP_EVERY_MS, nextMs));
    sentStates.hasMarks = false;
  }
}
