import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';
import { Program, PROJECT } from '../support/program.ts';
import { temporaryFolder } from '../support/folder.ts';

const page = readFileSync(join(PROJECT, 'docs', 'moving-from-socketio.md'), 'utf8');

/** A file before and after the diff that the page shows of it. */
function statesOf(name: string): { before: string; after: string } {
  const blocks = [...page.matchAll(/^```diff\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const diff = blocks.find((block) => block.startsWith(` // ${name}\n`)) ?? '';
  const lines = diff.trimEnd().split('\n');
  const without = (sign: string) =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => line.slice(1))
      .join('\n');
  return { before: without('+'), after: without('-') };
}

/** Writes a program where it can import the packages. @returns its path within the project */
function written(name: string, code: string): string {
  mkdirSync(join(PROJECT, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, 'dist', 'moving-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), code);
  return relative(PROJECT, join(folder, name));
}

async function login(code: string, env: Record<string, string> = {}): Promise<string> {
  const server = new Program(written('server.mjs', code), { env: { PORT: '0', ...env } });
  const [, port] = await server.until(/listening on (\d+)\n/);
  return `http://localhost:${port}`;
}

/** Bob joins; Alice joins and says hello. @returns what Bob's client printed */
async function conversation(client: string, loginUrl: string, chatUrl: string): Promise<string> {
  const path = written('client.mjs', client);
  const bob = new Program(path, { args: [loginUrl, chatUrl, 'bob'] });
  await bob.until(/joined\n/);
  const alice = new Program(path, { args: [loginUrl, chatUrl, 'alice', 'hello'] });
  // Alice's client prints her own message too.
  await alice.until(/joined\nalice: hello\n/);
  const [seen] = await bob.until(/joined\n[^]*alice: hello\n/);
  return seen;
}

const SEEN = 'joined\nalice is here\nalice: hello\n';

test('the server and the client of docs/moving-from-socketio.md work before the move', async () => {
  const server = await login(statesOf('server.mjs').before);
  expect(await conversation(statesOf('client.mjs').before, server, server)).toBe(SEEN);
});

test('the server and the client show the same after the move, and the history as well', async () => {
  const server = await login(statesOf('server.mjs').after, { JWT_SECRET: SECRET });
  const chat = await startParlor();
  const { after } = statesOf('client.mjs');
  expect(await conversation(after, server, chat)).toBe(SEEN);
  const carol = new Program(written('client.mjs', after), { args: [server, chat, 'carol'] });
  await carol.until(/^alice: hello\njoined\n/);
});

test('after a dropped connection the client that moved has shown and sent everything once', async () => {
  const server = await login(statesOf('server.mjs').after, { JWT_SECRET: SECRET });
  const chat = await startParlor();
  const proxy = new FaultyProxy(Number(new URL(chat).port));
  onTestFinished(() => proxy.close());
  const path = written('client.mjs', statesOf('client.mjs').after);
  const bob = new HttpVisitor(chat, await tokenFor('bob', { name: 'bob' }));
  const say = (message: string) => bob.ask('POST', 'general', '/messages', { body: { message } });
  await say('first');
  const alice = new Program(path, { args: [server, await proxy.url(), 'alice', 'hello'] });
  await alice.until(/bob: first\njoined\nalice: hello\n/);
  proxy.refuse(true);
  await say('second');
  await bob.ask('PATCH', 'general', '/messages/1', { body: { message: 'first, edited' } });
  proxy.refuse(false);
  await alice.until(/bob: second\njoined\n/);
  await say('third');
  await alice.until(/bob: third\n/);
  const said = alice.stdout.split('\n').filter((line) => /^(alice|bob): /.test(line));
  expect(said).toEqual(['bob: first', 'alice: hello', 'bob: second', 'bob: third']);
  const { body } = await bob.ask('GET', 'general', '/messages');
  expect((body as { messages: unknown[] }).messages).toHaveLength(4);
});

test('an application keeps its own event names with the adapter of docs/moving-from-socketio.md', async () => {
  const url = await startParlor();
  const [, code = ''] = /^```js\n(\/\/ own-names\.mjs\n[^]*?)^```$/m.exec(page) ?? [];
  const path = written('own-names.mjs', code);
  await build({
    entryPoints: [join(PROJECT, path)],
    outfile: join(PROJECT, path),
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['socket.io-client'],
    alias: { 'parlor/socketio': join(PROJECT, 'src', 'client', 'socketio.ts') },
  });
  const run = async (name: string, ...args: string[]) =>
    new Program(path, { args, env: { PARLOR_URL: url, TOKEN: await tokenFor(name, { name }) } });
  const bob = await run('bob');
  await bob.until(/joined\n/);
  const alice = await run('alice', 'hello');
  await alice.until(/joined\nalice: hello\n/);
  await bob.until(/alice: hello\n/);
  expect(bob.stdout).toBe('joined\nalice is here\nalice: hello\n');
});

async function startParlor(): Promise<string> {
  const parlor = new Program('local-server/main.ts', {
    cwd: temporaryFolder(),
    env: { PORT: '0', HOST: '127.0.0.1', JWT_SECRET: SECRET },
  });
  return `http://127.0.0.1:${await parlor.port()}`;
}
