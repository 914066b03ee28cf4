import { Refusal } from '../../protocol/codes/errors.ts';
import type { HttpTransport } from './http-transport.ts';

/** The refusal for an error of the store of files. An error that is no refusal is logged. */
export function storeFailure(what: string, error: unknown, log: HttpTransport['log']): Refusal {
  if (error instanceof Refusal) return error;
  log(what, error);
  return new Refusal(
    'unavailable',
    'Files cannot be stored or read right now; try again in a moment.',
  );
}
