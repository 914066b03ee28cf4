import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compileScript, parse } from 'vue/compiler-sfc';
import type { Page } from 'playwright-core';
import { OWN_PATHS } from '../../src/transports/http/app.ts';
import { hasBrowser, sharedBrowser } from '../support/browser.ts';
import { startNodeHost } from '../support/hosts.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { Program, PROJECT } from '../support/program.ts';
import { say } from '../support/talk.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const page = readFileSync(join(PROJECT, 'docs', 'recipes.md'), 'utf8');

/** The code block whose first line names `file`. */
function recipe(file: string): string {
  const blocks = Array.from(page.matchAll(/^```\w+\n([^]*?)^```$/gm), ([, code = '']) => code);
  const found = blocks.find((code) => /^(?:\/\/|#|<!--) (\S+)(?: -->)?\n/.exec(code)?.[1] === file);
  if (found === undefined) throw new Error(`docs/recipes.md has no block named ${file}.`);
  return found;
}

test('docs/recipes.md sends every path of rooms and inboxes to Parlor', () => {
  const [, paths = ''] = /send only its paths to Parlor: ([^.]+)\./.exec(page) ?? [];
  const first = OWN_PATHS.map((path) => path.replace(/(?<=.)\/.*/, ''));
  for (const path of first) expect(paths).toMatch(new RegExp(`\`${path}/?\``));
});

/** A folder inside the project, where code can import its packages; removed after the test. */
function recipeFolder(): string {
  mkdirSync(join(PROJECT, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, 'dist', 'recipe-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes recipes into a folder, and bundles the first with the client library of `src/client`. */
async function bundled(...files: string[]): Promise<string> {
  const folder = recipeFolder();
  for (const file of files) writeFileSync(join(folder, file), recipe(file));
  return bundle(join(folder, files[0] ?? ''));
}

/** @returns the bundle's path within the project */
async function bundle(entry: string, options: BuildOptions = { platform: 'node' }) {
  const outfile = `${entry}.bundle.mjs`;
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    alias: { 'parlor/client': join(PROJECT, 'src', 'client', 'index.ts') },
    ...options,
  });
  return relative(PROJECT, outfile);
}

/** Writes the recipe for Vue into a folder, compiled as a bundler's plugin compiles it. */
function vueFolder(url: string): string {
  const folder = recipeFolder();
  const { descriptor, errors } = parse(recipe('Chat.vue').replaceAll('http://localhost:4000', url));
  expect(errors).toEqual([]);
  const { content } = compileScript(descriptor, { id: 'chat', inlineTemplate: true });
  writeFileSync(join(folder, 'chat.js'), content);
  writeFileSync(join(folder, 'use-room.js'), recipe('use-room.js'));
  return folder;
}

/** Serves a page from an origin of its own and opens it in a browser. */
async function opened(html: string): Promise<Page> {
  const pages = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    pages.closeAllConnections();
    pages.close();
  });
  const browser = await sharedBrowser();
  const tab = await browser.newPage();
  onTestFinished(() => tab.close());
  await tab.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`);
  return tab;
}

async function startHost(settings = {}, options = {}) {
  const host = await startNodeHost(settings, options);
  onTestFinished(async () => {
    await host.close();
    expect(host.failures).toEqual([]);
  });
  return host;
}

async function enter(url: string, userId: string, roomId = 'general'): Promise<NativeVisitor> {
  const visitor = new NativeVisitor(url, { token: await tokenFor(userId) });
  onTestFinished(() => visitor.close());
  ok(await visitor.join(roomId));
  return visitor;
}

describe('docs/recipes.md', () => {
  test('has a script that prepares a private room for a customer, and may run twice', async () => {
    const { url } = await startHost();
    const program = await bundled('private-room.mjs', 'chat-token.mjs');
    for (let run = 0; run < 2; run++) {
      const { ended } = new Program(program, { env: { JWT_SECRET: SECRET, PARLOR_URL: url } });
      expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    const roomId = 'order-17';
    const alice = await enter(url, 'alice', roomId);
    ok(await alice.command('message', { roomId, message: 'Thank you.' }));
    const { messages } = ok(await alice.command('getHistory', { roomId }));
    expect(messages.map(({ sender, message }) => [sender, message])).toEqual([
      ['Orders', 'Your order has been received.'],
      ['alice', 'Thank you.'],
    ]);
    const { members } = ok(await alice.command('getMembers', { roomId }));
    expect(Object.fromEntries(members.map(({ userId, role }) => [userId, role]))).toEqual({
      alice: 'member',
      support: 'owner',
      backend: 'member',
    });
    const stranger = new NativeVisitor(url, { token: await tokenFor('mallory') });
    onTestFinished(() => stranger.close());
    expect(await stranger.join(roomId)).toMatchObject({ error: { code: 'room_not_found' } });
  });

  test.skipIf(!hasBrowser)('has a plain page that chats from another origin', async () => {
    const { url } = await startHost({}, { development: true });
    const bob = await enter(url, 'bob');
    const tab = await opened(recipe('page.html').replaceAll('http://localhost:4000', url));
    await bob.hears('userJoined');
    await tab.getByLabel('Message').fill('hello from a page');
    await tab.keyboard.press('Enter');
    await bob.hears('message', ({ message }) => message === 'hello from a page');
    await say(bob, 'general', 'hello, page');
    await tab.getByText('bob: hello, page').waitFor();
    await tab.getByText('alice: hello from a page').waitFor();
    expect(await tab.getByRole('listitem').allTextContents()).toHaveLength(2);
  });

  test.skipIf(!hasBrowser)(
    'has a Vue component that chats, and that changes its room',
    async () => {
      const { url } = await startHost({}, { development: true });
      const [bob, carol] = [await enter(url, 'bob'), await enter(url, 'carol', 'other')];
      const entry = join(vueFolder(url), 'main.js');
      writeFileSync(
        entry,
        `import { createApp, h, shallowRef } from 'vue';
import Chat from './chat.js';
const roomIds = shallowRef(['general', 'general']);
window.show = (...ids) => (roomIds.value = ids);
createApp({ render: () => roomIds.value.map((roomId, key) => h(Chat, { key, roomId })) }).mount('main');
`,
      );
      const flags = ['OPTIONS_API', 'PROD_DEVTOOLS', 'PROD_HYDRATION_MISMATCH_DETAILS'];
      const define = Object.fromEntries(flags.map((flag) => [`__VUE_${flag}__`, 'false']));
      const script = readFileSync(join(PROJECT, await bundle(entry, { define })), 'utf8');
      const tab = await opened(`<main></main><script type="module">${script}</script>`);
      await bob.hears('userJoined', ({ userId }) => userId === 'alice');
      await tab.getByLabel('Message').first().fill('hello from Vue');
      await tab.keyboard.press('Enter');
      await bob.hears('message', ({ message }) => message === 'hello from Vue');
      await say(bob, 'general', 'hello, Vue');
      await expect.poll(() => tab.getByText('bob: hello, Vue').count()).toBe(2);
      // One component changes to another room, and the other one stays.
      await tab.evaluate("show('general', 'other')");
      await carol.hears('userJoined', ({ userId }) => userId === 'alice');
      await say(carol, 'other', 'welcome');
      await tab.getByText('carol: welcome').waitFor();
      await say(bob, 'general', 'still here?');
      await tab.getByText('bob: still here?').waitFor();
      expect(await tab.getByRole('listitem').allTextContents()).toEqual([
        'alice: hello from Vue',
        'bob: hello, Vue',
        'bob: still here?',
        'carol: welcome',
      ]);
      await tab.evaluate('show()');
      await bob.hears('userLeft', ({ userId }) => userId === 'alice');
      await carol.hears('userLeft', ({ userId }) => userId === 'alice');
    },
  );

  test('has a Vue component that a server renders without joining', async () => {
    const { url } = await startHost({}, { development: true });
    const bob = await enter(url, 'bob');
    await say(bob, 'general', 'secret for members');
    const entry = join(vueFolder(url), 'server.js');
    writeFileSync(
      entry,
      `import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import Chat from './chat.js';
console.log(await renderToString(createSSRApp(Chat, { roomId: 'general' })));
`,
    );
    const packages = ['vue', 'vue/server-renderer'];
    const file = await bundle(entry, { platform: 'node', external: packages });
    const { ended } = new Program(file, {});
    const { code, stdout } = await ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining('aria-label="Message"')]);
    expect(stdout).not.toContain('secret');
    const { members } = ok(await bob.command('getMembers', { roomId: 'general', online: true }));
    expect(members.map(({ userId }) => userId)).toEqual(['bob']);
  });

  const hasPython = spawnSync('python3', ['--version']).status === 0;

  test.skipIf(!hasPython)('has a Python script that follows a room', async () => {
    const { url } = await startHost();
    const bob = await enter(url, 'bob');
    const file = join(recipeFolder(), 'follow.py');
    writeFileSync(file, recipe('follow.py'));
    const env = {
      PATH: process.env['PATH'] ?? '',
      PARLOR_URL: url,
      TOKEN: await tokenFor('script'),
    };
    const python = spawn('python3', [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void python.kill('SIGKILL'));
    let output = '';
    for (const stream of [python.stdout, python.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const ended = new Promise((resolve) => python.once('close', resolve));
    await bob.hears('message', ({ message }) => message === 'hello from Python');
    await say(bob, 'general', 'bye');
    expect(await ended).toBe(0);
    expect(output).toBe('script: hello from Python\nbob: bye\n');
  });

  test('has a script that counts unread messages in the background', async () => {
    const { url } = await startHost();
    const alice = await enter(url, 'alice');
    await say(alice, 'general', 'Now alice is on the list of the room.');
    const program = new Program(await bundled('badges.mjs'), {
      env: { PARLOR_URL: url, TOKEN: await tokenFor('alice') },
    });
    await program.until(/^general: 0 unread, 0 mentions$/m);
    const bob = await enter(url, 'bob');
    ok(await bob.command('message', { roomId: 'general', message: 'hi', mentions: ['alice'] }));
    await program.until(/^general: 1 unread, 1 mentions$/m);
    const [line] = await program.until(/^order-17: 0 unread, 0 mentions$/m);
    expect(line).toBeDefined();
  });

  test('has a bot that answers', async () => {
    const { url } = await startHost();
    const bob = await enter(url, 'bob');
    const program = new Program(await bundled('bot.mjs'), {
      env: { PARLOR_URL: url, TOKEN: await tokenFor('bot') },
    });
    await bob.hears('userJoined', ({ userId }) => userId === 'bot');
    const { seq } = await say(bob, 'general', '!time');
    const answer = await bob.hears('message', ({ senderId }) => senderId === 'bot');
    expect(answer).toMatchObject({ replyTo: seq, message: expect.stringMatching(/^\d{4}-.*Z$/) });
    program.kill('SIGTERM');
  });
});
