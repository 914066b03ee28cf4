import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { UnsupportedEncoding } from './body-text.ts';
import { LengthRequired } from './upload.ts';
import { errorCodes, internalProblem, type Problem, Refusal } from '../../protocol/codes/errors.ts';

/** A refusal without a room: no route has that path, or none with that method. */
class NoSuchAddress extends Refusal {
  /** The methods of the address; empty if there is no such address. */
  readonly allowed: readonly string[];

  constructor(message: string, allowed: readonly string[]) {
    super('unknown_command', message);
    this.allowed = allowed;
  }
}

/** 404: nothing has this path. */
export function noSuchAddress(): Refusal {
  return new NoSuchAddress(
    'There is nothing at this address; see /openapi.json for the routes.',
    [],
  );
}

/** 405: the path is right, the method is not. */
export function wrongMethod(method: string, allowed: readonly string[]): Refusal {
  const known = allowed.join(', ');
  return new NoSuchAddress(
    `This address does not take ${method.slice(0, 16)}; use ${known}.`,
    allowed,
  );
}

/** The response for anything that was thrown. An error that is no refusal is a defect, and is logged. */
export function answerError(
  c: Context,
  error: unknown,
  log: (what: string, error: unknown) => void,
): Response {
  if (error instanceof NoSuchAddress) {
    const { problem, allowed } = error;
    if (allowed.length === 0) return c.json({ error: problem }, 404);
    return c.json({ error: problem }, 405, { allow: allowed.join(', ') });
  }
  if (error instanceof UnsupportedEncoding) {
    return c.json({ error: error.problem }, 415, { 'accept-encoding': 'identity' });
  }
  if (error instanceof LengthRequired) return c.json({ error: error.problem }, 411);
  if (error instanceof Refusal) return c.json(...refusalResponse(error.problem));
  // A client that is gone while it was sending makes reading its body fail, which is no defect.
  if (!c.req.raw.signal.aborted) log('http', error);
  return c.json(...refusalResponse(internalProblem));
}

/** A problem as HTTP says it: body, status, headers. */
export function refusalResponse(
  problem: Problem,
): [{ error: Problem }, ContentfulStatusCode, Record<string, string>] {
  const { retryAfterMs } = problem;
  const wait = retryAfterMs ?? (problem.code === 'unavailable' ? 1_000 : undefined);
  return [
    { error: problem },
    errorCodes[problem.code].status,
    wait === undefined ? {} : { 'retry-after': String(Math.ceil(wait / 1_000)) },
  ];
}
