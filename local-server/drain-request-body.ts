import type { IncomingMessage } from 'node:http';
import { destroySoon } from './web-sockets.ts';

/**
 * Longest body, in bytes, that is read to its end after its request was answered, so that the
 * connection can be used again.
 */
const MAX_BYTES = 256 * 1024;

/**
 * Must be called when a request has been answered, perhaps before all of it has come. Leaves a short
 * body to Node, which reads it to its end; for a longer one it closes the connection.
 */
export function drainRequestBody(request: IncomingMessage): void {
  // A body in chunks does not say how long it is, and counts as too long.
  if (request.complete || Number(request.headers['content-length']) <= MAX_BYTES) return;
  request.pause();
  destroySoon(request.socket);
}
