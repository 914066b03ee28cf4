import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { toolFile } from '../../scripts/tool.ts';
import { commandNames } from '../../src/protocol/commands.ts';
import { inboxCommands } from '../../src/protocol/inbox-commands.ts';
import { inboxEvents } from '../../src/protocol/inbox-events.ts';
import { type EventName, eventNames } from '../../src/protocol/events.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { hasBrowser, sharedBrowser } from '../support/browser.ts';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';
import { temporaryFolder } from '../support/folder.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { Program, PROJECT } from '../support/program.ts';
import { say } from '../support/talk.ts';
import { ok, type Visitor } from '../support/visitor.ts';

const run = promisify(execFile);

/** A folder into which the client's tarball is installed. */
const folder = mkdtempSync(join(tmpdir(), 'parlor-package-'));
const ROOM = 'general';
/** The `package-lock.json` of that folder. */
let lock = '';

beforeAll(async () => {
  const { stdout } = await run(process.execPath, ['scripts/run.mjs', 'scripts/pack-client.ts'], {
    cwd: PROJECT,
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const tarball = join(PROJECT, stdout.trim());
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  installReact();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Links React into the folder, which applications install beside the client. */
function installReact(): void {
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
  for (const name of ['react', 'react-dom', '@types/react', '@types/react-dom']) {
    symlinkSync(join(PROJECT, 'node_modules', name), join(folder, 'node_modules', name));
  }
}

/** Checks types as strictly as possible. @returns the errors of the compiler */
async function typeErrors(files: readonly string[], flags: readonly string[] = []) {
  const strict =
    '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess';
  const kind = '--target es2022 --lib es2022,dom,dom.iterable --module nodenext --jsx react-jsx';
  const args = [...`${strict} ${kind} --types`.split(' '), '', ...flags];
  const tsc = toolFile('typescript', 'tsc');
  return run(process.execPath, [tsc, ...args, ...files], { cwd: folder }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

/** Writes an example of `examples/` into the folder, pointed at `url`. */
function example(name: string, url = 'http://localhost:4000'): string {
  const code = readFileSync(join(PROJECT, 'examples', name), 'utf8');
  const file = join(folder, name);
  writeFileSync(file, code.replace('http://localhost:4000', url));
  return file;
}

/** Bundles a program of the folder into one script. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

test('the package contains the client and its dependencies only', () => {
  const { packages } = JSON.parse(lock) as { packages: Record<string, unknown> };
  expect(Object.keys(packages)).toEqual(['', 'node_modules/parlor']);
});

test('the package’s declarations accept the examples, and reject what is not in the protocol', async () => {
  const wrong = join(folder, 'wrong.ts');
  writeFileSync(
    wrong,
    `import { connect } from 'parlor/client';
const room = connect({ url: 'http://localhost' }).room('r');
// @ts-expect-error: there is no such event
room.on('mesage', () => undefined);
// @ts-expect-error: a limit is a number
void room.ask('getHistory', { limit: '3' });
const typed = connect<{ cursor: { x: number } }>({ url: 'http://localhost' }).room('r');
typed.on('cursor', ({ userId, x }) => [userId.trim(), x.toFixed()]);
// @ts-expect-error: there is no such signal
typed.signal('cursr', { x: 1 });
// @ts-expect-error: x is a number
typed.signal('cursor', { x: '1' });
`,
  );
  expect(
    await typeErrors([
      example('chat.ts'),
      example('assistant.ts'),
      example('cursors.ts'),
      wrong,
      example('inbox.tsx'),
    ]),
  ).toBe('');
});

test('the package’s declarations match the schemas of the protocol, and work with React', async () => {
  const source = (file: string) => JSON.stringify(join(PROJECT, 'src', 'protocol', file));
  const names = ['Message', 'Member', 'Present', 'Reaction', 'Receipt', 'RoomInfo', 'You'];
  const inboxNames = Object.keys(inboxCommands);
  const types = [
    ...names.map((name) => [`Made.${name}`, `Objects.${name}`]),
    ...commandNames.flatMap((name) => [
      [`Made.Payload<'${name}'>`, `Commands.Payload<'${name}'>`],
      [`Made.Reply<'${name}'>`, `Commands.Reply<'${name}'>`],
    ]),
    ...eventNames.map((name) => [`Made.EventPayload<'${name}'>`, `Events.EventPayload<'${name}'>`]),
    ...inboxNames.flatMap((name) => [
      [`Made.InboxPayload<'${name}'>`, `Inbox.InboxPayload<'${name}'>`],
      [`Made.InboxReply<'${name}'>`, `Inbox.InboxReply<'${name}'>`],
    ]),
    ...Object.keys(inboxEvents).map((name) => [
      `Made.InboxEventPayload<'${name}'>`,
      `InboxEvents.InboxEventPayload<'${name}'>`,
    ]),
    ['Made.CommandName', 'Commands.CommandName'],
    ['Made.EventName', 'Events.EventName'],
    ['Made.Problem', 'Errors.Problem'],
  ];
  const same = join(folder, 'same.ts');
  writeFileSync(
    same,
    `import type * as Made from './node_modules/parlor/protocol.js';
import type * as Objects from ${source('objects.ts')};
import type * as Commands from ${source('commands.ts')};
import type * as Events from ${source('events.ts')};
import type * as Inbox from ${source('inbox-commands.ts')};
import type * as InboxEvents from ${source('inbox-events.ts')};
import type * as Errors from ${source('codes/errors.ts')};
type Fits<A, B> = [A, keyof A] extends [B, keyof B] ? true : false;
type Same<A, B> = [Fits<A, B>, Fits<B, A>] extends [true, true] ? true : false;
${types.map(([made, of], at) => `export const is${at}: Same<${made}, ${of}> = true;`).join('\n')}
// @ts-expect-error: these two are not the same
export const no: Same<Made.You, Objects.Member> = true;
`,
  );
  const flags = '--allowImportingTsExtensions --skipLibCheck --target es2024 --lib es2024,dom';
  expect(await typeErrors([same, example('chat.tsx')], flags.split(' '))).toBe('');
});

describe.each([
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const)('the documented examples at the %s host', (_, start) => {
  let host: Host;
  let browser: Browser;

  beforeAll(async () => {
    host = await start({ SIGNALS: 'open' });
    if (hasBrowser) browser = await sharedBrowser();
  });

  afterAll(() => host.close());

  const url = () => host.url.replace(/\/$/, '');

  async function enter(name: string): Promise<Visitor> {
    const response = await fetch(`${url()}/test-token?username=${name}`);
    const visitor = new NativeVisitor(url(), { token: await response.text() });
    ok(await visitor.join(ROOM));
    onTestFinished(() => visitor.close());
    return visitor;
  }

  /** Runs a bundle in a page of the host's origin from which all else is removed. @returns it and its logs */
  async function open(entry: string): Promise<{ page: Page; logged: string[] }> {
    const script = await bundle(entry);
    const page = await browser.newPage({ bypassCSP: true });
    onTestFinished(() => page.close());
    const logged: string[] = [];
    page.on('console', (message) => logged.push(message.text()));
    page.on('pageerror', (error) => logged.push(String(error)));
    await page.goto(`${url()}/health`);
    await page.setContent('<!doctype html><title>Example</title><main></main>');
    await page.addScriptTag({ type: 'module', content: script });
    return { page, logged };
  }

  test('run under Node, and end on request', async () => {
    const bob = await enter('bob');
    const program = new Program(relative(PROJECT, example('chat.ts', url())), {});
    await program.until(/^The connection is open\.$/m);
    await bob.hears('message', ({ message }) => message === 'hello from Parlor');
    await program.until(/^alice: hello from Parlor$/m);
    await say(bob, ROOM, 'hi there');
    await program.until(/^bob: hi there$/m);
    await say(bob, ROOM, 'bye');
    const { code, stderr } = await program.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(program.stdout).toContain('\nbob: bye\n');
  });

  test('pass on events of their own', async () => {
    const bob = await enter('bob');
    const program = new Program(relative(PROJECT, example('cursors.ts', url())), {});
    onTestFinished(() => program.kill('SIGTERM'));
    const told = await bob.hears('cursor' as EventName);
    expect(told).toMatchObject({ roomId: ROOM, x: expect.any(Number) });
    await bob.until('ten of them', () => bob.heard('cursor' as EventName).length > 10);
    bob.tell('cursor', { x: 7, y: 8 });
    await program.until(/^bob is at 7, 8\.$/m);
  });

  test('stream an answer, and stop when they are asked to', async () => {
    const bob = await enter('bob');
    const program = new Program(relative(PROJECT, example('assistant.ts', url())), {});
    onTestFinished(() => program.kill('SIGTERM'));
    await bob.until('the assistant', () =>
      bob.heard('userJoined').some(({ username }) => username === 'assistant'),
    );
    const asked = await say(bob, ROOM, 'How are you?');
    const { seq } = await bob.hears('message', ({ replyTo }) => replyTo === asked.seq);
    const end = await bob.hears(
      'messageAppended',
      (told) => told.seq === seq && told.status !== undefined,
    );
    expect(end.status).toBe('done');
    const texts = bob.heard('messageAppended').filter((told) => told.seq === seq);
    // How many appends there are depends on how busy the machine is.
    expect(texts.filter(({ text }) => text !== '').length).toBeGreaterThan(1);
    expect(texts.map(({ text }) => text).join('')).toMatch(
      /^You asked: How are you\? Let me .*\.$/,
    );

    // The answer repeats the question at a word in 100 ms, so that it lasts until it is asked to stop.
    const again = await say(bob, ROOM, `And ${'now '.repeat(600)}?`);
    const answer = await bob.hears('message', ({ replyTo }) => replyTo === again.seq);
    ok(await bob.command('stopMessage', { roomId: ROOM, seq: answer.seq }));
    const stopped = await bob.hears(
      'messageAppended',
      (told) => told.seq === answer.seq && told.status !== undefined,
    );
    expect(stopped.status).toBe('stopped');
  });

  test('catch up with what they missed after they were killed, and do nothing twice', async () => {
    const bob = await enter('bob');
    const options = { cwd: temporaryFolder() };
    const file = relative(PROJECT, example('bot.ts', url()));
    const isAnswer = (seq: number) => (message: Message) =>
      message.senderId === 'bot' && message.replyTo === seq;
    const first = new Program(file, options);
    await bob.hears('userJoined', ({ userId }) => userId === 'bot');
    const { seq } = await say(bob, ROOM, '!help me');
    await bob.hears('message', isAnswer(seq));
    await first.until(/^Answered bob\.$/m);
    // A bot misses nothing once it has stored a position.
    await expect.poll(() => existsSync(join(options.cwd, `position-${ROOM}`))).toBe(true);
    first.kill('SIGKILL');
    await first.ended;
    const missed = await say(bob, ROOM, '!help me again');
    const second = new Program(file, options);
    await bob.hears('message', isAnswer(missed.seq));
    await second.until(/^Answered bob\.$/m);
    const { messages } = ok(await bob.command('getHistory', { roomId: ROOM }));
    const answers = messages.filter(({ senderId }) => senderId === 'bot');
    expect(answers.map(({ replyTo }) => replyTo)).toEqual([seq, missed.seq]);
    expect(answers.every(({ bot }) => bot === true)).toBe(true);
    expect(second.stderr).toBe('');
  });

  test('run in a Worker', async () => {
    const file = join(folder, 'worker.ts');
    writeFileSync(
      file,
      `import { connect } from 'parlor/client';
export default {
  async fetch(request: Request): Promise<Response> {
    const client = connect({ url: request.url, token: await request.text() });
    const sent = await client.room('${ROOM}').send('hello from a Worker');
    client.close();
    return Response.json(sent);
  },
};
`,
    );
    const script = await bundle(file);
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        name: 'worker',
        host: '127.0.0.1',
        port: 0,
        cf: false,
        modules: true,
        script,
        compatibilityDate: '2026-08-15',
      }),
    );
    onTestFinished(() => miniflare.dispose());
    await miniflare.ready;
    const bob = await enter('bob');
    const token = await (await fetch(`${url()}/test-token?username=willa`)).text();
    const worker = await miniflare.dispatchFetch(url(), { method: 'POST', body: token });
    expect(await worker.json()).toMatchObject({ message: 'hello from a Worker', sender: 'willa' });
    await bob.hears('message', ({ sender }) => sender === 'willa');
    await bob.hears('userLeft', ({ reason }) => reason === 'left');
  });

  test.skipIf(!hasBrowser)('run in a browser', async () => {
    const bob = await enter('bob');
    const { logged } = await open(example('chat.ts', url()));
    await bob.hears('message', ({ message }) => message === 'hello from Parlor');
    await say(bob, ROOM, 'hi there');
    await expect.poll(() => logged).toContain('bob: hi there');
    expect(logged).toContain('alice: hello from Parlor');
  });

  test.skipIf(!hasBrowser)('show an inbox with React', async () => {
    example('inbox.tsx', url());
    const entry = join(folder, 'inbox-page.tsx');
    writeFileSync(
      entry,
      `import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Conversations } from './inbox.tsx';
createRoot(document.querySelector('main')!).render(<StrictMode><Conversations /></StrictMode>);
`,
    );
    const { page, logged } = await open(entry);
    const bob = await enter('bob');
    const alice = await enter('alice');
    await say(alice, ROOM, 'here I am');
    await say(bob, ROOM, 'are you there?');
    await alice.close();
    const list = page.getByRole('list', { name: '1 unread' });
    await list.getByText(`${ROOM}: `).waitFor();
    await list.getByRole('button', { name: 'Pin' }).click();
    const inbox = async () => {
      const token = await (await fetch(`${url()}/test-token?username=alice`)).text();
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${url()}/inbox`, { headers })).json();
    };
    const pinned = { conversations: [{ roomId: ROOM, pinned: true }] };
    await expect.poll(inbox).toMatchObject(pinned);
    expect(logged).toEqual([]);
  });

  /** The HTML of the component rendered on a server, in a process that ends by itself. */
  async function rendered(roomId: string): Promise<string> {
    example('chat.tsx', url());
    const entry = join(folder, 'server.tsx');
    writeFileSync(
      entry,
      `import { renderToString } from 'react-dom/server.edge';
import { Chat } from './chat.tsx';
console.log(renderToString(<Chat roomId="${roomId}" />));
`,
    );
    const file = join(folder, 'server.mjs');
    writeFileSync(file, await bundle(entry));
    const { stdout } = await run(process.execPath, [file], { cwd: folder });
    return stdout.trim();
  }

  test('render on a server without joining and without messages', async () => {
    const bob = await enter('bob');
    const roomId = 'a room nobody else is in';
    ok(await bob.join(roomId));
    await say(bob, roomId, 'secret for members');
    const html = await rendered(roomId);
    expect(html).toContain('aria-label="Message"');
    expect(html).not.toContain('secret');
    const { members } = ok(await bob.command('getMembers', { roomId, online: true }));
    expect(members.map(({ userId }) => userId)).toEqual(['bob']);
  });

  test.skipIf(!hasBrowser)('hydrate HTML that a server has rendered', async () => {
    const html = await rendered(ROOM);
    const bob = await enter('bob');
    const main = join(folder, 'hydrate.tsx');
    writeFileSync(
      main,
      `import { StrictMode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { Chat } from './chat.tsx';
const main = document.querySelector('main')!;
main.innerHTML = ${JSON.stringify(html)};
hydrateRoot(main, <StrictMode><Chat roomId="${ROOM}" /></StrictMode>);
`,
    );
    const { page, logged } = await open(main);
    await page.getByLabel('Message').fill('typed after hydration');
    await page.getByLabel('Message').press('Enter');
    await bob.hears('message', ({ message }) => message === 'typed after hydration');
    expect(logged).toEqual([]);
  });

  test.skipIf(!hasBrowser)(
    'leave a room when its client is replaced, as by a hot update',
    async () => {
      const bob = await enter('bob');
      const main = join(folder, 'hot.tsx');
      writeFileSync(
        main,
        `import { createRoot } from 'react-dom/client';
import { type Client, connect } from 'parlor/client';
import { useRoom } from 'parlor/react';
const token = async () => (await fetch('/test-token?username=hot')).text();
function Status({ client }: { client: Client }) {
  return <p>{useRoom(client, '${ROOM}').state.status.name}</p>;
}
const root = createRoot(document.querySelector('main')!);
const update = () => root.render(<Status client={connect({ token })} />);
addEventListener('update', update);
addEventListener('unmount', () => root.unmount());
update();
`,
      );
      const { page, logged } = await open(main);
      // More often than a user may be connected, which is ten times.
      for (let at = 0; at < 12; at++) {
        await page.getByText('open', { exact: true }).waitFor();
        await page.evaluate("dispatchEvent(new Event('update'))");
      }
      await page.getByText('open', { exact: true }).waitFor();
      await page.evaluate("dispatchEvent(new Event('unmount'))");
      await bob.hears('userLeft', ({ userId, reason }) => userId === 'hot' && reason === 'left');
      expect(logged).toEqual([]);
    },
  );

  test.skipIf(!hasBrowser)('are a working component with React', async () => {
    const bob = await enter('bob');
    example('chat.tsx', url());
    const main = join(folder, 'main.tsx');
    writeFileSync(
      main,
      `import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Chat } from './chat.tsx';

const main = document.querySelector('main');
const root = createRoot(main!);
root.render(<StrictMode><Chat roomId="${ROOM}" /></StrictMode>);
addEventListener('unmount', () => root.unmount());
`,
    );
    const { page, logged } = await open(main);
    const log = page.getByRole('log');
    await page.getByLabel('Message').fill('typed into a component');
    await page.getByLabel('Message').press('Enter');
    await bob.hears('message', ({ message }) => message === 'typed into a component');
    await say(bob, ROOM, 'welcome');
    await expect
      .poll(() => log.textContent())
      .toMatch(/alice: typed into a component\nbob: welcome$/);
    // Messages after the component was removed cause no error.
    await page.evaluate("dispatchEvent(new Event('unmount'))");
    await say(bob, ROOM, 'still there?');
    await expect.poll(() => page.locator('main').innerHTML()).toBe('');
    expect(logged).toEqual([]);
  });
});
