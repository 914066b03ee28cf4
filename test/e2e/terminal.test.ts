import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';
import { temporaryFolder } from '../support/folder.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { Program } from '../support/program.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { ok, type Visitor } from '../support/visitor.ts';

/** The terminal client as npm starts it, with pipes in the place of a terminal. */
function chat(args: readonly string[], env: Record<string, string> = {}): Program {
  return new Program('scripts/run.mjs', {
    args: ['scripts/chat.ts', ...args],
    env,
    hasInput: true,
  });
}

describe.each([
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const)('a room of the %s host in the terminal client', (kind, start) => {
  let host: Host;

  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host.close());

  async function enter(name: string, roomId: string): Promise<Visitor> {
    const response = await fetch(new URL(`/test-token?username=${name}`, host.url));
    const visitor = new NativeVisitor(host.url.replace(/\/$/, ''), {
      token: await response.text(),
    });
    ok(await visitor.join(roomId));
    onTestFinished(() => visitor.close());
    return visitor;
  }

  const as = (name: string, roomId: string) => [roomId, '--name', name, '--url', host.url];

  test('sends piped input, and exits with 0 once it is stored', async () => {
    const roomId = newRoom();
    const bob = await enter('bob', roomId);
    const program = chat(as('alice', roomId));
    program.type('hi\n/who\n//slashed\n');
    program.endInput();
    const { code, stdout, stderr } = await program.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n').toSorted()).toEqual([
      '',
      'Here: bob, alice.',
      'alice: /slashed',
      'alice: hi',
    ]);
    await bob.hears('message', ({ message }) => message === '/slashed');
    expect(bob.heard('message').map(({ message }) => message)).toEqual(['hi', '/slashed']);
    await bob.hears('userLeft', ({ reason }) => reason === 'left');
  });

  // Only on Node, since the edge host of this test has no bucket.
  test.each(kind === 'node' ? [kind] : [])(
    'sends files by /send, and says why one is not sent',
    async () => {
      const roomId = newRoom();
      const bob = await enter('bob', roomId);
      const path = join(temporaryFolder(), 'notes 笔记.txt');
      writeFileSync(path, 'hello');
      const program = chat(as('alice', roomId));
      program.type(`/send ${path}\n/send ${path}.absent\n`);
      program.endInput();
      const { code, stdout } = await program.ended;
      expect(code).toBe(1);
      expect(stdout).toContain('alice:  (notes 笔记.txt, 5 bytes)');
      expect(stdout).toContain(`Not sent: there is no file ${path}.absent that can be read.`);
      const { files } = await bob.hears('message', (message) => message.files !== undefined);
      expect(files).toMatchObject([{ name: 'notes 笔记.txt', size: 5 }]);
    },
  );

  test('lists conversations with unread counts where no room is named', async () => {
    const roomId = newRoom();
    const [dora, emil] = [`dora-${roomId}`, `emil-${roomId}`];
    const empty = chat(['--name', dora, '--url', host.url]);
    expect(await empty.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^You are/) });
    const [first, second] = [await enter(dora, roomId), await enter(emil, roomId)];
    await say(first, roomId, 'hello');
    await first.close();
    await say(second, roomId, 'how are you? \x1b[2J');
    const listed = async () =>
      (await chat(['--name', dora, '--url', host.url]).ended).stdout.split('\n')[0];
    await expect.poll(listed).toBe(`${roomId} [1 unread] ${emil}: how are you? \ufffd[2J`);
  });

  test('shows history and new messages, in colours on a terminal', async () => {
    const roomId = newRoom();
    const bob = await enter('bob', roomId);
    await say(bob, roomId, 'before');
    const plain = chat(as('alice', roomId));
    await plain.until(/^bob: before$/m);
    const colourful = chat(as('carol', roomId), { FORCE_COLOR: '1' });
    await colourful.until(/\p{Cc}\[\d+mbob\p{Cc}\[39m: before/u);
    await plain.until(/^carol is here\.$/m);
    const { seq } = await say(bob, roomId, 'now \x1b[2J');
    await plain.until(/^bob: now \ufffd\[2J$/m);
    ok(await bob.command('editMessage', { roomId, seq, message: 'then' }));
    await plain.until(/^edited bob: then$/m);
    plain.type('/quit\n');
    expect((await plain.ended).code).toBe(0);
    expect(plain.stdout).not.toContain('\x1b');
    await bob.hears(
      'userLeft',
      ({ username, reason }) => username === 'alice' && reason === 'left',
    );
    colourful.kill('SIGINT');
    expect((await colourful.ended).code).toBe(0);
    await bob.hears(
      'userLeft',
      ({ username, reason }) => username === 'carol' && reason === 'left',
    );
  });

  test('prints a refusal, and exits with an error', async () => {
    const program = chat(as('alice', newRoom()));
    program.type(`${'x'.repeat(8_193)}\n`);
    program.endInput();
    const { code, stdout } = await program.ended;
    expect([code, stdout]).toEqual([1, 'Not said: Keep a message under 8192 bytes.\n']);
  });
});

describe('the terminal client', () => {
  test.each([
    [['one', 'two'], 'Usage: npm run chat -- [ROOM] [--name NAME] [--url URL] [--token TOKEN]'],
    [['..'], `The room's name must not be "." or "..".`],
    [['r', '--url', 'nowhere'], '--url must be an address such as https://chat.example.org.'],
    [
      ['r', '--url', 'http://127.0.0.1:1'],
      'Nobody answers at http://127.0.0.1:1/; start a server there, or name another --url.',
    ],
    [
      ['r', '--url', 'http://127.0.0.1:1', '--token', 'any'],
      'Parlor does not answer at http://127.0.0.1:1/; try again.',
    ],
  ])('prints in one sentence why %j is refused', async (args, sentence) => {
    const { code, stdout, stderr } = await chat(args).ended;
    expect([code, stdout, stderr]).toEqual([1, '', `${sentence}\n`]);
  });
});
