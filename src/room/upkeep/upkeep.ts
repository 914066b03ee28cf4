import { fixed } from '../../protocol/codes/limits.ts';
import type { RoomParts, UpkeepContext } from '../context.ts';
import { plan, type PlannedEffect } from '../effects.ts';
import { EARLIER_LIVES, FILES_TARGET } from '../files/deliver.ts';
import type { Ports } from '../ports.ts';
import type { Database } from '../storage/database.ts';
import type { InboxUpdates } from '../inbox-updates/inbox-updates.ts';
import { UNCHECKED } from '../messages/stream.ts';
import { Undecided, type Verdict } from '../verdict.ts';
import { interruptStream } from './interrupting.ts';
import { dueAt, upkeepStep } from './tasks.ts';

/** A failed step of upkeep is tried again after this many milliseconds. */
const RETRY_MS = 600_000;

/**
 * Makes a verdict final: a silent sender does not try again, so a text that could not be checked is
 * refused.
 */
function final({ draft, answer }: Verdict): Verdict {
  if (answer.type !== 'refuse' || answer.problem.code === 'refused') return { draft, answer };
  return { draft, answer: { type: 'refuse', problem: { code: 'refused', message: UNCHECKED } } };
}

function isOpen({ streams, state }: UpkeepContext, seq: number): boolean {
  return state.deletion === null && streams.find(seq) !== undefined;
}

/** Runs the room's upkeep, and knows when the room's next wakeup is set for. */
export class Upkeep {
  readonly parts: RoomParts;
  readonly #database: Database;
  readonly #ports: Pick<Ports, 'clock' | 'wakeup' | 'log'>;
  readonly #inboxUpdates: InboxUpdates;
  readonly #apply: (effects: readonly PlannedEffect[]) => void;
  /**
   * When the next wakeup is set for, in epoch milliseconds; undefined when none is set or its time is
   * not known.
   */
  wakeAt: number | undefined;
  /** Whether the storage is to be erased after the next flush. */
  erasesAfterFlush = false;

  constructor(
    parts: RoomParts,
    database: Database,
    ports: Pick<Ports, 'clock' | 'wakeup' | 'log'>,
    inboxUpdates: InboxUpdates,
    apply: (effects: readonly PlannedEffect[]) => void,
  ) {
    this.parts = parts;
    this.#database = database;
    this.#ports = ports;
    this.#inboxUpdates = inboxUpdates;
    this.#apply = apply;
  }

  /** The context of work that has no actor, as of now. */
  context(): UpkeepContext {
    const { room } = this.parts;
    return { ...this.parts, state: room.read(), now: this.#ports.clock.now() };
  }

  setWakeup(at: number | undefined): void {
    this.wakeAt = at;
    this.#ports.wakeup.set(at);
  }

  /** Makes sure that the room is woken at this time (epoch milliseconds) or before. */
  wakeBy(at: number): void {
    if (this.wakeAt === undefined || this.wakeAt > at) this.setWakeup(at);
  }

  /** Does one bounded step of what is due, and sets the next wakeup. */
  wake(): void {
    this.parts.appends.bySeq.clear();
    try {
      this.finishErasures();
      const { effects } = this.#database.atomic(() => {
        const context = this.context();
        context.deliveries.wake();
        this.#inboxUpdates.wake(context);
        const effects = [...upkeepStep(context), { type: 'wake' as const }];
        return plan(context, { reply: {}, effects }, this.wakeAt);
      });
      this.#apply(effects);
    } catch (error) {
      this.#ports.log.failure('wakeup', error);
      this.setWakeup(this.#ports.clock.now() + RETRY_MS);
    }
  }

  /** Ends a stream whose sender is silent, now that the backend has decided about its text. */
  interrupt(seq: number, verdict: Verdict): void {
    try {
      const { effects } = this.#database.atomic(() => {
        const context = { ...this.context(), verdict: final(verdict) };
        const effects = isOpen(context, seq) ? interruptStream(context, seq) : [];
        return plan(context, { reply: {}, effects }, this.wakeAt);
      });
      this.#apply(effects);
    } catch (error) {
      // The sender went on writing: the backend is asked about that other text when the stream ends.
      if (!(error instanceof Undecided)) this.#ports.log.failure('interrupt', error);
    }
  }

  /**
   * Erases a deleted room's storage, and the traces that erased rows left on the disk. Neither can be
   * done within a transaction.
   */
  finishErasures(): void {
    const { room, erasures } = this.parts;
    if (room.read().deletion === 'marked') this.#eraseAll();
    if (!erasures.hasTraces()) return;
    this.#database.reclaimSpace('traces');
    erasures.finish();
  }

  /**
   * Erases all but the deliveries and inbox updates that are owed, with their bodies. The wakeup is set
   * again, as the host may keep it in the erased storage.
   */
  #eraseAll(): void {
    const { room, deliveries, sentStates } = this.parts;
    const owed = deliveries.withBodies();
    const [sentTo, inboxUpdates] = [sentStates.all(), sentStates.state()];
    const hasFiles = room.read().fileBytes !== null;
    const again = this.#ports.clock.now() + fixed.pendingFileMs;
    this.#database.erase(() => {
      room.markErased(hasFiles ? again : null);
      deliveries.restore(owed);
      sentStates.restore(sentTo, inboxUpdates);
      if (hasFiles) deliveries.add(FILES_TARGET, EARLIER_LIVES);
    });
    this.setWakeup(dueAt(this.context()));
    if (sentTo.length > 0) this.#inboxUpdates.soon();
  }

  /** Erases the storage; call it after the flush that follows `eraseStorage`. */
  eraseAfterFlush(): void {
    this.erasesAfterFlush = false;
    try {
      this.finishErasures();
    } catch (error) {
      // The room stays marked as deleted, and the wakeup stays set.
      this.#ports.log.failure('erase', error);
    }
  }

  reclaimSpace(): void {
    this.#database.reclaimSpace('space');
  }
}
