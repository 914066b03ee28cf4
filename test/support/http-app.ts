import { expect } from 'vitest';
import { NodeInboxes } from '../../local-server/node-inboxes.ts';
import { NodeRooms } from '../../local-server/node-rooms.ts';
import { authenticatorOf } from '../../src/auth/authenticator.ts';
import { OriginPolicy } from '../../src/auth/origin.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { httpTransport } from '../../src/transports/http/app.ts';
import { temporaryFolder } from './folder.ts';
import { SECRET } from './tokens.ts';

/** The HTTP transport over rooms of its own, which sleep when they have been idle for `idleMs`. */
export function httpApp(idleMs?: number) {
  const { settings } = readSettings({ JWT_SECRET: SECRET });
  const { limits } = settings;
  const dataDir = temporaryFolder();
  const rooms = new NodeRooms({
    dataDir,
    durability: 'process',
    maxOpenRooms: 4,
    limits,
    log: { failure },
    ...(idleMs !== undefined && { idleMs }),
  });
  const inboxes = new NodeInboxes({
    dataDir,
    durability: 'process',
    directMessages: 'shared',
    limits,
    log: { failure },
    rooms,
  });
  const app = httpTransport({
    directory: rooms,
    inboxes,
    authenticate: authenticatorOf(settings, false),
    origins: new OriginPolicy({}),
    limits,
    host: 'node',
    version: '1.2.3',
    isHealthy: () => Promise.resolve(true),
    pageSettings: { guests: false },
    page: (c) => Promise.resolve(c.text('the page')),
    log: failure,
  });
  return { app, rooms };
}

function failure(what: string, error: unknown): never {
  expect.fail(`${what}: ${String(error)}`);
}
