import { type AddressInfo, createServer } from 'node:net';

/** A port of the loopback interface that was free a moment ago, for servers that cannot report their port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
