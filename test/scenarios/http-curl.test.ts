import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostName } from '../../src/settings/declarations.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { PROJECT } from '../support/program.ts';
import { NativeInbox } from '../support/inbox-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const hosts = useHosts();
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const page = readFileSync(join(PROJECT, 'docs', 'protocol.md'), 'utf8');

describe.skipIf(!hasCurl).each<HostName>(['node', 'edge'])('a curl loop at the %s host', (name) => {
  it('[FOLL1] follows a room and continues where it stopped, as docs/protocol.md shows', async () => {
    const folder = folderOfTest();
    const roomId = newRoom();
    const { url } = hosts[name];
    const script = blockWith('touch position')
      .replace('http://localhost:4000', url)
      .replace('/rooms/general/', `/rooms/${roomId}/`);
    expect(script).toContain(`${url}/rooms/${roomId}/events`);
    const alice = new HttpVisitor(url, await tokenFor('alice'));
    const say = (message: string) => alice.ask('POST', roomId, '/messages', { body: { message } });

    const heard: string[] = [];
    for (const words of [['one', 'two'], ['three'], ['four', 'five', 'six']]) {
      // The first of these messages is sent before the loop runs.
      await say(words[0]!);
      const loop = spawn('sh', ['-c', script], {
        cwd: folder,
        env: { PATH: process.env['PATH'], TOKEN: await tokenFor('reader') },
        stdio: ['ignore', 'pipe', 'inherit'],
        // A process group of its own, so that `end` also ends what the shell has started.
        detached: true,
      });
      onTestFinished(() => end(loop));
      const lines = textsOf(loop);
      heard.push((await lines.next()).value as string);
      for (const word of words.slice(1)) {
        await say(word);
        heard.push((await lines.next()).value as string);
      }
      // The loop stores its position after printing; ended in between, it would print a message twice.
      await expect.poll(() => noted(folder).endsWith(`:${heard.length}`)).toBe(true);
      await end(loop);
    }
    expect(heard).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
  });
});

/** Runs a script of docs/protocol.md in a shell. @returns what it printed */
async function run(script: string, folder: string, env: Record<string, string>): Promise<string> {
  const shell = spawn('sh', ['-c', script], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  shell.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  const [code] = (await once(shell, 'close')) as [number];
  expect(code).toBe(0);
  return printed;
}

/** A folder that is removed after the test. */
function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-curl-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The first shell block of docs/protocol.md that contains a text. */
function blockWith(text: string): string {
  const blocks = Array.from(page.matchAll(/^```sh\n([^]*?)^```$/gm), ([, block = '']) => block);
  return blocks.find((block) => block.includes(text)) ?? '';
}

it('every shell block of docs/protocol.md is run by a test of this file', () => {
  const marks = [
    'touch position',
    '/incoming/KEY',
    'X-File-Name',
    '/users/alice/export',
    'files=1',
  ];
  expect(page.match(/^```sh$/gm)).toHaveLength(marks.length);
  for (const mark of marks) expect(blockWith(mark)).not.toBe('');
});

describe.skipIf(!hasCurl).each<HostName>(['node', 'edge'])('curl at the %s host', (name) => {
  it('[HOOK1] writes as an incoming webhook, as docs/protocol.md shows', async () => {
    const { url } = hosts[name];
    const roomId = newRoom();
    const alice = new HttpVisitor(url, await tokenFor('alice'));
    await alice.ask('POST', roomId, '/messages', { body: { message: 'mine' } });
    const made = await alice.ask('PUT', roomId, '/incoming', { body: { name: 'alerts' } });
    const { url: address } = made.body as { url: string };
    const script = blockWith('/incoming/KEY').replaceAll(
      'https://chat.example.com/rooms/general/incoming/KEY',
      `${url}${new URL(address, url).pathname}`,
    );
    expect(await run(script, folderOfTest(), {})).toMatch(/Deployed\.[^]*Disk full/);
  });

  it('[FILE16] moves a room with its files to the other host, as docs/protocol.md shows', async () => {
    const { url } = hosts[name];
    const other = hosts[name === 'node' ? 'edge' : 'node'].url;
    const roomId = newRoom();
    const authorization = `Bearer ${await tokenFor('alice')}`;
    const uploaded = await fetch(`${url}/rooms/${roomId}/files`, {
      method: 'POST',
      headers: { authorization, 'x-file-name': 'a.txt' },
      body: 'hello',
    });
    const { file } = (await uploaded.json()) as { file: { fileId: string } };
    const alice = new HttpVisitor(url, await tokenFor('alice'));
    const body = { message: 'look', files: [file.fileId] };
    await alice.ask('POST', roomId, '/messages', { body });
    const script = blockWith('files=1')
      .replaceAll('/rooms/general/', `/rooms/${roomId}/`)
      .replace('http://localhost:4000', url)
      .replace('https://chat.example.com', other);
    const printed = await run(script, folderOfTest(), {
      TOKEN: await tokenFor('alice'),
      ADMIN_TOKEN: await tokenFor('root', { admin: true }),
    });
    expect(JSON.parse(printed)).toMatchObject({ done: true });
    const read = await fetch(`${other}/rooms/${roomId}/files/${file.fileId}`, {
      headers: { authorization: `Bearer ${await tokenFor('bob')}` },
    });
    expect([read.status, await read.text()]).toEqual([200, 'hello']);
  });

  it('[FILE9] uploads a file, as docs/protocol.md shows', async () => {
    const folder = folderOfTest();
    writeFileSync(join(folder, 'cat.png'), 'no picture');
    const { url } = hosts[name];
    const script = blockWith('X-File-Name').replace('http://localhost:4000', url);
    const printed = await run(script, folder, { TOKEN: await tokenFor('alice') });
    expect(JSON.parse(printed)).toMatchObject({ file: { name: 'cat.png', size: 10 } });
  });
});

describe.skipIf(!hasCurl).each<HostName>(['node', 'edge'])('curl at the %s host', (name) => {
  it('[INB10] exports what a user wrote, as docs/protocol.md shows', async () => {
    const [, command = '', shown = ''] =
      /^```sh\n(curl [^\n]*\/users\/alice\/export)\n```\n[^`]*`general`[^`]*^```ndjson\n([^]*?)\n```$/m.exec(
        page,
      ) ?? [];
    const userId = `alice-${crypto.randomUUID()}`;
    const roomId = newRoom();
    const { url } = hosts[name];
    const token = await tokenFor(userId, { name: 'Alice' });
    const alice = new HttpVisitor(url, token);
    const inbox = new NativeInbox(url, token);
    onTestFinished(() => inbox.close());
    ok(await inbox.open());
    await alice.ask('POST', roomId, '/messages', { body: { message: 'hello', id: 'a-1' } });
    await alice.ask('PUT', roomId, `/messages/1/reactions/${encodeURIComponent('👍')}`);
    await inbox.hears('conversationUpdated', (one) => one.roomId === roomId);
    const script = command
      .replace('http://localhost:4000', url)
      .replace('/users/alice/', `/users/${userId}/`);
    expect(script).toContain(`${url}/users/${userId}/export`);
    const curl = spawn('sh', ['-c', script], { env: { PATH: process.env['PATH'], TOKEN: token } });
    let printed = '';
    curl.stdout.on('data', (data: Buffer) => (printed += data.toString()));
    await once(curl, 'close');
    const named = printed.replaceAll(userId, 'alice').replaceAll(roomId, 'general');
    expect(comparable(named)).toEqual(comparable(shown));
  });
});

/** Lines of an export without times, and without a conversation's `rev`, which depends on timing. */
function comparable(lines: string): unknown[] {
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/"(timestamp|activityAt)":\d+/g, '"$1":0'))
    .map((line) => (line.includes('"conversation"') ? line.replace(/"rev":\d+/, '"rev":0') : line))
    .map((line) => JSON.parse(line) as unknown);
}

/** The texts of the messages that a loop prints, as they are printed. */
async function* textsOf(loop: ChildProcess): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of loop.stdout!) {
    text += String(chunk);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      yield (JSON.parse(text.slice(0, at)) as { message: string }).message;
      text = text.slice(at + 1);
    }
  }
}

/** The position that the loop has stored. */
function noted(folder: string): string {
  return readFileSync(join(folder, 'position'), 'utf8');
}

async function end(loop: ChildProcess): Promise<void> {
  if (loop.exitCode !== null || loop.signalCode !== null) return;
  // Not `close`, which also waits until its output is read.
  const exited = once(loop, 'exit');
  process.kill(-loop.pid!, 'SIGTERM');
  await exited;
}
