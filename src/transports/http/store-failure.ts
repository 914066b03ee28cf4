import { Refusal } from '../../protocol/codes/errors.ts';
import type { HttpTransport } from './http-transport.ts';

/** What a client is told of an error while the store of files was asked; one that is no refusal is logged. */
export function storeFailure(what: string, error: unknown, log: HttpTransport['log']): Refusal {
  if (error instanceof Refusal) return error;
  log(what, error);
  return new Refusal(
    'unavailable',
    'Files cannot be stored or read right now; try again in a moment.',
  );
}
