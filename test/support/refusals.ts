import { type Problem, Refusal } from '../../src/protocol/codes/errors.ts';

/** The problem that a refusal stands for; any other error goes on. */
export function problemIn(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  throw error;
}

/** The problem that some work is refused with; undefined when it is done. */
export function problemOf(work: () => unknown): Problem | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return problemIn(error);
  }
}
