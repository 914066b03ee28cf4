import { type Problem, Refusal } from '../../protocol/codes/errors.ts';

/** The refusal that a room's or another inbox's problem stands for. */
export function refusalOfProblem({ code, message, ...details }: Problem): Refusal {
  return new Refusal(code, message, details);
}
