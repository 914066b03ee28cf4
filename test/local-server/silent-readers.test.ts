import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, it, onTestFinished } from 'vitest';
import type { NodeRooms } from '../../local-server/node-rooms.ts';
import { httpApp } from '../support/http-app.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { tokenFor } from '../support/tokens.ts';

it('allows a room to sleep under 50 silent readers, and sends them the event that wakes it', async () => {
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
  await expect.poll(() => rooms.openCount).toBe(0);

  await send('after');
  await Promise.all(
    readers.map((reader) => reader.hears('message', ({ message }) => message === 'after')),
  );
  for (const reader of readers) expect(reader.events).toHaveLength(2);
  await Promise.all(readers.map((reader) => reader.close()));
});

/** The HTTP transport over rooms that sleep when they have been idle for `idleMs`. */
async function serve(idleMs: number): Promise<{ url: string; rooms: NodeRooms }> {
  const { app, rooms } = httpApp(idleMs);
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
