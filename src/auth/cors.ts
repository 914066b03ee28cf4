import type { OriginPolicy } from './origin.ts';

/** The parts of a request that decide its CORS headers. */
export interface CrossOriginRequest {
  method: string | undefined;
  host: string;
  /** Gives a header by its lower-case name. */
  header: (name: string) => string | null | undefined;
}

const METHODS = 'GET, POST, PUT, PATCH, DELETE';
/** Headers that every preflight is granted. */
const USUAL_HEADERS = ['authorization', 'content-type', 'last-event-id'];
/** The name of a header (RFC 9110, section 5.6.2), of at most 100 characters. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]{1,100}$/;
const MAX_HEADER_NAMES = 100;
/** How long browsers may remember a preflight, in seconds. */
const MAX_AGE_S = 600;

/**
 * The CORS headers (Fetch standard, section 3.3) of any response: a page that may connect may read
 * every response, refusals too, and send any header. No cookie authenticates a user, so allowing
 * credentials gives a page nothing.
 */
export function corsHeaders(
  policy: OriginPolicy,
  { method, host, header }: CrossOriginRequest,
): Record<string, string> {
  const origin = header('origin');
  const isPreflight = method === 'OPTIONS';
  const vary = isPreflight ? 'Origin, Access-Control-Request-Headers' : 'Origin';
  if (typeof origin !== 'string' || !policy.allows(origin, host)) return { vary };
  return {
    vary,
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'Retry-After',
    ...(isPreflight && {
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': allowedHeaders(header('access-control-request-headers')),
      'access-control-max-age': String(MAX_AGE_S),
    }),
  };
}

/**
 * The headers are listed by name: where credentials are allowed, browsers take `*` for the name
 * of a header.
 */
function allowedHeaders(asked: string | null | undefined): string {
  const names = (asked ?? '').split(',', MAX_HEADER_NAMES).map((name) => name.trim().toLowerCase());
  const valid = names.filter((name) => HEADER_NAME.test(name));
  return [...new Set([...USUAL_HEADERS, ...valid])].join(', ');
}
