// Serves the session layer without the chat, for the published suites. Usage:
// npm run fixture:socketio [-- PORT] [--one-object]     for the two conformance suites
// npm run fixture:socketio -- --client-suite FOLDER     runs the suite of socket.io-client
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_readConfig } from 'wrangler';
import { endWithParent } from './end-with-parent.ts';
import { WRANGLER_QUIET } from './project.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** All sessions in one object, not each polling session in an object of its own. */
    'one-object': { type: 'boolean' },
    /** A folder of socket.io-client with its tests and their tools, such as a clone. */
    'client-suite': { type: 'string' },
  },
});
const suite = values['client-suite'];

/** The conformance suites connect to `localhost:3000`, the client's suite to port 3210. */
const PORT = suite === undefined ? Number(positionals[0] ?? 3000) : 3210;
const CONFIG = 'test/fixtures/socketio-worker/wrangler.toml';
const BUNDLE = 'dist/fixture-socketio';

endWithParent();
bundle();
const { compatibility_date, compatibility_flags } = unstable_readConfig({ config: CONFIG });
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: 'socketio-fixture',
    // `localhost` means another address on each machine: listens on a socket for each of the two.
    host: '127.0.0.1',
    port: PORT,
    unsafeDirectSockets: [{ host: '::1', port: PORT }],
    cf: false,
    modules: true,
    scriptPath: `${BUNDLE}/worker.js`,
    compatibilityDate: compatibility_date ?? '',
    compatibilityFlags: compatibility_flags,
    durableObjects: {
      SESSION: { className: 'FixtureSession', useSQLite: true },
      ONE: { className: 'OneObject', useSQLite: true },
    },
    bindings: bindings(),
  }),
);
await miniflare.ready;
// On SIGTERM and SIGINT Miniflare ends workerd, then this process, by handlers of its own.
process.stdout.write(`http://localhost:${PORT}/engine.io/ and /socket.io/, stop with Ctrl-C\n`);
if (suite !== undefined) {
  process.exitCode = await runClientSuite(resolve(suite));
  await miniflare.dispose();
}

/** What the suites expect of the server. */
function bindings(): Record<string, string | number> {
  if (suite !== undefined) {
    const heartbeat = { PING_INTERVAL_MS: 2_000, PING_TIMEOUT_MS: 20_000 };
    return { SERVE: 'client-suite', CONNECT_TIMEOUT_MS: 45_000, ...heartbeat };
  }
  return values['one-object'] === true ? { SERVE: 'one-object' } : {};
}

/** Bundles the Worker with `wrangler` as for a deploy, without uploading it. */
function bundle(): void {
  const outdir = `${process.cwd()}/${BUNDLE}`;
  const wrangler = 'node_modules/wrangler/bin/wrangler.js';
  execFileSync(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', CONFIG, '--outdir', outdir],
    { env: { ...process.env, ...WRANGLER_QUIET }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

/**
 * Runs the suite with its own mocha, without the hook that starts the official server.
 * @returns its exit code: how many tests failed
 */
async function runClientSuite(folder: string): Promise<number> {
  const mocha = createRequire(`${folder}/package.json`).resolve('mocha/bin/mocha.js');
  const args = [mocha, '--require', 'ts-node/register', '--exit', 'test/index.ts'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
