import { readSettings, type Settings, unknownSettings } from '../src/settings/settings.ts';
import { SECRET_BYTES, wrongKeys } from '../src/settings/keys.ts';
import { wrongHook } from '../src/hooks/outgoing.ts';
import { wrongPush } from '../src/push/push.ts';
import { developmentPushKeys, DEVELOPMENT_SUBJECT } from './push-keys.ts';
import { developmentSecret } from './development-secret.ts';
import { readEnvFile } from './env-file.ts';

/** Everything the node host is started with. */
export interface Configuration {
  settings: Settings;
  isDevelopment: boolean;
  /** Addresses to listen on. */
  addresses: readonly string[];
  /** Development mode on loopback: test tokens, `Host` checked. */
  isLocal: boolean;
  allowGuests: boolean;
  /** `CLIENT_URL`, or the default of production. */
  clientUrl: string | undefined;
  /** Path of the secret that development mode has made; undefined if it did not need one. */
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
  const file = readEnvFile(folder);
  const { settings, problems } = readSettings({ ...file, ...environment });
  if (problems.length > 0) throw new Error(problems.join('\n'));

  const isLocal = isDevelopment && (settings.HOST === undefined || LOCAL_HOSTS.has(settings.HOST));
  const given = settings.JWT_SECRET;
  const made = given === undefined && isLocal ? developmentSecret(settings.DATA_DIR) : undefined;
  const allowGuests = settings.ALLOW_GUESTS ?? made !== undefined;
  const secret = { ...settings, JWT_SECRET: given ?? made?.secret };
  const keyed = isLocal ? withPushKeys(secret) : secret;
  const why =
    wrongKeys(keyed, { isLocal, allowGuests, noKeys: NO_KEYS }) ??
    wrongPush(keyed) ??
    wrongHook(keyed);
  if (why !== undefined) throw new Error(why);
  return {
    settings: keyed,
    isDevelopment,
    addresses: addressesOf(settings.HOST, isLocal),
    isLocal,
    allowGuests,
    clientUrl: settings.CLIENT_URL ?? (isLocal ? undefined : DEFAULT_CLIENT_URL),
    madeSecret: made?.path,
    warnings: unknownSettings(Object.keys(file), 'node').map((sentence) => `.env: ${sentence}`),
  };
}

/** Adds development mode's own keys for pushes, unless the settings have some. */
function withPushKeys(settings: Settings): Settings {
  const { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, JWT_SECRET } = settings;
  const { VAPID_SUBJECT = DEVELOPMENT_SUBJECT } = settings;
  const isSet = VAPID_PUBLIC_KEY !== undefined || VAPID_PRIVATE_KEY !== undefined;
  if (isSet || JWT_SECRET === undefined) return { ...settings, VAPID_SUBJECT };
  return { ...settings, ...developmentPushKeys(JWT_SECRET), VAPID_SUBJECT };
}

const NO_KEYS = `Set JWT_SECRET in .env or in the environment to ${SECRET_BYTES} bytes or more, for example to what "openssl rand -hex 32" prints, or JWT_JWKS_URL to where your sign-in service publishes its keys.`;

function addressesOf(host: string | undefined, isLocal: boolean): readonly string[] {
  if (isLocal) return host === undefined || host === 'localhost' ? LOOPBACK : [unbracketed(host)];
  return [unbracketed(host ?? '::')];
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** What tokens are signed with, in words. */
export function signersOf({ settings, madeSecret }: Configuration): string {
  const { JWT_SECRET, JWT_SECRET_OLD, JWT_JWKS_URL } = settings;
  const signers = [
    JWT_SECRET === undefined ? undefined : (madeSecret ?? 'JWT_SECRET'),
    JWT_SECRET_OLD === undefined ? undefined : 'JWT_SECRET_OLD',
    JWT_JWKS_URL === undefined ? undefined : `a key of ${JWT_JWKS_URL}`,
  ].filter((signer) => signer !== undefined);
  return signers.join(' or ');
}

/** Addresses that mean every address of the machine. */
const EVERY = new Set(['::', '0.0.0.0']);

/** The URL by which a browser reaches the server. */
export function urlOf(configuration: Configuration, port: number): string {
  const { settings, addresses } = configuration;
  if (settings.PUBLIC_URL !== undefined) return new URL(settings.PUBLIC_URL).origin;
  const [address = ''] = addresses;
  const isNamed = addresses.length === 1 && !EVERY.has(address);
  const host = isNamed ? address : 'localhost';
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
