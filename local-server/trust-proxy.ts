import type { IncomingMessage } from 'node:http';

/**
 * Puts the address that users see, as the last proxy names it, in the place of `Host`. Only for a
 * server that is reached only through a proxy of the operator.
 */
export function trustProxy({ headers, rawHeaders }: IncomingMessage): void {
  const given = headers['x-forwarded-host'];
  const host = (Array.isArray(given) ? given.at(-1) : given)?.split(',').at(-1)?.trim();
  if (host === undefined || host === '') return;
  headers.host = host;
  // Routes are given the headers as they came in: names and values in turn.
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'host') rawHeaders[at + 1] = host;
  }
}
