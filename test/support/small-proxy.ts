import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** The headers that a proxy sets, made from those of the request. */
export type Rewrite = (came: IncomingHttpHeaders) => Record<string, string>;

/**
 * Starts a minimal reverse proxy, which passes requests, streams and upgrades to a port of this machine
 * with rewritten headers.
 */
export async function startProxy(
  port: number,
  rewrite: Rewrite,
): Promise<{ url: string; close(): Promise<void> }> {
  const pass = ({ method, url, headers }: IncomingMessage) =>
    request({
      host: '127.0.0.1',
      port,
      method,
      path: url,
      headers: { ...headers, ...rewrite(headers) },
      agent: false,
    });
  const server = createServer((came, answer) => {
    const passed = pass(came);
    passed.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    came.pipe(passed);
  });
  server.on('upgrade', (came: IncomingMessage, socket: Duplex) => {
    const passed = pass(came);
    passed.on('upgrade', (response, far, first) => {
      socket.write(headOf(response));
      socket.write(first);
      far.pipe(socket).pipe(far);
      for (const [end, other] of [
        [far, socket],
        [socket, far],
      ] as const) {
        end.on('error', () => undefined);
        end.on('close', () => other.destroy());
      }
    });
    passed.on('response', (response) => {
      socket.write(headOf(response));
      response.pipe(socket);
    });
    passed.on('error', () => socket.destroy());
    passed.end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
