import { Overloaded } from '../admission/overloaded.ts';
import { unavailable } from '../protocol/codes/errors.ts';

/**
 * Calls an object once, without a retry. A stub that has thrown is broken: a caller that retries
 * needs a new one, and may retry only what does no harm when it is done twice.
 * @throws Refusal `unavailable` when the call fails between Worker and object, `Overloaded` when
 * the platform gives overload as the reason
 */
export async function callRoom<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { overloaded } = (error ?? {}) as { overloaded?: unknown };
    const refusal = overloaded === true ? new Overloaded() : unavailable();
    throw Object.assign(refusal, { cause: error });
  }
}
