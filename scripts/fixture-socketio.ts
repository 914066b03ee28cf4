// Serves the session layer without the chat, for the published conformance suites. Usage:
// npm run fixture:socketio [-- PORT]
import { execFileSync } from 'node:child_process';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_readConfig } from 'wrangler';
import { endWithParent } from './end-with-parent.ts';

/** The suites talk to `localhost:3000`. */
const PORT = Number(process.argv[2] ?? 3000);
const CONFIG = 'test/fixtures/socketio-worker/wrangler.toml';
const BUNDLE = 'dist/fixture-socketio';

/** Nothing is asked of the network, nothing is reported. */
const OFFLINE = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};

endWithParent();
bundle();
const { compatibility_date, compatibility_flags } = unstable_readConfig({ config: CONFIG });
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: 'socketio-fixture',
    // What `localhost` names differs from machine to machine: one socket for each of its addresses.
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
  }),
);
await miniflare.ready;
// On SIGTERM and SIGINT Miniflare ends workerd, then this process, by handlers of its own.
process.stdout.write(`http://localhost:${PORT}/engine.io/ and /socket.io/, stop with Ctrl-C\n`);

/** `wrangler` bundles the Worker as it would for a deploy, and sends it nowhere. */
function bundle(): void {
  const outdir = `${process.cwd()}/${BUNDLE}`;
  const wrangler = 'node_modules/wrangler/bin/wrangler.js';
  execFileSync(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', CONFIG, '--outdir', outdir],
    { env: { ...process.env, ...OFFLINE }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
}
