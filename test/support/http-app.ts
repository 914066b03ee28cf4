import { join } from 'node:path';
import { expect } from 'vitest';
import { DiskBlobStore } from '../../local-server/disk-blob-store.ts';
import { NodeInboxes } from '../../local-server/node-inboxes.ts';
import { NodeRooms } from '../../local-server/node-rooms.ts';
import { authenticatorOf } from '../../src/auth/authenticator.ts';
import { incomingKeysOf } from '../../src/auth/incoming-keys.ts';
import { fileTokensOf } from '../../src/files/file-token.ts';
import { OriginPolicy } from '../../src/auth/origin.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { httpTransport } from '../../src/transports/http/app.ts';
import { temporaryFolder } from './folder.ts';
import { SECRET } from './tokens.ts';

/** The HTTP transport over new rooms and inboxes. @param idleMs how long rooms are idle before they sleep */
export function httpApp(
  idleMs?: number,
  dataDir = temporaryFolder(),
  env: Record<string, string> = {},
) {
  const { settings } = readSettings({ JWT_SECRET: SECRET, ...env });
  const { limits } = settings;
  const logged: unknown[] = [];
  const store = new DiskBlobStore(join(dataDir, 'files'));
  const rooms = new NodeRooms({
    dataDir,
    store,
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
    pushKey: undefined,
    hooks: undefined,
    incomingKeys: incomingKeysOf(settings),
    directory: rooms,
    inboxes,
    authenticate: authenticatorOf(settings, false),
    origins: new OriginPolicy({}),
    limits,
    files: { store, noStore: '', tokens: fileTokensOf(settings), accessMs: 0, isForAll: false },
    host: 'node',
    version: '1.2.3',
    application: {},
    isHealthy: () => Promise.resolve(true),
    pageSettings: { guests: false },
    page: (c) => Promise.resolve(c.text('the page')),
    log: (what, error) => {
      // The test may make the file store fail.
      if (/^(upload|download|export|import)$/.test(what)) logged.push(error);
      else failure(what, error);
    },
  });
  return { app, rooms, inboxes, store, dataDir, logged };
}

function failure(what: string, error: unknown): never {
  expect.fail(`${what}: ${String(error)}`);
}
