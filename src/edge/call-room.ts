import { Overloaded } from '../admission/overloaded.ts';
import { unavailable } from '../protocol/codes/errors.ts';

/**
 * Asks an object for something once. Whether to ask again is its caller's to decide: a stub that has
 * thrown is broken, so with a new one, and only for what does no harm when it is done twice.
 * @throws Refusal `unavailable` for what fails between Worker and object, `Overloaded` when the
 * platform says that this is why
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
