import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { configureEdge } from '../../scripts/edge-configuration.ts';
import { EXAMPLE_SECRET } from '../../src/settings/keys.ts';
import { developmentPushKeys, DEVELOPMENT_SUBJECT } from '../../local-server/push-keys.ts';
import { temporaryFolder } from '../support/folder.ts';
import { processes } from '../support/processes.ts';
import { Program, PROJECT } from '../support/program.ts';

function devEdge(port: number, env: Record<string, string>): Program {
  const args = ['--port', String(port), '--persist-to', join(temporaryFolder(), 'state')];
  return new Program('scripts/dev-edge.ts', { args, env });
}

function secretFileOf(program: Program): string {
  return join(PROJECT, '.wrangler', `dev-edge-${program.pid}.env`);
}

test('npm run dev:edge starts the edge host with its own secret, and ends all its processes', async () => {
  const folder = temporaryFolder();
  const program = devEdge(0, { DATA_DIR: folder });
  await program.until(/stops\.\n/);
  const port = await program.port();
  expect(program.stdout.split('\n').slice(0, 2)).toEqual([
    `Parlor listens on http://localhost:${port} (this machine only).`,
    `Who may enter: guests, and whoever has a token signed with ${folder}/dev-secret, from web pages of its own and of every port of this machine.`,
  ]);

  const answer = await fetch(`http://localhost:${port}/test-token?username=alice`);
  const headers = { authorization: `Bearer ${await answer.text()}` };
  const sent = await fetch(`http://localhost:${port}/rooms/start/messages`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ message: 'hello' }),
  });
  expect(sent.status).toBe(201);
  // A guest may enter, because the secret was created.
  const socket = new WebSocket(`ws://localhost:${port}/rooms/start/ws?history=1`);
  onTestFinished(() => socket.terminate());
  const [joined] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(joined.toString().split('\n')[0] ?? '')).toMatchObject([
    'joined',
    {
      ok: true,
      you: { userId: expect.stringMatching(/^guest:/) },
      messages: [{ message: 'hello' }],
    },
  ]);

  const secret = readFileSync(join(folder, 'dev-secret'), 'utf8');
  expect(statSync(secretFileOf(program)).mode & 0o777).toBe(0o600);
  const running = processes();
  expect(running.some(({ args }) => args.includes(secret))).toBe(false);
  const group = running.find(({ args }) => args.includes(secretFileOf(program)))?.group;
  expect(group).toBeGreaterThan(1);

  program.kill('SIGTERM');
  expect((await program.ended).code).toBe(0);
  await expect.poll(() => processes().filter((one) => one.group === group)).toEqual([]);
  expect(readdirSync(join(PROJECT, '.wrangler'))).not.toContain(`dev-edge-${program.pid}.env`);
});

describe('a failed start prints one sentence', () => {
  test('for a port in use', async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await devEdge(port, { DATA_DIR: temporaryFolder() }).ended;
    expect(stderr).toBe(
      `Port ${port} is in use: stop what uses it, or take another one with "npm run dev:edge -- --port 8788".\n`,
    );
    expect(code).toBe(1);
  });

  test('for an invalid setting', async () => {
    const { code, stderr } = await devEdge(0, { MAX_FRAME_BYTES: 'many' }).ended;
    expect(stderr).toBe('MAX_FRAME_BYTES must be a whole number from 1024 to 1048576.\n');
    expect(code).toBe(1);
  });
});

describe('the configuration of the Worker', () => {
  test('has the settings of the edge host, the environment before .env', () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, '.env'),
      `PORT=4000\nJWT_SECRET=${EXAMPLE_SECRET}\nCLIENT_URL=http://localhost:3001\nOTHER=1\n`,
    );
    const given = configureEdge(folder, { CLIENT_URL: 'http://localhost:3002', HOME: '/root' });
    expect(given).toEqual({
      bindings: {
        JWT_SECRET: EXAMPLE_SECRET,
        CLIENT_URL: 'http://localhost:3002',
        ...developmentPushKeys(EXAMPLE_SECRET),
        VAPID_SUBJECT: DEVELOPMENT_SUBJECT,
      },
      allowGuests: false,
      clientUrl: 'http://localhost:3002',
      publicUrl: undefined,
      madeSecret: undefined,
      warnings: ['.env: OTHER is not a setting of Parlor.'],
    });
  });

  test('reports that the secret was created when none is set', () => {
    const folder = temporaryFolder();
    const { bindings, allowGuests, madeSecret } = configureEdge(folder, { DATA_DIR: folder });
    const secret = readFileSync(join(folder, 'dev-secret'), 'utf8');
    expect(bindings).toEqual({
      JWT_SECRET: secret,
      SECRET_WAS_MADE: 'true',
      ...developmentPushKeys(secret),
      VAPID_SUBJECT: DEVELOPMENT_SUBJECT,
    });
    expect([allowGuests, madeSecret]).toEqual([true, join(folder, 'dev-secret')]);
  });
});
