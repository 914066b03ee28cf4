import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { keyOf, verifyToken } from '../../src/auth/tokens.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program } from '../support/program.ts';

const SECRET = 'a secret of this test that is long enough';

async function token(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  return new Program('scripts/token.ts', { args, cwd, env }).ended;
}

test('npm run token signs with the secret of .env, for a day, and prints only the token', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), `JWT_SECRET="${SECRET}"\n`);
  const { code, stdout, stderr } = await token(['alice'], folder);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const now = Date.now();
  const identity = await verifyToken(stdout.trim(), { secrets: [keyOf(SECRET)] }, now);
  expect(identity).toMatchObject({ userId: 'alice', name: 'alice' });
  const hours = ((identity.expiresAt ?? 0) - now) / 3_600_000;
  expect(hours).toBeGreaterThan(23.9);
  expect(hours).toBeLessThanOrEqual(24);
});

test('npm run token takes a name, hours, --bot and --admin, and the claims of the settings', async () => {
  const { stdout } = await token(
    ['42', '--name', 'Alice A.', '--hours', '0.5', '--bot', '--admin'],
    temporaryFolder(),
    {
      JWT_SECRET: SECRET,
      JWT_ISSUER: 'parlor',
      JWT_USER_CLAIM: 'uid',
      JWT_AUDIENCE: 'chat',
    },
  );
  const { exp = 0, ...claims } = decodeJwt(stdout);
  expect(claims).toEqual({
    uid: '42',
    name: 'Alice A.',
    bot: true,
    admin: true,
    iss: 'parlor',
    aud: 'chat',
  });
  expect(exp - Date.now() / 1_000).toBeLessThanOrEqual(1_800);
});

test('npm run token signs with the secret of development mode where none is set', async () => {
  const folder = temporaryFolder();
  const { stdout } = await token(['alice'], folder);
  const key = keyOf(readFileSync(join(folder, '.data', 'dev-secret'), 'utf8'));
  expect(await verifyToken(stdout.trim(), { secrets: [key] }, Date.now())).toMatchObject({
    userId: 'alice',
  });
});

test.each([
  [[], /^Usage: npm run --silent token -- USER_ID/],
  [['alice', 'bob'], /^Usage: /],
  [['alice', '--hours', '0'], /^--hours must be a number above 0 and up to 8784\.$/],
  [['alice', '--name', ' x'], /^--name must not begin or end with a space\.$/],
  [['guest:1'], /^The user id must not begin with "guest:"\.$/],
  [['a\nb'], /^The user id must not contain control characters\.$/],
])('npm run token answers %j with one sentence and no token', async (args, sentence) => {
  const { code, stdout, stderr } = await token(args, temporaryFolder(), { JWT_SECRET: SECRET });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr.trimEnd()).toMatch(sentence);
});
