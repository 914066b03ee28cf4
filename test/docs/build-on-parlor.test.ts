import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { toolFile } from '../../scripts/tool.ts';
import { block, page } from '../support/build-on-parlor.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program, PROJECT } from '../support/program.ts';
import { copyOfProject } from '../support/project-copy.ts';

const run = promisify(execFile);

/** Makes the folders of the page: `parlor` with the page's application, and `my-app` beside it. */
async function folders(): Promise<{ parlor: string; app: string }> {
  const empty = temporaryFolder();
  const [parlor, app] = [copyOfProject(join(empty, 'parlor')), join(empty, 'my-app')];
  writeFileSync(join(parlor, 'src', 'app.ts'), block('src/app.ts'));
  const { stdout } = await run(process.execPath, ['scripts/run.mjs', 'scripts/pack-client.ts'], {
    cwd: parlor,
  });
  const tarball = /npm install (\.\.\/parlor\/dist\/\S+\.tgz)/.exec(page)?.[1] ?? '';
  expect(join(app, tarball)).toBe(join(parlor, stdout.trim()));
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: app });
  for (const name of ['react', '@types/react', '@types/node', 'socket.io-client']) link(app, name);
  return { parlor, app };
}

/** Installs a package of the project in a folder. */
function link(folder: string, name: string): void {
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules', name), join(folder, 'node_modules', name));
}

async function typeErrors(cwd: string, files: readonly string[]): Promise<string> {
  const flags =
    '--ignoreConfig --noEmit --strict --skipLibCheck --target es2024 --lib es2024,dom,dom.iterable,dom.asynciterable --module nodenext --jsx react-jsx --allowImportingTsExtensions --exactOptionalPropertyTypes --types node';
  const args = [toolFile('typescript', 'tsc'), ...flags.split(' '), ...files];
  return run(process.execPath, args, { cwd }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

/** Wrong uses of the page's application, which its types must reject, and right ones. */
const WRONG = `import { connect } from 'parlor/client';
import type app from '../parlor/src/app.ts';
const room = connect<typeof app>({ url: 'http://localhost' }).room('r');
// @ts-expect-error: there is no such command
void room.command('elect', { seq: 1, option: 0 });
// @ts-expect-error: an option is a number
void room.command('vote', { seq: 1, option: 'first' });
// @ts-expect-error: a poll has options
void room.send('', { kind: 'poll', data: { question: 'Where?' } });
// @ts-expect-error: there is no such kind
void room.send('', { kind: 'pole', data: { question: 'Where?', options: ['a', 'b'] } });
// @ts-expect-error: a cursor has a y
room.signal('cursor', { x: 1 });
room.on('cursor', ({ username, x, y }) => [username.trim(), x.toFixed(), y.toFixed()]);
const votes: Promise<{ votes: number[] }> = room.command('vote', { seq: 1, option: 0 });
void votes;
`;

describe('docs/build-on-parlor.md', () => {
  test('has an application of at most 40 lines', () => {
    expect(block('src/app.ts').trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  });

  test('leads from an empty folder to an application that works', async () => {
    const { parlor, app } = await folders();
    const host = new Program(relative(PROJECT, join(parlor, 'scripts', 'run.mjs')), {
      cwd: parlor,
      args: ['local-server/main.ts', '--dev'],
      env: { PORT: '0', HOST: '127.0.0.1' },
    });
    const url = `http://127.0.0.1:${await host.port()}`;
    for (const file of ['poll.ts', 'polls.tsx', 'socket.js'])
      writeFileSync(join(app, file), block(file).replace('http://localhost:4000', url));
    writeFileSync(join(app, 'wrong.ts'), WRONG);
    writeFileSync(join(parlor, 'src', 'rule.ts'), block('rule.ts'));
    expect(
      await typeErrors(app, ['poll.ts', 'polls.tsx', 'wrong.ts', '../parlor/src/rule.ts']),
    ).toBe('');

    const { stdout } = await run(process.execPath, ['poll.ts'], { cwd: app });
    expect(stdout).toBe('Poll 1: 1 to 0\n');
    const token = await (await fetch(`${url}/test-token?username=ben`)).text();
    const socket = new Program(relative(PROJECT, join(app, 'socket.js')), {
      cwd: app,
      env: { TOKEN: token },
    });
    await socket.until(/^true 1 1\n/);
    const [, curl = ''] = /^(curl .*commands\/vote)$/m.exec(page) ?? [];
    const asked = await run('sh', ['-c', curl.replace('http://localhost:4000', url)], {
      env: { ...process.env, TOKEN: token },
    });
    expect(JSON.parse(asked.stdout)).toMatchObject({ votes: [2, 0] });
    await socket.until(/^true 1 1\npoll 1 1\npoll 2 0\n/);
  });
});
