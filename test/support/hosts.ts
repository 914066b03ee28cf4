import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { inject } from 'vitest';
import { configure } from '../../local-server/configuration.ts';
import { startServer } from '../../local-server/server.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { applicationOf } from '../../src/app/application.ts';
import type { App } from '../../src/protocol/app.ts';
import type { Application } from '../../src/room/application.ts';
import { bundleWorker } from './edge-bundle.ts';
import { PROJECT } from './program.ts';
import { edgeOptions, type TestSettings } from './edge-options.ts';
import { SECRET } from './tokens.ts';

/** A host of rooms that runs for the tests of one file, on a port and with storage of its own. */
export interface Host {
  name: HostName;
  /** Without a slash at the end. */
  url: string;
  /** What the host has logged that users must not see: each is a defect. */
  failures: string[];
  close(): Promise<void>;
}

export { edgeOptions, type TestSettings };

/**
 * Where these hosts keep their rooms: in memory where the system has a folder there (Linux), because
 * they wait for the disk with every message, and on a busy one that can take seconds.
 */
const QUICK_FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/**
 * A busy machine takes its time over hundreds of connections that come at once: longer than one has to
 * authenticate by default.
 */
const PATIENT: TestSettings = { CONNECT_TIMEOUT_MS: '60000' };

/** The node host in this process, as production but on loopback; `development` adds its mode. */
export async function startNodeHost(
  settings: TestSettings = {},
  { development = false, app }: { development?: boolean; app?: string } = {},
): Promise<Host> {
  const folder = await mkdtemp(join(QUICK_FOLDER, 'parlor-node-'));
  const environment = { JWT_SECRET: SECRET, HOST: '127.0.0.1', PORT: '0', DATA_DIR: folder };
  const failures: string[] = [];
  const log = {
    failure: (what: string, error: unknown) => {
      failures.push(`${what}: ${(error as Error).stack ?? String(error)}`);
    },
  };
  try {
    const configuration = configure(
      folder,
      { ...environment, ...PATIENT, ...settings },
      development,
    );
    const server = await startServer(configuration, log, await applicationIn(app));
    return {
      name: 'node',
      url: `http://127.0.0.1:${server.port}`,
      failures,
      async close() {
        await server.close();
        await rm(folder, { recursive: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}

/** The application in a module, from the project's root; the project's own unless named. */
async function applicationIn(app: string | undefined): Promise<Application | undefined> {
  if (app === undefined) return undefined;
  const { default: own } = (await import(join(PROJECT, app))) as { default: App };
  return applicationOf(own);
}

/** The runtime's own words about a client that breaks RFC 6455, or is gone while it is written to. */
const OF_THE_PEER =
  /^Uncaught exception: kj\/compat\/http.*WebSocket protocol error|^kj::getCaughtExceptionAsKj\(\) = kj\/async-io-unix.*: disconnected: ::writev?\(.*(?:Connection reset by peer|Broken pipe)/;

/** The edge host: the bundle that a deployment would upload, under workerd. */
export async function startEdgeHost(
  settings: TestSettings = {},
  { app }: { app?: string } = {},
): Promise<Host> {
  const folder = await mkdtemp(join(QUICK_FOLDER, 'parlor-edge-'));
  const bundle = app === undefined ? inject('edgeBundle') : await bundleWorker(undefined, app);
  const failures: string[] = [];
  const miniflare = new Miniflare({
    ...edgeOptions(bundle, { ...PATIENT, ...settings }),
    resourcePersistencePath: folder,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: ({ level, message }) => {
      if (level === 'error' && !OF_THE_PEER.test(message)) failures.push(message);
    },
  });
  const url = await miniflare.ready;
  return {
    name: 'edge',
    url: url.origin,
    failures,
    async close() {
      await miniflare.dispose();
      if (app !== undefined) await rm(bundle, { recursive: true });
      await rm(folder, { recursive: true });
    },
  };
}

/** The edge host where relays hold every socket of every room. */
function startRelays(settings: TestSettings = {}, options: { app?: string } = {}): Promise<Host> {
  return startEdgeHost({ RELAY_ABOVE: '0', ...settings }, options);
}

/** `relays`: the edge host once more, where no socket leads to a room's own object. */
export type HostKey = HostName | 'relays';

export const startHost = { node: startNodeHost, edge: startEdgeHost, relays: startRelays };
