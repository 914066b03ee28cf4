import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readSettings, SECRET_BYTES, type Settings, unknownSettings } from '../src/settings.ts';

/** Everything the node host is started with. */
export interface Configuration {
  settings: Settings & { JWT_SECRET: string };
  isDevelopment: boolean;
  /** Addresses to listen on. */
  addresses: readonly string[];
  /** Development mode on loopback: test tokens, `Host` checked. */
  isLocal: boolean;
  allowGuests: boolean;
  clientUrl: string;
  /** Where the made secret lies, when there is one. */
  madeSecret: string | undefined;
  /** Sentences for the operator that do not keep the server from starting. */
  warnings: string[];
}

const DEFAULT_CLIENT_URL = 'http://localhost:3001';
const LOOPBACK = ['127.0.0.1', '::1'];
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/**
 * Reads `.env` in `folder`, then the environment, which wins.
 * @throws Error with one sentence a line for the operator
 */
export function configure(
  folder: string,
  environment: NodeJS.ProcessEnv,
  isDevelopment: boolean,
): Configuration {
  const file = readEnvFile(join(folder, '.env'));
  const { settings, problems } = readSettings({ ...file, ...environment });
  if (problems.length > 0) throw new Error(problems.join('\n'));

  const isLocal = isDevelopment && (settings.HOST === undefined || LOCAL_HOSTS.has(settings.HOST));
  const given = settings.JWT_SECRET;
  const made = given === undefined && isLocal ? developmentSecret(settings.DATA_DIR) : undefined;
  const secret = given ?? made?.secret;
  if (secret === undefined) throw new Error(NO_SECRET);
  return {
    settings: { ...settings, JWT_SECRET: secret },
    isDevelopment,
    addresses: addressesOf(settings.HOST, isLocal),
    isLocal,
    allowGuests: settings.ALLOW_GUESTS ?? made !== undefined,
    clientUrl: settings.CLIENT_URL ?? DEFAULT_CLIENT_URL,
    madeSecret: made?.path,
    warnings: unknownSettings(Object.keys(file), 'node').map((sentence) => `.env: ${sentence}`),
  };
}

const NO_SECRET = `Set JWT_SECRET in .env or in the environment to ${SECRET_BYTES} bytes or more, for example to what "openssl rand -hex 32" prints.`;

function addressesOf(host: string | undefined, isLocal: boolean): readonly string[] {
  if (isLocal) return host === undefined || host === 'localhost' ? LOOPBACK : [unbracketed(host)];
  return [unbracketed(host ?? '::')];
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function readEnvFile(path: string): Record<string, string> {
  if (!existsSync(path)) return {};
  return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>;
}

/** Development mode's own secret: made once, readable by its owner only. */
export function developmentSecret(dataDir: string): { secret: string; path: string } {
  const path = join(dataDir, 'dev-secret');
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true });
    const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    writeFileSync(path, Buffer.from(bytes).toString('hex'), { mode: 0o600 });
    chmodSync(path, 0o600);
  }
  return { secret: readFileSync(path, 'utf8').trim(), path };
}
