import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { closeCodes } from '../src/protocol/codes/close-codes.ts';
import { commandNames, operations, transportCommands } from '../src/protocol/commands.ts';
import { errorCodes } from '../src/protocol/codes/errors.ts';
import { otherRoutes } from '../src/transports/http/other-routes.ts';
import { roomRoutes } from '../src/transports/http/room-routes.ts';
import { events } from '../src/protocol/events.ts';
import { VERSION } from '../src/version.ts';
import { FaultyProxy } from './support/faulty-proxy.ts';
import { temporaryFolder } from './support/folder.ts';
import { Program, PROJECT } from './support/program.ts';

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'docs/protocol.md',
  'docs/architecture.md',
  'docs/client-library.md',
  'docs/commands.md',
  'docs/moving-from-socketio.md',
  'docs/operating.md',
  'docs/performance.md',
  'docs/recipes.md',
  'docs/settings.md',
  'docs/troubleshooting.md',
  'SECURITY.md',
];

function read(path: string): string {
  return readFileSync(join(PROJECT, path), 'utf8');
}

const readme = read('README.md');
const commandsPage = read('docs/commands.md');
const protocol = read('docs/protocol.md');
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  scripts: Record<string, string>;
};

/** The text under a heading, up to the next heading of its level. */
function section(page: string, heading: string): string {
  const from = page.indexOf(`\n${heading}\n`);
  expect(from).toBeGreaterThan(-1);
  const level = heading.split(' ')[0] ?? '';
  const rest = page.slice(from + heading.length + 2);
  const to = rest.indexOf(`\n${level} `);
  return to === -1 ? rest : rest.slice(0, to);
}

/** The cells of a table's rows, without its head. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) =>
    line
      .slice(2, -1)
      .split(' |')
      .map((cell) => cell.trim()),
  );
}

/** The names in backticks, without the `?` of optional ones, sorted. */
function names(cell = ''): string[] {
  return [...cell.matchAll(/`([A-Za-z]+)\??`/g)].map(([, name = '']) => name).toSorted();
}

/** The fields without `roomId`, which the table leaves out because every payload has it. */
function withoutRoom(fields: readonly string[]): string[] {
  return fields.filter((field) => field !== 'roomId');
}

/** The code blocks of a language. */
function blocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, of]) => of === language)
    .map(([, , code = '']) => code);
}

describe('the pages', () => {
  test.each(PAGES)('%s links only to existing files and headings', (page) => {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(PROJECT, join(PROJECT, dirname(page), path));
      expect([target, existsSync(join(PROJECT, file))]).toEqual([target, true]);
      if (anchor === undefined) continue;
      const anchors = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
      expect(anchors).toContain(anchor);
    }
  });

  test.each(PAGES)('%s names only existing npm commands', (page) => {
    const run = [...read(page).matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)];
    const plain = [...read(page).matchAll(/npm (start|test)\b/g)];
    for (const [command, name = ''] of [...run, ...plain]) {
      expect([command, name in manifest.scripts]).toEqual([command, true]);
    }
  });

  test('docs/commands.md names every npm command for users', () => {
    const users = Object.keys(manifest.scripts).filter((name) => !name.includes('fixture'));
    for (const name of users) {
      expect(commandsPage).toMatch(new RegExp(`npm (?:run )?(?:--silent )?${name}\\b`));
    }
  });

  test.each(PAGES)('%s names only existing files', (page) => {
    for (const [path] of read(page).matchAll(
      /\b(?:scripts|src|local-server|test)\/[\w./-]+\.\w+/g,
    )) {
      expect([path, existsSync(join(PROJECT, path))]).toEqual([path, true]);
    }
  });
});

test('CI runs the commands of the README', () => {
  const [first = '', second = ''] = blocks(readme, 'sh');
  expect([first, second]).toEqual(['npm ci && npm run dev\n', 'npm ci && npm test\n']);
  const run = read('.ci/run');
  for (const command of [
    'npm ci',
    'npm test',
    'npm run deploy -- --dry-run --outdir dist/worker',
  ]) {
    expect(run).toMatch(new RegExp(`^${command}`, 'm'));
    expect(readme + commandsPage).toContain(command);
  }
});

test('the program reports the version of the package', () => {
  expect(VERSION).toBe(manifest.version);
  expect(read('CHANGELOG.md')).toContain(`\n## ${VERSION}`);
});

test.each([
  ['README.md', 'ts'],
  ['docs/client-library.md', 'ts'],
  ['docs/client-library.md', 'tsx'],
])('%s shows examples/chat.%s unchanged, in 20 lines at most', (page, language) => {
  const [shown = ''] = blocks(read(page), language);
  expect(shown).toBe(read(`examples/chat.${language}`));
  expect(shown.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
});

test('the README has at most 150 lines', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(150);
});

test('no npm command needs a shell', () => {
  for (const [name, command] of Object.entries(manifest.scripts)) {
    expect([name, command]).toEqual([name, expect.not.stringMatching(/[&|;<>$"'`*(){}]|^\w+=/)]);
  }
});

describe('docs/protocol.md', () => {
  const table = rows(section(protocol, '## Commands'));
  const entries = { ...operations, ...transportCommands };

  test('lists every command', () => {
    expect(table.flatMap(([name]) => names(name)).toSorted()).toEqual(
      [...commandNames, ...Object.keys(transportCommands)].toSorted(),
    );
  });

  test.each(table)(
    'lists the fields of the payload and the reply of %s',
    (cell, payload, reply) => {
      const [name] = names(cell) as [keyof typeof entries];
      expect(withoutRoom(names(payload))).toEqual(
        withoutRoom(Object.keys(entries[name].payload.shape)).toSorted(),
      );
      expect(names(reply)).toEqual(Object.keys(entries[name].reply.shape).toSorted());
    },
  );

  test('lists every event', () => {
    const listed = rows(section(protocol, '## Events')).flatMap(([name]) => names(name));
    expect(listed.toSorted()).toEqual(Object.keys(events).toSorted());
  });

  test('lists every error code with its status and whether it is temporary', () => {
    const listed = rows(section(protocol, '## Errors')).map(([code = '', status, again]) => [
      code.replaceAll('`', ''),
      { status: Number(status), temporary: again === 'again' },
    ]);
    expect(Object.fromEntries(listed)).toEqual(errorCodes);
  });

  test('lists every close code', () => {
    const listed = rows(section(protocol, '## Close codes')).map(([code]) => Number(code));
    const all = Object.values(closeCodes).filter((code) => code !== closeCodes.normal);
    expect(listed).toEqual(all.toSorted((a, b) => a - b));
  });
});

describe('the routes of docs/protocol.md', () => {
  const routes = rows(section(protocol, '## HTTP')).map(([cell = '', does = '']) => ({
    route: cell.replaceAll('`', ''),
    does,
  }));
  /** Routes that only some servers have, and files of the page. */
  const beside = ['GET /test-token', 'GET /', 'GET /embed.js', 'GET /client.js'];

  test('are the routes of the HTTP transport', () => {
    const all = [
      ...roomRoutes.map(({ method, path }) => `${method} /rooms/:roomId${path}`),
      ...otherRoutes.map(({ method, path }) => `${method} ${path}`),
      ...beside,
    ];
    expect(routes.map(({ route }) => route).toSorted()).toEqual(all.toSorted());
  });

  test.each(roomRoutes)('list the query fields of $method $path', ({ method, path, query }) => {
    const { does } = routes.find(({ route }) => route === `${method} /rooms/:roomId${path}`) ?? {};
    const taken = /((?:`\w+`(?:, )?)+) in the query$/.exec(does ?? '')?.[1];
    expect(names(taken)).toEqual(Object.keys(query).toSorted());
  });

  test.each(beside)('name %s, which exists in development mode', async (route) => {
    const url = `http://localhost:${await server()}${route.slice('GET '.length)}?username=alice`;
    expect((await fetch(url)).status).toBe(200);
  });
});

/** Starts a server in development mode. @returns its port */
async function server(): Promise<number> {
  return new Program('local-server/main.ts', {
    args: ['--dev'],
    cwd: temporaryFolder(),
    env: { PORT: '0' },
  }).port();
}

/** Writes code of the README, with another port, where it can import the packages. @returns its path */
function snippet(name: string, port: number): string {
  const code = blocks(readme, 'js').find((block) => block.startsWith(`// ${name},`)) ?? '';
  mkdirSync(join(PROJECT, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, 'dist', 'readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, code.replaceAll('localhost:4000', `localhost:${port}`));
  return relative(PROJECT, file);
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe('the code of the README', () => {
  test('works with socket.io-client', async () => {
    const program = new Program(snippet('chat.mjs', await server()), {});
    const [output] = await program.until(
      /said before: \[\][^]*ok: true[^]*senderId: 'alice'[^]*\}\n/,
    );
    expect(output).toContain("message: 'hello'");
  });

  test('prints nothing and posts nothing again after a dropped connection', async () => {
    const proxy = new FaultyProxy(await server());
    onTestFinished(() => proxy.close());
    const url = await proxy.url();
    const program = new Program(snippet('chat.mjs', Number(new URL(url).port)), {});
    await program.until(/ok: true[^]*\}\n/);
    proxy.refuse(true);
    const direct = `http://127.0.0.1:${proxy.port}`;
    const token = await (await fetch(`${direct}/test-token?username=bob`)).text();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const say = (message: string) =>
      fetch(`${direct}/rooms/general/messages`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ message }),
      });
    await say('while you were away');
    proxy.refuse(false);
    await program.until(/said before: \[ 'bob: while you were away' \]/);
    await say('welcome back');
    await program.until(/message: 'welcome back'/);
    expect(program.stdout.match(/message: 'hello'/g)).toHaveLength(1);
    const history = await (await fetch(`${direct}/rooms/general/messages`, { headers })).json();
    const texts = (history as { messages: { message: string }[] }).messages;
    expect(texts.map(({ message }) => message)).toEqual([
      'hello',
      'while you were away',
      'welcome back',
    ]);
  });

  test('works with a plain WebSocket', async () => {
    const program = new Program(snippet('native.mjs', await server()), {});
    const [output] = await program.until(/'joined'[^]*'ack'[^]*'position'/);
    expect(output).toContain("message: 'hello'");
  });

  test.skipIf(!hasCurl)('works with curl', async () => {
    const port = await server();
    const lines = blocks(readme, 'sh').find((block) => block.startsWith('TOKEN=')) ?? '';
    const script = lines.replaceAll('localhost:4000', `localhost:${port}`);
    const { stdout } = await promisify(execFile)('sh', ['-ec', script]);
    const [sent, history] = stdout.split('}{').map((part) => part.includes('"sender":"carol"'));
    expect([sent, history]).toEqual([true, true]);
  });
});
