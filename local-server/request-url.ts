import type { IncomingMessage } from 'node:http';

/** The URL of a request; the root if the request's is not valid. */
export function requestUrl(request: Pick<IncomingMessage, 'url'>): URL {
  const path = request.url ?? '/';
  const base = 'http://localhost';
  return URL.canParse(path, base) ? new URL(path, base) : new URL(base);
}
