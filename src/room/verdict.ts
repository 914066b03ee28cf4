import type { AppUser, Draft, Replacement } from '../protocol/app-room.ts';
import { type Problem, refusalOf } from '../protocol/codes/errors.ts';
import type { UpkeepContext } from './context.ts';

/** A text that the operator's backend decides about before it is stored. */
export interface Question {
  roomId: string;
  user: AppUser;
  draft: Draft;
}

/** What the backend decides, or what its failure comes to. */
export type Answer =
  | { type: 'allow' }
  | { type: 'replace'; replacement: Replacement }
  | { type: 'refuse'; problem: Problem };

/** An answer with the draft it is for; it decides nothing about another draft. */
export interface Verdict {
  draft: Draft;
  answer: Answer;
}

/**
 * Thrown where a command needs the backend's answer: undoes it, so that it runs again with a verdict.
 * Nothing may be written before.
 */
export class Undecided extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super('The backend has not decided yet.');
    this.question = question;
  }
}

/**
 * What the backend stores in the place of a draft; undefined where it is stored as it is.
 * @throws Undecided while there is no verdict on this draft; Refusal where the verdict refuses it
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
