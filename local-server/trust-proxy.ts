import type { IncomingMessage } from 'node:http';

/**
 * Replaces `Host` by the address that users see, as the last proxy names it. Only for a server that can
 * be reached only through a proxy of the operator.
 */
export function trustProxy({ headers, rawHeaders }: IncomingMessage): void {
  const given = headers['x-forwarded-host'];
  const host = (Array.isArray(given) ? given.at(-1) : given)?.split(',').at(-1)?.trim();
  if (host === undefined || host === '') return;
  headers.host = host;
  // The routes get the raw headers: names and values in turn.
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'host') rawHeaders[at + 1] = host;
  }
}
