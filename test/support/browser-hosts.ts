import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { inject } from 'vitest';
import { configure } from '../../local-server/configuration.ts';
import { startServer } from '../../local-server/server.ts';
import { PAGE } from '../../web/build.ts';
import { edgeOptions, type TestSettings } from './edge-options.ts';

/** A running host that serves the page, for browser tests. */
export interface Host {
  /** Stays the same over `interrupt`. */
  url: string;
  /** Drops all connections to the room, as a deploy does; messages are kept. */
  interrupt(roomId: string): Promise<void>;
  close(): Promise<void>;
}

const log = {
  failure: (what: string, error: unknown) => {
    process.stderr.write(`${what}: ${String(error)}\n`);
  },
};

/**
 * Starts the Node host in this process, in development mode unless `isDevelopment` is false.
 * @param prepare writes rooms to the data folder before the host starts
 */
export async function startNodeHost(
  environment: Record<string, string> = {},
  isDevelopment = true,
  prepare?: (dataDir: string) => Promise<void>,
): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-browser-'));
  const dataDir = join(folder, 'data');
  const configurationOn = (port: number) =>
    configure(
      folder,
      { HOST: '127.0.0.1', PORT: String(port), DATA_DIR: dataDir, ...environment },
      isDevelopment,
    );
  await prepare?.(dataDir);
  let server = await startServer(configurationOn(0), log);
  const { port } = server;
  return {
    url: `http://127.0.0.1:${port}/`,
    async interrupt() {
      await server.close();
      server = await startServer(configurationOn(port), log);
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/**
 * Starts the edge host under workerd, in development mode. It does not use `wrangler dev`, which has a
 * proxy before the Worker whose idle connections may close after 5 s, just when they are used again.
 */
export async function startEdgeHost(settings: TestSettings = {}): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-browser-'));
  const bindings = { JWT_SECRET: crypto.randomUUID(), SECRET_WAS_MADE: 'true', ...settings };
  const miniflare = new Miniflare({
    ...edgeOptions(inject('developmentBundle'), bindings, { script: 'dev.js', page: PAGE }),
    resourcePersistencePath: folder,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: ({ level, message }) => {
      if (level === 'error') log.failure('edge', message);
    },
  });
  const url = await miniflare.ready;
  return {
    url: url.href,
    interrupt: (roomId) =>
      miniflare.unsafeEvictDurableObject('parlor', 'RoomObject', {
        name: roomId,
        webSockets: 'close',
      }),
    async close() {
      await miniflare.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}
