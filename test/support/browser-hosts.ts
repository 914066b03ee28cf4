import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestHarness, unstable_readConfig } from 'wrangler';
import { configure } from '../../local-server/configuration.ts';
import { startServer } from '../../local-server/server.ts';

/** A running host that serves the page, as browser tests see it. */
export interface Host {
  /** Stays the same for as long as the host lives, over `interrupt` too. */
  url: string;
  /** Drops everyone in the room, as a new version of the host does; what was said is kept. */
  interrupt(roomId: string): Promise<void>;
  close(): Promise<void>;
}

const log = {
  failure: (what: string, error: unknown) => {
    process.stderr.write(`${what}: ${String(error)}\n`);
  },
};

/**
 * The node host in this process; development mode unless told otherwise.
 * @param prepare puts rooms into the folder of the data before the host starts
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

/** Keeps wrangler on this machine, and from leaving files in the user's home. */
const QUIET = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};

/** The edge host under workerd, in development mode. */
export async function startEdgeHost(settings: Record<string, string> = {}): Promise<Host> {
  Object.assign(process.env, QUIET);
  const config = unstable_readConfig({ config: 'wrangler.toml' });
  const { name, compatibility_date, compatibility_flags, assets } = config;
  const { durable_objects, migrations, r2_buckets } = config;
  const harness = createTestHarness({
    workers: [
      {
        config: {
          name: name ?? 'parlor',
          main: 'src/edge/dev.ts',
          ...(compatibility_date !== undefined && { compatibility_date }),
          compatibility_flags,
          ...(assets !== undefined && { assets }),
          durable_objects,
          migrations,
          r2_buckets,
          vars: { JWT_SECRET: crypto.randomUUID(), SECRET_WAS_MADE: 'true', ...settings },
        },
      },
    ],
  });
  const { url } = await harness.listen();
  return {
    url: url.href,
    interrupt: (roomId) =>
      harness.getWorker().evictDurableObject('RoomObject', { name: roomId, webSockets: 'close' }),
    close: () => harness.close(),
  };
}
