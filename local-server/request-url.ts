import type { IncomingMessage } from 'node:http';

/** The URL of a request as it stands; one that is no URL reads as the root. */
export function requestUrl(request: Pick<IncomingMessage, 'url'>): URL {
  const path = request.url ?? '/';
  const base = 'http://localhost';
  return URL.canParse(path, base) ? new URL(path, base) : new URL(base);
}
