import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An operator's backend: one path for each way in which it answers. It verifies nothing. */

/** Delay of answers to questions about slow rooms, in milliseconds: within `BEFORE_MESSAGE_TIMEOUT_MS`. */
const SLOW_MS = 1_200;

const ALLOW = '{"verdict":"allow"}';

const answers: Record<string, (response: ServerResponse, body: string) => void> = {
  '/taken': (response) => response.writeHead(204).end(),
  '/fails': (response) => response.writeHead(500).end(),
  '/hangs': () => undefined,
  '/decides': (response, body) => {
    const isSlow = body.includes('"roomId":"slow');
    setTimeout(() => response.end(ALLOW), isSlow ? SLOW_MS : 0);
  },
};

const server = createServer((request, response) => {
  void text(request)
    .then((body) => answers[request.url ?? '']?.(response, body))
    // The host has given up.
    .catch(() => undefined);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`Listens on http://127.0.0.1:${port}\n`);
});
