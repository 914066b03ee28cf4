import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inboxMigrations } from '../../src/inbox/storage/migrations.ts';
import { migrations } from '../../src/room/storage/migrations.ts';
import { published, signingKey, startKeyServer } from '../unit/auth/support/key-server.ts';
import { temporaryFolder } from '../support/folder.ts';
import { httpApp } from '../support/http-app.ts';
import { Program } from '../support/program.ts';
import { copyOfProject, programIn } from '../support/project-copy.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';

async function doctor(env: Record<string, string> = {}, cwd = temporaryFolder(), dev = false) {
  const { code, stdout, stderr } = await new Program('scripts/doctor.ts', {
    cwd,
    args: dev ? ['--dev'] : [],
    env: { PORT: '0', HOST: '127.0.0.1', ...env },
  }).ended;
  expect(stderr).toBe('');
  return { code, wrong: [...stdout.matchAll(/^wrong {2}(.*)$/gm)].map(([, text]) => text), stdout };
}

/** A folder with the file of one room, of this schema version. */
function folderWithRoom(version: number): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, '.data', 'rooms'), { recursive: true });
  writeVersion(join(folder, '.data', 'rooms', 'a.sqlite'), version);
  return folder;
}

/** Creates a database with nothing but a schema version. */
function writeVersion(path: string, version: number): void {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE migrations (version INTEGER PRIMARY KEY)');
  database.prepare('INSERT INTO migrations VALUES (?)').run(version);
  database.close();
}

describe('the doctor', () => {
  test('finds nothing wrong in a correct installation, and leaves no server running', async () => {
    const { code, wrong, stdout } = await doctor({ JWT_SECRET: SECRET });
    expect([code, wrong]).toEqual([0, []]);
    expect(stdout).toMatch(/^fine {3}It starts, and listens on http:\/\/127\.0\.0\.1:\d+\.$/m);
    expect(stdout).toMatch(/^fine {3}Tokens hold when signed with JWT_SECRET\.$/m);
  });

  test('builds the page, which the service may have no right to', async () => {
    const copy = copyOfProject();
    const env = { JWT_SECRET: SECRET, PORT: '0', HOST: '127.0.0.1', DATA_DIR: temporaryFolder() };
    const program = new Program(programIn(copy, 'scripts/doctor.ts'), { env });
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(copy, 'dist', 'web', 'index.html'))).toBe(true);
  });

  test('recognises development mode', async () => {
    const { code, stdout } = await doctor({ HOST: '' }, temporaryFolder(), true);
    expect(code).toBe(0);
    expect(stdout).toContain('Tokens hold when signed with .data/dev-secret.');
  });

  test('reports each invalid setting as the server does when it starts', async () => {
    const { code, wrong } = await doctor({ PORT: 'x', JWT_SECRET: 'short' });
    expect([code, wrong]).toEqual([
      1,
      [
        'PORT must be a whole number from 0 to 65535.',
        'JWT_SECRET must be at least 32 bytes long.',
      ],
    ]);
  });

  test('names unknown settings in .env', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), 'JWT_SECERT=x\n');
    const { code, wrong } = await doctor({ JWT_SECRET: SECRET }, folder);
    expect([code, wrong]).toEqual([1, ['.env: JWT_SECERT is not a setting of Parlor.']]);
  });

  test('finds a port in use', async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, wrong } = await doctor({ JWT_SECRET: SECRET, PORT: String(port) });
    expect([code, wrong]).toEqual([
      1,
      [`Port ${port} is in use: stop what uses it, or set PORT to another one.`],
    ]);
  });

  test('finds rooms that this version cannot open', async () => {
    const newest = migrations.length;
    expect((await doctor({ JWT_SECRET: SECRET }, folderWithRoom(newest))).code).toBe(0);
    const folder = folderWithRoom(newest + 1);
    writeFileSync(join(folder, '.data', 'rooms', 'b.sqlite'), 'no database, only a text');
    const { code, wrong } = await doctor({ JWT_SECRET: SECRET }, folder);
    expect([code, wrong]).toEqual([
      1,
      [
        `rooms/a.sqlite was written by a newer Parlor (schema ${newest + 1}, known are ${newest}): run that version or a later one.`,
        expect.stringMatching(
          /^rooms\/b\.sqlite cannot be read \(.*\): restore it from a backup\.$/,
        ),
      ],
    ]);
  });

  test('finds files of inboxes that this version cannot open', async () => {
    const folder = folderWithRoom(migrations.length);
    const known = inboxMigrations.length;
    const inboxes = join(folder, '.data', 'inboxes');
    mkdirSync(inboxes);
    writeVersion(join(inboxes, '07.sqlite'), known + 1);
    writeVersion(join(inboxes, '08.sqlite'), known);
    writeFileSync(join(inboxes, '09.sqlite'), 'no database, only a text');
    const { code, wrong } = await doctor({ JWT_SECRET: SECRET }, folder);
    expect([code, wrong]).toEqual([
      1,
      [
        `inboxes/07.sqlite was written by a newer Parlor (schema ${known + 1}, known are ${known}): run that version or a later one.`,
        expect.stringMatching(
          /^inboxes\/09\.sqlite cannot be read \(.*\): restore it from a backup\.$/,
        ),
      ],
    ]);
  });

  test('finds uploaded files that are missing', async () => {
    const folder = temporaryFolder();
    const dataDir = join(folder, '.data');
    const host = httpApp(undefined, dataDir);
    const authorization = `Bearer ${await tokenFor('alice')}`;
    for (const name of ['a', 'b']) {
      const headers = { authorization, 'x-file-name': name, 'content-length': '5' };
      const init = { method: 'POST', headers, body: 'hello' };
      expect((await host.app.request('http://localhost/rooms/general/files', init)).status).toBe(
        201,
      );
    }
    host.rooms.close();
    const whole = await doctor({ JWT_SECRET: SECRET }, folder);
    expect([whole.code, whole.wrong]).toEqual([0, []]);
    expect(whole.stdout).toContain('There are 2 uploaded files, 1 MB.');
    rmSync(join(dataDir, 'files'), { recursive: true });
    const { code, wrong } = await doctor({ JWT_SECRET: SECRET }, folder);
    expect([code, wrong]).toEqual([
      1,
      ['2 uploaded files are missing in .data/files: copy them there from a backup.'],
    ]);
  });

  test('queries the key server', async () => {
    const server = await startKeyServer(published(signingKey('EdDSA')));
    onTestFinished(() => server.close());
    const fine = await doctor({ JWT_JWKS_URL: server.url });
    expect([fine.code, fine.wrong]).toEqual([0, []]);
    expect(fine.stdout).toContain(`${server.url} publishes 1 keys.`);
    server.publish();
    const empty = await doctor({ JWT_JWKS_URL: server.url });
    expect(empty.wrong).toEqual([
      `${server.url} publishes no key of RSA, P-256, P-384, P-521 or Ed25519: look at JWT_JWKS_URL.`,
    ]);
    server.answer((_, response) => response.writeHead(404).end());
    const missing = await doctor({ JWT_JWKS_URL: server.url });
    expect(missing.wrong).toEqual([
      `${server.url} gives no keys (it answered 404): look at JWT_JWKS_URL and that server.`,
    ]);
  });
});
