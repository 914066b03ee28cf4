import { type Configuration, configure } from './configuration.ts';
import { startServer } from './server.ts';

/** Starts the node host. `--dev` is development mode; without it this is production. */

/** What is not closed by then is cut, in milliseconds. */
const SHUTDOWN_MS = 4_000;

const log = {
  failure: (what: string, error: unknown) => {
    process.stderr.write(`${JSON.stringify({ event: 'failure', what, error: String(error) })}\n`);
  },
};

function firstLines(configuration: Configuration, port: number): string {
  const { settings, isLocal, allowGuests, madeSecret, isDevelopment } = configuration;
  const host = isLocal ? 'localhost' : (settings.HOST ?? 'localhost');
  const url = settings.PUBLIC_URL ?? `http://${host}:${port}`;
  const guests = allowGuests ? 'guests, and ' : '';
  const where = madeSecret === undefined ? 'JWT_SECRET' : madeSecret;
  return [
    `Parlor listens on ${url}${isLocal ? ' (this machine only)' : ''}.`,
    `Who may enter: ${guests}anyone with a token signed with ${where}; pages of ${configuration.clientUrl}.`,
    `Data lies in ${settings.DATA_DIR}.`,
    ...(isDevelopment ? [`Open ${url} in two windows to chat; Ctrl+C stops.`] : []),
    ...configuration.warnings,
    '',
  ].join('\n');
}

async function main(): Promise<void> {
  const configuration = configure(process.cwd(), process.env, process.argv.includes('--dev'));
  const server = await startServer(configuration, log);
  process.stdout.write(firstLines(configuration, server.port));
  const stop = () => {
    setTimeout(() => process.exit(0), SHUTDOWN_MS).unref();
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
});
