import { type Problem, unavailableProblem } from '../protocol/codes/errors.ts';
import { costOf, type Reply, type RequestName, traits } from '../protocol/commands.ts';
import { GUEST_PREFIX, type Identity } from '../protocol/identity.ts';
import type { RoomServices } from './services.ts';
import { type Question, Undecided, type Verdict } from './verdict.ts';

/** The result of a request. With a `question`, the request is given again once there is a verdict on it. */
export type Executed<N extends RequestName> =
  | ({ ok: true } & Reply<N>)
  | { ok: false; error: Problem; question?: Question };

/** Runs a command for an identity without a connection. */
export function execute<N extends RequestName>(
  { tokenExpiry, rates, upkeep, pipeline, effects, refusals }: RoomServices,
  identity: Identity,
  name: N,
  payload: unknown,
  verdict?: Verdict,
): Executed<N> {
  tokenExpiry.sweep();
  try {
    // Without a connection a guest has a new id in every request, so all guests share one allowance.
    const payer = identity.guest === true ? GUEST_PREFIX : identity.userId;
    if (verdict === undefined) rates.charge(payer, costOf(name, identity));
    if (traits.get(name)?.awaitsErasures === true) upkeep.finishErasures();
    const { reply, effects: planned } = pipeline.run(name, { identity, verdict }, payload);
    effects.apply(planned);
    return { ok: true, ...reply };
  } catch (error) {
    if (error instanceof Undecided) {
      return { ok: false, error: unavailableProblem, question: error.question };
    }
    return { ok: false, error: refusals.problemOf(error, name) };
  }
}
