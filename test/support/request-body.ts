import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** The body of a request; undefined where its sender is gone before the end, as one that was killed. */
export function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return buffer(request).catch(() => undefined);
}
