import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { EXAMPLE_SECRET } from '../../src/settings/keys.ts';
import { VERSION } from '../../src/version.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, type ProgramOptions, PROJECT } from '../support/program.ts';
import { copyOfProject, programIn } from '../support/project-copy.ts';

const MAIN = 'local-server/main.ts';
const SECRET = 'a secret of this test that is long enough';

function start(options: ProgramOptions = {}): Program {
  const cwd = options.cwd ?? temporaryFolder();
  return new Program(MAIN, { ...options, cwd, env: { PORT: '0', ...options.env } });
}

function startDev(options: ProgramOptions = {}): Program {
  return start({ args: ['--dev'], ...options });
}

async function token(port: number, username: string): Promise<string> {
  return (await fetch(`http://localhost:${port}/test-token?username=${username}`)).text();
}

/** The lines on stderr of a program that refuses to start. */
async function refusal(program: Program): Promise<string[]> {
  const { code, stdout, stderr } = await program.ended;
  expect(stdout).toBe('');
  expect(code).toBe(1);
  return stderr.trimEnd().split('\n');
}

/** Opens a native socket and waits until it has joined. */
async function joined(port: number, bearer: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://localhost:${port}/rooms/start/ws`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  onTestFinished(() => socket.terminate());
  await once(socket, 'message');
  return socket;
}

describe('development mode', () => {
  test('prints where it listens, who may enter and where the data is', async () => {
    const folder = temporaryFolder();
    const program = startDev({ cwd: folder });
    const port = await program.port();
    await program.until(/stops\.\n/);
    expect(program.stdout.split('\n')).toEqual([
      `Parlor listens on http://localhost:${port} (this machine only).`,
      'Who may enter: guests, and whoever has a token signed with .data/dev-secret, from web pages of its own and of every port of this machine.',
      'Data lies in .data.',
      `A token for alice: http://localhost:${port}/test-token?username=alice`,
      `Open http://localhost:${port} in two windows to chat; Ctrl+C stops.`,
      '',
    ]);
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(await health.json()).toEqual({
      ok: true,
      version: VERSION,
      protocol: 1,
      host: 'node',
      messageBytes: 8_192,
    });
    expect(program.stderr).toBe('');
  });

  test('creates its secret once, readable by its owner only', async () => {
    const folder = temporaryFolder();
    const path = join(folder, '.data', 'dev-secret');
    const first = startDev({ cwd: folder });
    const issued = await token(await first.port(), 'alice');
    const secret = readFileSync(path, 'utf8');
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    first.kill('SIGTERM');
    await first.ended;

    const second = startDev({ cwd: folder });
    const port = await second.port();
    expect(readFileSync(path, 'utf8')).toBe(secret);
    const answer = await fetch(`http://localhost:${port}/rooms/start`, {
      headers: { authorization: `Bearer ${issued}` },
    });
    expect(answer.status).toBe(200);
  });

  test('refuses a damaged file of the created secret', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'dev-secret'), 'short');
    const lines = await refusal(startDev({ cwd: folder, env: { DATA_DIR: '.' } }));
    expect(lines).toEqual(['dev-secret holds no usable secret: delete it, and a new one is made.']);
  });

  test('refuses guests once a secret is set', async () => {
    const program = startDev({ env: { JWT_SECRET: SECRET } });
    const port = await program.port();
    await program.until(/Who may enter: whoever has a token signed with JWT_SECRET,/);
    expect((await fetch(`http://localhost:${port}/rooms/start`)).status).toBe(401);
  });

  test('accepts the example secret, on this machine only', async () => {
    const program = startDev({ env: { JWT_SECRET: EXAMPLE_SECRET } });
    await program.until(/Data lies/);
    expect(program.stdout).toContain('(this machine only)');
  });

  test.each(['0.0.0.0', '::'])(
    'with HOST=%s for other machines: creates no secret, gives no test token, refuses guests',
    async (HOST) => {
      const [line] = await refusal(startDev({ env: { HOST } }));
      expect(line).toMatch(/^Set JWT_SECRET in \.env or in the environment to 32 bytes or more/);

      const program = startDev({ env: { HOST, JWT_SECRET: SECRET } });
      const port = await program.port();
      await program.until(/Who may enter: whoever/);
      expect(program.stdout).not.toContain('this machine only');
      expect((await fetch(`http://localhost:${port}/test-token?username=eve`)).status).toBe(404);
      expect((await fetch(`http://localhost:${port}/rooms/start`)).status).toBe(401);
    },
  );
});

describe('production', () => {
  test('does not start without a secret', async () => {
    const [line, ...more] = await refusal(start());
    expect(line).toMatch(/^Set JWT_SECRET .* 32 bytes or more, for example to what "openssl/);
    expect(more).toEqual([]);
  });

  test('does not start with the example secret', async () => {
    const lines = await refusal(start({ env: { JWT_SECRET: EXAMPLE_SECRET } }));
    expect(lines).toEqual([
      'JWT_SECRET is still the example, which everybody knows: set it to a secret of your own, for example to what "openssl rand -hex 32" prints.',
    ]);
  });

  test('gives no test token', async () => {
    const program = start({ env: { JWT_SECRET: SECRET, HOST: '127.0.0.1' } });
    const port = await program.port();
    expect((await fetch(`http://127.0.0.1:${port}/test-token?username=eve`)).status).toBe(404);
    expect(program.stdout).not.toContain('test-token');
  });

  test('names its public address', async () => {
    const program = start({ env: { JWT_SECRET: SECRET, PUBLIC_URL: 'https://chat.example.com/' } });
    await program.until(/Data lies/);
    expect(program.stdout).toMatch(/^Parlor listens on https:\/\/chat\.example\.com\.\n/);
  });
});

describe('a failed start prints one sentence and exits with 1', () => {
  test('for a secret that is too short', async () => {
    const lines = await refusal(startDev({ env: { JWT_SECRET: 'short' } }));
    expect(lines).toEqual(['JWT_SECRET must be at least 32 bytes long.']);
  });

  test('for each invalid setting', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), 'DURABILITY=maybe\nMAX_FRAME_BYTES=64k\n');
    const lines = await refusal(startDev({ cwd: folder, env: { PORT: '70000' } }));
    expect(lines).toEqual([
      'PORT must be a whole number from 0 to 65535.',
      'MAX_FRAME_BYTES must be a whole number from 1024 to 1048576.',
      'DURABILITY must be one of disk, process.',
    ]);
  });

  test('for a port in use', async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const lines = await refusal(startDev({ env: { PORT: String(port) } }));
    expect(lines).toEqual([
      `Port ${port} is in use: stop what uses it, or set PORT to another one.`,
    ]);
  });

  test('for an address that is not of this machine', async () => {
    const lines = await refusal(start({ env: { JWT_SECRET: SECRET, HOST: '192.0.2.1' } }));
    expect(lines).toEqual([
      'Cannot listen on 192.0.2.1 (EADDRNOTAVAIL): set HOST to an address of this machine.',
    ]);
  });

  test('for a second process on the same data', async () => {
    const folder = temporaryFolder();
    const first = startDev({ cwd: folder });
    await first.port();
    const lines = await refusal(startDev({ cwd: folder }));
    expect(lines).toEqual([
      'Another Parlor is already using .data: stop it, or set DATA_DIR to another folder.',
    ]);
  });

  test.each([
    { mode: 'development', args: ['--dev'], env: {} },
    { mode: 'production', args: [], env: { JWT_SECRET: SECRET } },
  ])('for data that cannot be written to in $mode', async ({ args, env }) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const program = start({ cwd: folder, args, env: { DATA_DIR: 'file/data', ...env } });
    const [line, ...more] = await refusal(program);
    expect(line).toMatch(
      /^file\/data cannot be written to \(ENOTDIR: .*\): set DATA_DIR to a folder of your own\.$/,
    );
    expect(more).toEqual([]);
  });

  test('for a page that cannot be written', async () => {
    const copy = copyOfProject();
    writeFileSync(join(copy, 'dist'), '');
    const env = { PORT: '0', DATA_DIR: temporaryFolder() };
    const program = new Program(programIn(copy, MAIN), { args: ['--dev'], env });
    expect(await refusal(program)).toEqual([
      expect.stringMatching(
        /^The page cannot be written to .*web \(E.*\): run "npm run doctor" as the owner of that folder, which builds it\.$/,
      ),
    ]);
  });

  test.each(['wakeups.sqlite', 'inbox-wakeups.sqlite'])('for a damaged %s', async (name) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, name), 'this is no database, only a long enough text');
    const lines = await refusal(startDev({ env: { DATA_DIR: folder } }));
    expect(lines).toEqual([
      `${join(folder, name)} cannot be used (file is not a database): make it writable, or if it is damaged restore it from a backup that holds it, or move it away; its wakeups are then set again when rooms and inboxes change.`,
    ]);
  });

  test.each(['20.19.0', '24.8.0'])('for the old Node %s', async (node) => {
    const versions = `{ value: { ...process.versions, node: '${node}' } }`;
    const preload = `data:text/javascript,Object.defineProperty(process, 'versions', ${versions})`;
    const program = new Program('scripts/run.mjs', {
      args: [MAIN],
      nodeArgs: ['--import', preload],
    });
    expect(await refusal(program)).toEqual([
      `Parlor needs Node 24.9 or later and this is Node ${node}: install Node 24 from https://nodejs.org and run the command again.`,
    ]);
  });
});

test('the server names unknown settings in .env', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), 'JWT_SECERT=x\nALLOW_GUESTS=false\n');
  const program = startDev({ cwd: folder });
  await program.until(/\n\.env: JWT_SECERT is not a setting of Parlor\.\n/);
  expect(program.stdout).toContain('Who may enter: whoever');
});

test('the server prefers the environment to .env', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), 'DATA_DIR=from-file\n');
  const program = startDev({ cwd: folder, env: { DATA_DIR: 'from-environment' } });
  await program.until(/Data lies/);
  expect(program.stdout).toContain('Data lies in from-environment.');
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('closes native sockets with 4000 and ends the server with 0', async () => {
    const program = startDev();
    const port = await program.port();
    const sockets = await Promise.all(
      ['alice', 'bob'].map(async (name) => joined(port, await token(port, name))),
    );
    const closes = sockets.map(async (socket) => (await once(socket, 'close'))[0] as number);
    program.kill(signal);
    expect(await Promise.all(closes)).toEqual([4000, 4000]);
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

test('the server ends within seconds even if clients of both transports never answer', async () => {
  const program = startDev();
  const port = await program.port();
  const bearer = await token(port, 'mute');
  const socket = await joined(port, bearer);
  socket.pause();
  const silent = new WebSocket(`ws://localhost:${port}/socket.io/?EIO=4&transport=websocket`);
  onTestFinished(() => silent.terminate());
  await once(silent, 'message');
  silent.pause();
  const startedAt = performance.now();
  program.kill('SIGTERM');
  expect((await program.ended).code).toBe(0);
  // Waiting for a pong would take 45 s; on a quiet machine the end takes little more than 1 s.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test('the server ends with npm, although the shell between them passes no signals on', async () => {
  const folder = temporaryFolder();
  const run = `"${process.execPath}" "${join(PROJECT, 'scripts/run.mjs')}" "${join(PROJECT, MAIN)}" --dev`;
  // With a second command no shell can replace itself with the first one.
  const shell = spawn('sh', ['-c', `${run}; true`], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', npm_lifecycle_event: 'dev' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void shell.kill());
  const [lines] = (await once(shell.stdout, 'data')) as [Buffer];
  const [, port] = /localhost:(\d+)/.exec(lines.toString()) ?? [];
  const socket = await joined(Number(port), await token(Number(port), 'alice'));
  const closed = once(socket, 'close');
  // The pipe closes when the last process that holds it ends.
  const ended = once(shell.stdout.resume(), 'close');
  shell.kill('SIGTERM');
  expect((await closed)[0]).toBe(4000);
  await ended;
});

test('Socket.IO clients reconnect to the next server, and to their room', async () => {
  const folder = temporaryFolder();
  const first = startDev({ cwd: folder });
  const port = await first.port();
  const bearer = await token(port, 'alice');
  const socket = io(`http://localhost:${port}`, {
    auth: { token: bearer },
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
  });
  onTestFinished(() => void socket.close());
  await socket.emitWithAck('joinRoom', { roomId: 'start' });
  await socket.emitWithAck('message', { roomId: 'start', message: 'before' });

  const dropped = new Promise<string>((resolve) => {
    socket.once('disconnect', resolve);
  });
  first.kill('SIGTERM');
  expect((await first.ended).code).toBe(0);
  // After "io server disconnect" a client does not reconnect.
  expect(await dropped).not.toBe('io server disconnect');

  const back = new Promise<void>((resolve) => {
    socket.once('connect', () => resolve());
  });
  await startDev({ cwd: folder, env: { PORT: String(port) } }).port();
  await back;
  const { messages } = (await socket.emitWithAck('joinRoom', { roomId: 'start', history: 10 })) as {
    messages: { message: string }[];
  };
  expect(messages.map(({ message }) => message)).toEqual(['before']);
});
