import { Logger } from '../src/observability/logger.ts';
import { buildPage } from '../web/build.ts';
import { type Configuration, configure, signersOf, urlOf } from './configuration.ts';
import { startupBanner } from './startup-banner.ts';
import { startServer } from './server.ts';

/** Starts the node host. `--dev` is development mode; without it this is production. */

/** How long closing may take, in milliseconds; then the process exits anyway. */
const SHUTDOWN_MS = 4_000;

function logOf({ settings }: Configuration): Logger {
  return new Logger({
    minLevel: settings.LOG_LEVEL,
    write: (_, line) => process.stderr.write(`${line}\n`),
    now: () => Date.now(),
  });
}

function introduction(configuration: Configuration, port: number): string {
  return startupBanner({
    ...configuration,
    url: urlOf(configuration, port),
    signedWith: signersOf(configuration),
    data: configuration.settings.DATA_DIR,
  });
}

async function main(): Promise<void> {
  const configuration = configure(process.cwd(), process.env, process.argv.includes('--dev'));
  await buildPage();
  const server = await startServer(configuration, logOf(configuration));
  const stop = () => {
    setTimeout(() => process.exit(0), SHUTDOWN_MS).unref();
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Last: a program that reads that the server listens may stop it.
  process.stdout.write(introduction(configuration, server.port));
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
});
