import { retryAfterMs } from '../deliveries/retry-after.ts';
import { VERSION } from '../version.ts';
import { signedHeaders } from './sign.ts';

/** The address of requests, and the secrets that sign them. */
export interface HookEndpoint {
  url: string;
  secrets: readonly string[];
  /** How long it may take to answer, in milliseconds. */
  timeoutMs: number;
}

/** How a request ended; `reason` is for operators. */
export type PostOutcome =
  | { type: 'taken' }
  | { type: 'gone' }
  | { type: 'failed'; reason: string; retryAfterMs?: number };

/** Makes one request. Never rejects. */
export type Post = (id: string, body: string) => Promise<PostOutcome>;

/** Sends signed requests to the operator's endpoint; redirects are not followed. */
export function posterOf(endpoint: HookEndpoint): Post {
  return async (id, body) => {
    const sent = await send(endpoint, id, body, (response) => {
      // The body of the answer is not read.
      void response.body?.cancel().catch(() => undefined);
      return Promise.resolve(outcomeOf(response));
    });
    return typeof sent === 'string' ? { type: 'failed', reason: sent } : sent;
  };
}

/**
 * Makes one signed request, with the endpoint's time-out for sending and reading together.
 * Never rejects.
 * @returns the result of `read`, or the reason why there is no response, for operators
 */
export async function send<T extends object>(
  { url, secrets, timeoutMs }: HookEndpoint,
  id: string,
  body: string,
  read: (response: Response) => Promise<T>,
): Promise<T | string> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const headers = {
      ...(await signedHeaders(secrets, id, body, Date.now())),
      'content-type': 'application/json',
      'user-agent': `Parlor/${VERSION}`,
    };
    const init = { method: 'POST', headers, body, redirect: 'manual', signal } as const;
    return await read(await fetch(url, init));
  } catch {
    return signal.aborted ? `no answer within ${timeoutMs} ms` : 'it cannot be reached';
  }
}

function outcomeOf({ ok, status, headers }: Response): PostOutcome {
  if (ok) return { type: 'taken' };
  if (status === 410) return { type: 'gone' };
  const after = headers.get('retry-after');
  const wait = after === null ? {} : { retryAfterMs: retryAfterMs(after, Date.now()) };
  return { type: 'failed', reason: `it answered ${status}`, ...wait };
}
