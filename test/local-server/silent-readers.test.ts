import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, it, onTestFinished } from 'vitest';
import { NodeRooms } from '../../local-server/node-rooms.ts';
import { authenticatorOf } from '../../src/auth/authenticator.ts';
import { OriginPolicy } from '../../src/auth/origin.ts';
import { httpTransport } from '../../src/transports/http/app.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { temporaryFolder } from '../support/folder.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';

it(
  'lets a room sleep under 50 silent readers, who hear what wakes it',
  { timeout: 30_000 },
  async () => {
    const { url, rooms } = await serve(200);
    const writer = new HttpVisitor(url, await tokenFor('writer'));
    const send = (message: string) => writer.ask('POST', 'r', '/messages', { body: { message } });
    await send('before');
    const readers = await Promise.all(
      Array.from({ length: 50 }, async (_, at) =>
        new HttpVisitor(url, await tokenFor(`reader ${at}`)).follow('r', { since: '0:0' }),
      ),
    );
    await Promise.all(readers.map((reader) => reader.hears('message')));
    expect(rooms.openCount).toBe(1);
    await expect.poll(() => rooms.openCount).toBe(0);

    await send('after');
    await Promise.all(
      readers.map((reader) => reader.hears('message', ({ message }) => message === 'after')),
    );
    for (const reader of readers) expect(reader.events).toHaveLength(2);
    await Promise.all(readers.map((reader) => reader.close()));
  },
);

/** The HTTP door over rooms that sleep when they have been idle for `idleMs`. */
async function serve(idleMs: number): Promise<{ url: string; rooms: NodeRooms }> {
  const { settings } = readSettings({ JWT_SECRET: SECRET });
  const { limits } = settings;
  const rooms = new NodeRooms({
    dataDir: temporaryFolder(),
    durability: 'process',
    maxOpenRooms: 4,
    limits,
    log: { failure },
    idleMs,
  });
  const app = httpTransport({
    directory: rooms,
    authenticate: authenticatorOf(settings, false),
    origins: new OriginPolicy({}),
    limits,
    host: 'node',
    version: '1.2.3',
    isHealthy: () => Promise.resolve(true),
    page: (c) => Promise.resolve(c.text('the page')),
    log: failure,
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    rooms.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, rooms };
}

function failure(what: string, error: unknown): never {
  expect.fail(`${what}: ${String(error)}`);
}
