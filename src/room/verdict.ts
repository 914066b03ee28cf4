import type { AppUser, Draft, Replacement } from '../protocol/app-room.ts';
import { type Problem, refusalOf } from '../protocol/codes/errors.ts';
import type { UpkeepContext } from './context.ts';

/** A text that the operator's backend decides about before it is stored. */
export interface Question {
  roomId: string;
  user: AppUser;
  draft: Draft;
}

/** The backend's decision, or the one taken in its place when it fails. */
export type Answer =
  | { type: 'allow' }
  | { type: 'replace'; replacement: Replacement }
  | { type: 'refuse'; problem: Problem };

/** An answer and the draft it is for; it does not count for any other draft. */
export interface Verdict {
  draft: Draft;
  answer: Answer;
}

/**
 * Thrown when a command needs the backend's answer: undoes the command, which runs again with a
 * verdict. Nothing may be written before.
 */
export class Undecided extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super('The backend has not decided yet.');
    this.question = question;
  }
}

/**
 * The backend's replacement for a draft; undefined when the draft is stored as it is.
 * @throws Undecided while there is no verdict on this draft; Refusal when the verdict refuses it
 */
export function replacementBy(
  { verdict, roomId }: UpkeepContext,
  user: AppUser,
  draft: Draft,
): Replacement | undefined {
  const isDecided =
    verdict !== undefined && JSON.stringify(verdict.draft) === JSON.stringify(draft);
  if (!isDecided) throw new Undecided({ roomId, user, draft });
  const { answer } = verdict;
  if (answer.type === 'refuse') throw refusalOf(answer.problem);
  return answer.type === 'replace' ? answer.replacement : undefined;
}
