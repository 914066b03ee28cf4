import type { OperationName } from '../protocol/commands.ts';
import type { ErrorCode } from '../protocol/codes/errors.ts';
import type { QuestionOutcome } from '../hooks/before-message.ts';
import type { Meter } from '../room/ports.ts';
import type { Fields } from './logger.ts';
import { Counter, COUNTS, Histogram } from './metrics.ts';

/**
 * What rooms have done since these counts were made: one room at the edge, all rooms of a
 * process on Node.
 */
export class RoomCounts implements Meter {
  commands = new Counter();
  refusals = new Counter();
  lines = new Counter();
  /** Frames sent in one flush. */
  flushes = new Histogram(COUNTS);
  /** Missed messages in replies to resuming joins. */
  resumes = new Histogram(COUNTS);
  wakeups = new Counter();
  /** Attempts at deliveries to targets outside, by outcome. */
  attempts = new Counter();
  /** Questions to the backend before texts are stored, by outcome. */
  questions = new Counter();

  /** Counts from zero again. */
  clear(): void {
    Object.assign(this, new RoomCounts());
  }

  done(name: OperationName, missed: number | undefined): void {
    this.commands.add(name);
    if (name === 'joinRoom' && missed !== undefined) this.resumes.observe(missed);
  }

  refused(code: ErrorCode): void {
    this.refusals.add(code);
  }

  attempted(outcome: 'delivered' | 'failed'): void {
    this.attempts.add(outcome);
  }

  asked(outcome: QuestionOutcome, _ms: number): void {
    this.questions.add(outcome);
  }

  flushed(frames: number, lines: number): void {
    this.flushes.observe(frames);
    this.lines.add('', lines);
  }

  woken(): void {
    this.wakeups.add();
  }

  get isEmpty(): boolean {
    return (
      this.commands.total +
        this.refusals.total +
        this.flushes.count +
        this.wakeups.total +
        this.attempts.total +
        this.questions.total ===
      0
    );
  }

  /** All counts as fields of one log line. */
  get summary(): Fields {
    const refused = [...this.refusals.all].map(([code, count]) => [`refused_${code}`, count]);
    const questions = [...this.questions.all].map(([how, count]) => [`question_${how}`, count]);
    return {
      wakeups: this.wakeups.total,
      commands: this.commands.total,
      messages: this.commands.of('message'),
      joins: this.commands.of('joinRoom'),
      resumes: this.resumes.count,
      missed: this.resumes.sum,
      largestResume: this.resumes.largest,
      flushes: this.flushes.count,
      deliveries: this.flushes.sum,
      largestFlush: this.flushes.largest,
      lines: this.lines.total,
      targetsReached: this.attempts.of('delivered'),
      targetsFailed: this.attempts.of('failed'),
      ...(Object.fromEntries([...refused, ...questions]) as Fields),
    };
  }
}
