import type { IncomingMessage } from 'node:http';
import { destroySoon } from './web-sockets.ts';

/**
 * How long a body may be, in bytes, that is read to its end though its request has been answered, so
 * that the connection can be used again.
 */
const MAX_BYTES = 256 * 1024;

/** To be called when a request has been answered, perhaps before all of it has come. */
export function drainRequestBody(request: IncomingMessage): void {
  // One that comes in chunks does not say how long it is.
  if (request.complete || Number(request.headers['content-length']) <= MAX_BYTES) return;
  request.pause();
  destroySoon(request.socket);
}
