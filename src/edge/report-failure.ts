import type { BackendFailure } from '../hooks/before-message.ts';
import type { Environment } from './environment.ts';
import { HOOK_STATUS } from './hook-object.ts';

/** Least time between two reports of one isolate, in milliseconds: all of its rooms may fail at once. */
const EVERY_MS = 10_000;

let reportedAt = -Infinity;

/**
 * Reports a question that has failed, for `GET /health?details`. If the report fails, the next failed
 * question is reported without delay. Never rejects.
 */
export async function reportFailure(
  { HOOK }: Pick<Environment, 'HOOK'>,
  failure: BackendFailure,
): Promise<void> {
  const agoMs = failure.at - reportedAt;
  if (agoMs >= 0 && agoMs < EVERY_MS) return;
  reportedAt = failure.at;
  try {
    await HOOK.getByName(HOOK_STATUS).noteFailure(failure);
  } catch {
    reportedAt = -Infinity;
  }
}
