import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inboxFiles, roomFiles } from '../local-server/backup.ts';
import { type Configuration, configure, signersOf, urlOf } from '../local-server/configuration.ts';
import { DiskBlobStore } from '../local-server/disk-blob-store.ts';
import { startServer } from '../local-server/server.ts';
import { BUSY_MS } from '../local-server/sqlite-file.ts';
import { countFiles, filesFolder } from '../local-server/sweep-files.ts';
import { KeySet } from '../src/auth/key-set.ts';
import { inboxMigrations } from '../src/inbox/storage/migrations.ts';
import { migrations } from '../src/room/storage/migrations.ts';
import { buildPage } from '../web/build.ts';

/**
 * `npm run doctor [-- --dev]`: builds the page, and checks everything that a start of the Node host
 * checks, and what a host finds out only later, without leaving a server running. Exits with 1 if
 * something must be fixed first.
 */

interface Finding {
  isFine: boolean;
  sentence: string;
}

/** Free space below which a data folder counts as about full, in bytes. */
const LITTLE_SPACE = 256 * 1024 * 1024;
/** How many wrong files are named one by one. */
const NAMED = 5;

const fine = (sentence: string): Finding => ({ isFine: true, sentence });
const wrong = (sentence: string): Finding => ({ isFine: false, sentence });

/** Builds the page, really starts the server, and stops it again. */
async function checkStart(configuration: Configuration): Promise<Finding[]> {
  await buildPage();
  const failures: string[] = [];
  const server = await startServer(configuration, {
    failure: (what, error) => failures.push(`${what}: ${String(error)}`),
  });
  const url = urlOf(configuration, server.port);
  await server.close();
  return failures.length === 0
    ? [fine(`It starts, and listens on ${url}.`)]
    : failures.map((failure) => wrong(`It starts, but something fails: ${failure}.`));
}

function checkSpace(dataDir: string): Finding {
  const { bavail, bsize } = statfsSync(dataDir);
  const megabytes = Math.floor((bavail * bsize) / 1024 / 1024);
  return bavail * bsize < LITTLE_SPACE
    ? wrong(`${dataDir} has ${megabytes} MB left: make room, for a full disk takes no messages.`)
    : fine(`${dataDir} can be written to and has ${megabytes} MB left.`);
}

function checkRooms(dataDir: string): Finding[] {
  const files = roomFiles(dataDir);
  const inboxes = inboxFiles(dataDir).map((file) => [`inboxes/${file}`, inboxMigrations] as const);
  const all = [...files.map((file) => [`rooms/${file}`, migrations] as const), ...inboxes];
  const problems = all.flatMap(([file, schema]) => {
    const why = wrongFile(join(dataDir, file), schema.length);
    return why === undefined ? [] : [wrong(`${file} ${why}.`)];
  });
  const more = problems.length - NAMED;
  const rest = more > 0 ? [wrong(`${more} more files of rooms and inboxes cannot be opened.`)] : [];
  return [fine(`There are ${files.length} rooms.`), ...problems.slice(0, NAMED), ...rest];
}

function wrongFile(path: string, known: number): string | undefined {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
    try {
      const row = database.prepare('SELECT max(version) AS version FROM migrations').get();
      const version = Number(row?.['version']);
      return version > known
        ? `was written by a newer Parlor (schema ${version}, known are ${known}): run that version or a later one`
        : undefined;
    } finally {
      database.close();
    }
  } catch (error) {
    return `cannot be read (${(error as Error).message}): restore it from a backup`;
  }
}

async function checkKeys(url: string): Promise<Finding> {
  const failures: string[] = [];
  const now = () => Date.now();
  const onFailure = (error: unknown) => failures.push((error as Error).message);
  const keySet = new KeySet({ url, now, fetch: (at, init) => fetch(at, init), onFailure });
  await keySet.keysFor({ alg: 'RS256' }).catch(() => []);
  if (failures.length > 0) {
    return wrong(`${url} gives no keys (${failures[0]}): look at JWT_JWKS_URL and that server.`);
  }
  return keySet.size === 0
    ? wrong(`${url} publishes no key of RSA, P-256, P-384, P-521 or Ed25519: look at JWT_JWKS_URL.`)
    : fine(`${url} publishes ${keySet.size} keys.`);
}

function checkAddresses({ isDevelopment, settings }: Configuration): Finding[] {
  if (isDevelopment || settings.CLIENT_URL !== undefined || settings.PUBLIC_URL !== undefined) {
    return [];
  }
  return [
    fine(
      'CLIENT_URL and PUBLIC_URL are not set: only pages of the address it is reached by connect.',
    ),
  ];
}

function checkFiles({ settings }: Configuration): Finding[] {
  const { FILES_SECRET, JWT_SECRET } = settings;
  if (FILES_SECRET !== undefined || JWT_SECRET !== undefined) return [];
  return [
    fine('FILES_SECRET is not set: files can be uploaded, but no page can show them in place.'),
  ];
}

/** Compares the files that rooms know with the stored bytes. Damaged rooms are named by `checkRooms`. */
async function checkStoredFiles(dataDir: string): Promise<Finding[]> {
  try {
    const store = new DiskBlobStore(filesFolder(dataDir));
    const { stored, bytes, missing, orphans } = await countFiles(dataDir, store, Date.now());
    const megabytes = Math.ceil(bytes / 1024 / 1024);
    return [
      fine(`There are ${stored} uploaded files, ${megabytes} MB.`),
      ...(missing === 0 ? [] : [wrong(missingFiles(missing, dataDir))]),
      ...(orphans === 0
        ? []
        : [fine(`${orphans} files in ${filesFolder(dataDir)} belong to none.`)]),
    ];
  } catch (error) {
    return [wrong(`Uploaded files cannot be examined: ${(error as Error).message}.`)];
  }
}

function missingFiles(count: number, dataDir: string): string {
  return `${count} uploaded files are missing in ${filesFolder(dataDir)}: copy them there from a backup.`;
}

async function examine(): Promise<Finding[]> {
  const isDevelopment = process.argv.includes('--dev');
  const configuration = configure(process.cwd(), process.env, isDevelopment);
  const { settings, warnings } = configuration;
  const { DATA_DIR, JWT_JWKS_URL } = settings;
  return [
    fine(`Node ${process.versions.node}, SQLite ${process.versions['sqlite'] ?? 'built in'}.`),
    fine(`Tokens hold when signed with ${signersOf(configuration)}.`),
    ...warnings.map(wrong),
    ...checkAddresses(configuration),
    ...checkFiles(configuration),
    ...(await checkStart(configuration)),
    checkSpace(DATA_DIR),
    ...checkRooms(DATA_DIR),
    ...(await checkStoredFiles(DATA_DIR)),
    ...(JWT_JWKS_URL === undefined ? [] : [await checkKeys(JWT_JWKS_URL)]),
  ];
}

try {
  const findings = await examine();
  for (const { isFine, sentence } of findings) {
    process.stdout.write(`${isFine ? 'fine ' : 'wrong'}  ${sentence}\n`);
  }
  process.exitCode = findings.every(({ isFine }) => isFine) ? 0 : 1;
} catch (error) {
  for (const sentence of (error as Error).message.split('\n')) {
    process.stdout.write(`wrong  ${sentence}\n`);
  }
  process.exitCode = 1;
}
