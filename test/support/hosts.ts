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

/** A host that runs for the tests of one file, with its own port and storage. */
export interface Host {
  name: HostName;
  /** Has no slash at the end. */
  url: string;
  /** Failures that the host has logged; each is a defect. */
  failures: string[];
  close(): Promise<void>;
}

export { edgeOptions, type TestSettings };

/**
 * The folder for rooms: in memory if the system has one there (Linux), because hosts wait for the disk
 * with every message, and a busy disk can take seconds.
 */
const QUICK_FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/**
 * On a busy machine hundreds of connections that are opened at once may need longer to authenticate,
 * and a client longer to answer a ping, than the defaults allow.
 */
const PATIENT: TestSettings = { CONNECT_TIMEOUT_MS: '60000', PING_TIMEOUT_MS: '120000' };

/** Starts the Node host in this process, as in production but on loopback, or in development mode. */
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

/** The application in a module, given from the project's root; undefined for the project's own. */
async function applicationIn(app: string | undefined): Promise<Application | undefined> {
  if (app === undefined) return undefined;
  const { default: own } = (await import(join(PROJECT, app))) as { default: App };
  return applicationOf(own);
}

/**
 * workerd's log lines for a client that breaks RFC 6455 or disconnects during a write, also where it then
 * closes a socket on which its own write still waits: no failures.
 */
const OF_THE_PEER = new RegExp(
  [
    String.raw`^Uncaught exception: kj/compat/http.*WebSocket protocol error`,
    String.raw`^kj::getCaughtExceptionAsKj\(\) = kj/async-io-unix.*: disconnected: ::writev?\(.*(?:Connection reset by peer|Broken pipe)`,
    '^e = kj/compat/http.*; another message send is already in progress',
  ].join('|'),
);

/** Starts the edge host: the bundle that a deploy would upload, under workerd. */
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

/** Starts the edge host with relays holding every socket of every room. */
function startRelays(settings: TestSettings = {}, options: { app?: string } = {}): Promise<Host> {
  return startEdgeHost({ RELAY_ABOVE: '0', ...settings }, options);
}

/** `relays` is an edge host on which relays hold every socket. */
export type HostKey = HostName | 'relays';

export const startHost = { node: startNodeHost, edge: startEdgeHost, relays: startRelays };
