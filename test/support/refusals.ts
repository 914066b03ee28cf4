import { type Problem, Refusal } from '../../src/protocol/codes/errors.ts';

/** The problem of a refusal; any other error is thrown again. */
export function problemIn(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  throw error;
}

/** The problem with which `work` is refused; undefined if it succeeds. */
export function problemOf(work: () => unknown): Problem | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return problemIn(error);
  }
}
