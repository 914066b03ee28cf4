import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';
import { buildPage } from './web/build.ts';

/** The secret every test signs its tokens with. */
const JWT_SECRET = 'a secret for tests, longer than thirty-two bytes';

/** What a test waits for comes late on a busy machine, or never, in milliseconds. */
const PATIENCE_MS = 120_000;
/** What a test or a hook may take, in milliseconds: the longest take 20 s, beside 18 busy programs 20 times that. */
const LONGEST_MS = 600_000;
const patience = {
  expect: { poll: { timeout: PATIENCE_MS } },
  testTimeout: LONGEST_MS,
  hookTimeout: LONGEST_MS,
};

/**
 * The Workers pool, without its notice at every start that the package goes on under another name:
 * the version here is pinned, and a green run prints nothing that looks like trouble.
 */
function workersPool(options: Parameters<typeof cloudflareTest>[0]) {
  const { warn } = console;
  console.warn = (...args: unknown[]) => {
    if (!String(args[0]).includes('pool-workers has been renamed')) warn(...args);
  };
  try {
    return cloudflareTest(options);
  } finally {
    console.warn = warn;
  }
}

// Every host in the tests serves it, and wrangler will not start without its folder.
await buildPage();

export default defineConfig({
  test: {
    // Most of the time a test file waits, for graces, sleeps and heartbeats: four at a time, on two cores.
    // Nothing that a file leaves is seen by another: modules are loaded once a worker (`isolate: false`).
    maxWorkers: 4,
    projects: [
      {
        plugins: [
          workersPool({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: { JWT_SECRET, LOG_LEVEL: 'warn' } },
          }),
        ],
        test: {
          name: 'edge',
          isolate: false,
          include: ['test/edge/**/*.test.ts'],
          ...patience,
        },
      },
      {
        // One module, or one Room over a file of its own: no host and no program is started.
        test: {
          name: 'unit',
          environment: 'node',
          isolate: false,
          include: ['test/unit/**/*.test.ts'],
          env: { JWT_SECRET },
          ...patience,
        },
      },
      {
        test: {
          name: 'node',
          environment: 'node',
          isolate: false,
          setupFiles: ['test/support/fresh-connections.ts'],
          include: ['test/**/*.test.ts'],
          exclude: ['test/unit/**', 'test/edge/**', 'test/scenarios/**', 'test/e2e/**'],
          globalSetup: ['test/support/temporary-files.ts'],
          env: { JWT_SECRET },
          ...patience,
        },
      },
      {
        // What users do, against running hosts; those need the Worker bundled first.
        test: {
          name: 'users',
          environment: 'node',
          isolate: false,
          setupFiles: ['test/support/fresh-connections.ts'],
          include: ['test/scenarios/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/temporary-files.ts', 'test/support/edge-bundle.ts'],
          ...patience,
          maxConcurrency: 24,
        },
      },
    ],
  },
});
