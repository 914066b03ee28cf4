// The Socket.IO server for Workers as a package of its own: its README's example, its declarations,
// and the behaviour of one object's sessions, as the official client sees it.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { toolFile } from '../../../scripts/tool.ts';
import { DEFAULT_SETTINGS } from '../../../src/socketio-server/settings.ts';
import { PROJECT } from '../../support/program.ts';
import type { Fixture } from './support/fixture.ts';
import { installPackage } from './support/package.ts';

const installed = await installPackage();
const { folder } = installed;

afterAll(() => installed.remove());

const readme = readFileSync(
  join(folder, 'node_modules', 'parlor-socketio-server', 'README.md'),
  'utf8',
);

/** The example of the README, as a file beside the installed package. */
function example(): string {
  const [, code = ''] = /^```ts\n\/\/ worker\.ts\n([^]*?)^```$/m.exec(readme) ?? [];
  const file = join(folder, 'worker.ts');
  writeFileSync(file, code);
  return file;
}

function client(url: string, options: Parameters<typeof io>[1] = {}): Socket {
  const socket = io(url, { forceNew: true, timeout: 30_000, ackTimeout: 30_000, ...options });
  onTestFinished(() => void socket.disconnect());
  return socket;
}

async function next(socket: Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    socket.once(event, (...args: unknown[]) => resolve(args));
  });
}

describe("the README's example", () => {
  let lobby: Fixture;

  beforeAll(async () => {
    lobby = await installed.serve(example(), { ROOM: 'Room' });
  });

  afterAll(() => lobby.stop());

  it('is no longer than 35 lines', () => {
    expect(readFileSync(example(), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(35);
  });

  it('fits the declarations of the package', async () => {
    const args = [
      toolFile('typescript', 'tsc'),
      ...'--ignoreConfig --noEmit --strict --target es2024'.split(' '),
    ];
    const types = join(PROJECT, 'node_modules', '@cloudflare', 'workers-types', 'index.d.ts');
    const modules = ['--lib', 'es2024', '--module', 'nodenext', '--types', ''];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...args, ...modules, example(), types],
      { cwd: folder },
    ).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it.each([[['polling']], [['websocket']], [['polling', 'websocket']]])(
    'passes events on, acknowledges them and notices when a client leaves, by %s',
    async (transports) => {
      const [alice, bob] = [
        client(lobby.url, { transports, auth: { name: 'alice' } }),
        client(lobby.url, { transports, auth: { name: 'bob' } }),
      ];
      await Promise.all([next(alice, 'connect'), next(bob, 'connect')]);
      const said = next(bob, 'said');
      expect(await alice.emitWithAck('say', 'שלום 你好')).toEqual({ listeners: 1 });
      expect(await said).toEqual(['שלום 你好']);
      bob.disconnect();
      await expect
        .poll(async () => (await alice.emitWithAck('say', 'is anybody there?')) as unknown)
        .toEqual({ listeners: 0 });
    },
  );

  it('refuses a client that gives no name', async () => {
    const [error] = await next(client(lobby.url), 'connect_error');
    expect((error as Error).message).toBe('Give a name.');
  });
});

it('the README documents each setting with its default', () => {
  const rows = readme.matchAll(/^\| `(\w+)` \| (\d+) \|/gm);
  const documented = Object.fromEntries(
    Array.from(rows, ([, name, value]) => [name, Number(value)]),
  );
  expect(documented).toEqual(DEFAULT_SETTINGS);
});

/** The server of socket.io-client's own test suite, built on the session layer of the package. */
describe.each([[['polling']], [['websocket']], [['polling', 'websocket']]])(
  'the handlers of the client suite, by %s',
  (transports) => {
    let server: Fixture;

    beforeAll(async () => {
      const worker = join(PROJECT, 'test/fixtures/socketio-worker/worker.ts');
      const objects = { SESSION: 'FixtureSession', ONE: 'OneObject' };
      const patient = { PING_INTERVAL_MS: 25_000, PING_TIMEOUT_MS: 20_000 };
      const vars = { ...patient, CONNECT_TIMEOUT_MS: 20_000 };
      server = await installed.serve(worker, objects, vars);
    });

    afterAll(() => server.stop());

    function connect(namespace = '', options: Parameters<typeof io>[1] = {}): Socket {
      const path = '/one-object/client-suite/';
      return client(server.url + namespace, { path, transports, ...options });
    }

    it('answer events and acknowledge them', async () => {
      const socket = connect();
      socket.emit('hi');
      await next(socket, 'hi');
      expect(await socket.emitWithAck('echo', { a: ['b'] })).toEqual({ a: ['b'] });
      expect(await socket.emitWithAck('getId')).toBe(socket.id);
      expect(Date.parse((await socket.emitWithAck('getAckDate', {})) as string)).not.toBeNaN();
      socket.emit('false');
      expect(await next(socket, 'false')).toEqual([false]);
      socket.emit('getDateObj');
      const [{ date }] = (await next(socket, 'takeDateObj')) as [{ date: string }];
      expect(Date.parse(date)).not.toBeNaN();
    });

    it('ask the client for an acknowledgement', async () => {
      const socket = connect();
      socket.on('ack', (acknowledge: (...args: unknown[]) => void) =>
        acknowledge(5, { test: true }),
      );
      socket.emit('ack');
      expect(await next(socket, 'got it')).toEqual([]);
    });

    it('send texts of many scripts in order', async () => {
      const socket = connect();
      const texts: unknown[] = [];
      socket.on('takeUtf8', (text) => texts.push(text));
      socket.emit('getUtf8');
      await expect.poll(() => texts.length).toBe(5);
      expect(texts.slice(0, 3)).toEqual(['てすと', 'Я Б Г Д Ж Й', 'Ä ä Ü ü ß']);
    });

    it('send and take bytes, alone, among JSON, and in order with other events', async () => {
      const socket = connect();
      const bytes = Buffer.from('asdfasdf');
      socket.emit('doge');
      expect(await next(socket, 'doge')).toEqual([bytes]);
      socket.emit('getbin');
      expect(await next(socket, 'takebin')).toEqual([bytes]);
      socket.emit('buffa', bytes);
      await next(socket, 'buffack');
      socket.emit('jsonbuff', { hello: 'lol', message: bytes, goodbye: 'gotcha' });
      await next(socket, 'jsonbuff-ack');
      socket.emit('blob1', bytes).emit('blob2', 'second').emit('blob3', bytes);
      await next(socket, 'blob3-ack');
    });

    it('serve several namespaces over one connection, and leave one without the other', async () => {
      const foo = connect('/foo');
      await next(foo, 'connect');
      const valid = foo.io.socket('/valid');
      await next(valid, 'connect');
      expect(await foo.emitWithAck('getId')).toBe(foo.id);
      valid.disconnect();
      expect(await foo.emitWithAck('getId')).toBe(foo.id);
      valid.connect();
      await next(valid, 'connect');
      expect(valid.id).not.toBe(foo.id);
    });

    it('refuse by namespace and by query, each with its message', async () => {
      const refused = async (socket: Socket) =>
        ((await next(socket, 'connect_error')) as [Error])[0].message;
      expect(await refused(connect('/no'))).toBe('Auth failed (custom namespace)');
      expect(await refused(connect('', { query: { fail: 'true' } }))).toBe(
        'Auth failed (main namespace)',
      );
      expect(await refused(connect('/nowhere'))).toBe('Invalid namespace');
    });

    it('get the handshake: query, headers and auth', async () => {
      const auth = { token: 'abc' };
      const extraHeaders = { 'x-colour': 'blue' };
      const socket = connect('/abc', { query: { b: 'c' }, auth, extraHeaders });
      const [handshake] = await next(socket, 'handshake');
      expect(handshake).toMatchObject({ auth, query: { b: 'c' }, headers: extraHeaders });
    });

    it('accept a client that reconnects, with a new socket', async () => {
      const socket = connect('', { reconnectionDelay: 10 });
      await next(socket, 'connect');
      const { id } = socket;
      socket.io.engine.close();
      await next(socket, 'connect');
      expect(socket.id).not.toBe(id);
      expect(await socket.emitWithAck('getId')).toBe(socket.id);
    });
  },
);
