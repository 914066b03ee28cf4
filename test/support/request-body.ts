import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** The body of a request; undefined if its sender breaks off, such as a host that is killed. */
export function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return buffer(request).catch(() => undefined);
}
