import { unavailableProblem } from '../protocol/codes/errors.ts';
import type { Ids, Judge, Timer } from './ports.ts';
import type { Answer, Question, Verdict } from './verdict.ts';

/** After this many milliseconds an unanswered question has failed; a host's own timeout is shorter. */
const ANSWER_TIMEOUT_MS = 15_000;

const FAILED: Answer = { type: 'refuse', problem: unavailableProblem };

interface Pending {
  settle: (answer: Answer) => void;
  stop: () => void;
}

/** Questions to the operator's backend. While one is open its timer keeps the room in memory. */
export class Questions {
  readonly #ports: { judge: Judge; timer: Timer; ids: Ids };
  readonly #pending = new Map<string, Pending>();

  constructor(ports: { judge: Judge; timer: Timer; ids: Ids }) {
    this.#ports = ports;
  }

  /**
   * Asks about a text. `settle` is called once, in a later turn, or never when the room is evicted
   * before.
   */
  ask(question: Question, settle: (verdict: Verdict) => void): void {
    const { judge, timer, ids } = this.#ports;
    const id = ids.make();
    const stop = timer.after(ANSWER_TIMEOUT_MS, () => this.decided(id, FAILED));
    const { draft } = question;
    this.#pending.set(id, { stop, settle: (answer) => settle({ draft, answer }) });
    judge.ask(id, question);
  }

  /** Takes the answer to a question; ignored when the question is not open. */
  decided(id: string, answer: Answer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.stop();
    pending.settle(answer);
  }
}
