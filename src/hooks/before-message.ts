import { base64url } from 'jose';
import { type Problem, unavailableProblem } from '../protocol/codes/errors.ts';
import { fixed } from '../protocol/codes/limits.ts';
import type { RequestName } from '../protocol/commands.ts';
import type { Executed } from '../room/execute.ts';
import type { Judge } from '../room/ports.ts';
import type { Answer, Question, Verdict } from '../room/verdict.ts';
import { listOf } from '../settings/hook-declarations.ts';
import type { Settings } from '../settings/settings.ts';
import type { AskEndpoint } from './ask-backend.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { HookEndpoint } from './post.ts';
import { readAnswer } from './read-answer.ts';

/**
 * How a question ended; `skipped`: not asked while the backend fails; `busy`: not asked because too
 * many are open.
 */
export type QuestionOutcome = Answer['type'] | 'failed' | 'skipped' | 'busy';

/** A question that has failed. */
export interface BackendFailure {
  /** Epoch milliseconds. */
  at: number;
  roomId: string;
  reason: string;
}

/** The state of the backend that decides about texts, for operators. */
export interface BackendStatus {
  /**
   * How many questions ended in each way since the process started; absent where each room
   * counts for itself.
   */
  questions?: Record<QuestionOutcome, number>;
  /** How many questions wait for an answer. */
  open?: number;
  /** Whether questions are skipped for now, after five failures in a row. */
  skipping?: boolean;
  lastFailure?: BackendFailure;
}

type BeforeMessageSettings = Pick<
  Settings,
  | 'BEFORE_MESSAGE_URL'
  | 'BEFORE_MESSAGE_TIMEOUT_MS'
  | 'BEFORE_MESSAGE_ON_FAILURE'
  | 'WEBHOOK_SECRETS'
>;

export interface BeforeMessagePorts {
  ask: AskEndpoint;
  /** Epoch milliseconds. */
  now: () => number;
  meter?: { asked(outcome: QuestionOutcome, ms: number): void } | undefined;
  /** Called when the backend begins to fail, with the reason, and when it answers again, without one. */
  onHealthChange?: (reason: string | undefined) => void;
  /** Called when a question has failed. */
  failed?: (failure: BackendFailure) => void;
}

/** The endpoint to ask before a text is stored; undefined where none is configured. */
export function beforeMessageEndpoint(settings: BeforeMessageSettings): HookEndpoint | undefined {
  const { BEFORE_MESSAGE_URL: url, BEFORE_MESSAGE_TIMEOUT_MS: timeoutMs } = settings;
  return url === undefined
    ? undefined
    : { url, secrets: listOf(settings.WEBHOOK_SECRETS), timeoutMs };
}

/** Asks the operator's backend about texts, each once, and decides by itself while the backend fails. */
export class BeforeMessage {
  readonly #ports: BeforeMessagePorts;
  readonly #onFailure: Answer;
  readonly #breaker: CircuitBreaker;
  /** The number of open questions, by user. */
  readonly #open = new Map<string, number>();
  #openCount = 0;
  #isFailing = false;
  readonly #counts = { allow: 0, replace: 0, refuse: 0, failed: 0, skipped: 0, busy: 0 };
  #lastFailure: BackendFailure | undefined;

  constructor(settings: BeforeMessageSettings, ports: BeforeMessagePorts) {
    this.#ports = ports;
    this.#breaker = new CircuitBreaker(ports.now);
    this.#onFailure =
      settings.BEFORE_MESSAGE_ON_FAILURE === 'refuse'
        ? { type: 'refuse', problem: unavailableProblem }
        : { type: 'allow' };
  }

  get status(): BackendStatus {
    return {
      questions: { ...this.#counts },
      open: this.#openCount,
      skipping: this.#breaker.isOpen,
      ...(this.#lastFailure && { lastFailure: this.#lastFailure }),
    };
  }

  /** Never rejects. */
  async ask(question: Question): Promise<Answer> {
    const { userId } = question.user;
    if (this.#breaker.isOpen) return this.#end('skipped', 0, this.#onFailure);
    const { all, user } = fixed.openQuestions;
    const isBusy = this.#openCount >= all || this.#openOf(userId) >= user;
    if (isBusy) return this.#end('busy', 0, { type: 'refuse', problem: busyProblem });
    this.#count(userId, 1);
    try {
      return await this.#askBackend(question);
    } finally {
      this.#count(userId, -1);
    }
  }

  async #askBackend(question: Question): Promise<Answer> {
    const { ask, now } = this.#ports;
    const startedAt = now();
    const timestamp = new Date(startedAt).toISOString();
    const body = JSON.stringify({ type: 'message.submitted', timestamp, data: question });
    const asked = await ask(makeId(), body).catch(() => ({ reason: 'it cannot be asked' }));
    const answer = 'text' in asked ? readAnswer(asked.text) : undefined;
    const ms = Math.max(0, now() - startedAt);
    if (answer === undefined) {
      const reason = 'text' in asked ? 'its answer is no verdict' : asked.reason;
      this.#failed({ at: now(), roomId: question.roomId, reason });
      return this.#end('failed', ms, this.#onFailure);
    }
    this.#succeeded();
    return this.#end(answer.type, ms, answer);
  }

  #end(outcome: QuestionOutcome, ms: number, answer: Answer): Answer {
    this.#counts[outcome]++;
    this.#ports.meter?.asked(outcome, ms);
    return answer;
  }

  #failed(failure: BackendFailure): void {
    this.#breaker.failed();
    if (!this.#isFailing) this.#ports.onHealthChange?.(failure.reason);
    this.#isFailing = true;
    this.#lastFailure = failure;
    this.#ports.failed?.(failure);
  }

  #succeeded(): void {
    this.#breaker.succeeded();
    if (this.#isFailing) this.#ports.onHealthChange?.(undefined);
    this.#isFailing = false;
  }

  #openOf(userId: string): number {
    return this.#open.get(userId) ?? 0;
  }

  #count(userId: string, change: 1 | -1): void {
    this.#openCount += change;
    const count = this.#openOf(userId) + change;
    if (count > 0) this.#open.set(userId, count);
    else this.#open.delete(userId);
  }
}

const busyProblem: Problem = {
  code: 'rate_limited',
  message: 'Too many messages are being checked; try again in a moment.',
  retryAfterMs: 1_000,
};

/**
 * The port through which a room asks.
 * @param decided delivers an answer in a turn of the room
 */
export function judgeOf(
  beforeMessage: BeforeMessage | undefined,
  decided: (id: string, answer: Answer) => void,
): Judge | undefined {
  return (
    beforeMessage && {
      ask: (id, question) => void beforeMessage.ask(question).then((answer) => decided(id, answer)),
    }
  );
}

/**
 * Executes a request at a room, and once more with the verdict where the room asks for one.
 * @param attempt executes it once
 */
export async function executeWith<N extends RequestName>(
  beforeMessage: BeforeMessage | undefined,
  attempt: (verdict?: Verdict) => Promise<Executed<N>>,
): Promise<Executed<N>> {
  let result = await attempt();
  for (let question = questionIn(result); question !== undefined; question = questionIn(result)) {
    if (beforeMessage === undefined) return result;
    const answer = await beforeMessage.ask(question);
    result = await attempt({ draft: question.draft, answer });
  }
  return result;
}

function questionIn<N extends RequestName>(result: Executed<N>): Question | undefined {
  return result.ok ? undefined : result.question;
}

/** A random id: unlike a webhook's request, a question is never sent again. */
function makeId(): string {
  return `evt_${base64url.encode(crypto.getRandomValues(new Uint8Array(16)))}`;
}
