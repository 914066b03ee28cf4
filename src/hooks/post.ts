import { retryAfterMs } from '../deliveries/retry-after.ts';
import { VERSION } from '../version.ts';
import { signedHeaders } from './sign.ts';

/** Where requests go, and what signs them. */
export interface HookEndpoint {
  url: string;
  secrets: readonly string[];
  /** What it has to answer within, in milliseconds. */
  timeoutMs: number;
}

/** How a request has ended; `reason` is for operators. */
export type PostOutcome =
  | { type: 'taken' }
  | { type: 'gone' }
  | { type: 'failed'; reason: string; retryAfterMs?: number };

/** Makes one request. Never rejects. */
export type Post = (id: string, body: string) => Promise<PostOutcome>;

/** Sends signed requests to an endpoint of the operator's; redirects are not followed. */
export function posterOf({ url, secrets, timeoutMs }: HookEndpoint): Post {
  return async (id, body) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const headers = {
        ...(await signedHeaders(secrets, id, body, Date.now())),
        'content-type': 'application/json',
        'user-agent': `Parlor/${VERSION}`,
      };
      const init = { method: 'POST', headers, body, redirect: 'manual', signal } as const;
      const response = await fetch(url, init);
      // What an endpoint says beyond its status is not read.
      void response.body?.cancel().catch(() => undefined);
      return outcomeOf(response);
    } catch {
      const reason = signal.aborted ? `no answer within ${timeoutMs} ms` : 'it cannot be reached';
      return { type: 'failed', reason };
    }
  };
}

function outcomeOf({ ok, status, headers }: Response): PostOutcome {
  if (ok) return { type: 'taken' };
  if (status === 410) return { type: 'gone' };
  const after = headers.get('retry-after');
  const wait = after === null ? {} : { retryAfterMs: retryAfterMs(after, Date.now()) };
  return { type: 'failed', reason: `it answered ${status}`, ...wait };
}
