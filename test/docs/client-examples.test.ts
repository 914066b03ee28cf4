import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { toolFile } from '../../scripts/tool.ts';
import { PROJECT } from '../support/program.ts';

/** Exports of the client library, by file, whose members need examples. */
const PUBLIC = {
  'client.ts': ['ConnectOptions', 'Client', 'connect'],
  'room.ts': ['Room'],
  'inbox.ts': ['Inbox'],
  'inbox-state.ts': ['InboxState'],
  'react.ts': ['useInbox', 'useRoom'],
  'refused.ts': ['Refused'],
  'state.ts': ['RoomState'],
  'timing.ts': ['defaultTiming'],
} as const;

/** Declarations that hold data, where one example for the whole declaration is enough. */
const DATA = new Set(['RoomState', 'InboxState', 'defaultTiming']);

interface Documented {
  name: string;
  /** The comment before it. */
  comment: string;
}

const source = (file: string) => readFileSync(join(PROJECT, 'src', 'client', file), 'utf8');

/** A declaration and its public members, each with its comment. */
function documented(file: string, name: string): Documented[] {
  const text = source(file);
  const pattern = new RegExp(
    `(/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?^export (?:class|interface|function|const) ${name}\\b`,
    'm',
  );
  const match = pattern.exec(text);
  const [head = '', comment = ''] = match ?? [];
  const index = match?.index ?? 0;
  const own = { name, comment };
  if (DATA.has(name) || /export (?:function|const)/.test(head)) return [own];
  const rest = text.slice(index + head.length);
  const body = rest.slice(0, rest.indexOf('\n}\n'));
  const members = [
    ...body.matchAll(
      /^( {2}\/\*\*(?:(?!\*\/)[^])*\*\/\n)? {2}(?:readonly (?!#)|get |async )?(?!readonly |async )(\w+)[<(?: =]/gm,
    ),
  ].map(([, about = '', member = '']) => ({ name: `${name}.${member}`, comment: about }));
  const described = members.filter((one) => one.name !== `${name}.constructor`);
  return exampleIn(comment) === undefined ? described : [own, ...described];
}

const all = Object.entries(PUBLIC).flatMap(([file, names]) =>
  names.flatMap((name) => documented(file, name)),
);

/** The code of a comment's `@example`. */
function exampleIn(comment: string): string | undefined {
  const [, code] = /@example\s([^]*?)(?:\n\s*\*\s@|\s*\*\/)/.exec(comment) ?? [];
  return code?.replaceAll(/^\s*\* ?/gm, '').trim();
}

test('the exports of the client library and their members are found', () => {
  const names = all.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['connect', 'ConnectOptions.positions', 'Client.room', 'useRoom']),
  );
  expect(names.filter((name) => name.startsWith('Room.')).length).toBeGreaterThan(20);
});

test.each(all)('$name has an example', ({ comment }) => {
  expect(exampleIn(comment)).toMatch(/\S/);
});

const PRELUDE = `import { connect, defaultTiming, Refused } from 'parlor/client';
import type { Client, Room, WebSocketClass } from 'parlor/client';
import { useInbox, useRoom } from 'parlor/react';
import type poll from '../../examples/poll.ts';
declare const url: string;
declare const token: string;
declare const client: Client;
declare const room: Room;
declare const pollRoom: Room<typeof poll>;
declare const inbox: Awaited<ReturnType<Client['inbox']>>;
declare const refused: Refused;
declare const NodeWebSocket: WebSocketClass;
declare function read(roomId: string): Promise<string | undefined>;
declare function write(roomId: string, position: string): Promise<void>;
export { client, connect, defaultTiming, inbox, NodeWebSocket, pollRoom, read, refused, Refused, room, token, url, useInbox, useRoom, write };
`;

test('every example of the client library fits its types', async () => {
  mkdirSync(join(PROJECT, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, 'dist', 'client-examples-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const functions = all.map(
    ({ comment }, at) => `export async function example${at}() {\n${exampleIn(comment)}\n}\n`,
  );
  writeFileSync(join(folder, 'examples.ts'), PRELUDE + functions.join(''));
  const source = join(PROJECT, 'src', 'client');
  const compilerOptions = {
    composite: false,
    noEmit: true,
    noUnusedLocals: false,
    types: ['node'],
    lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'],
    paths: {
      'parlor/client': [join(source, 'index.ts')],
      'parlor/react': [join(source, 'react.ts')],
    },
  };
  const configuration = { extends: '../../tsconfig.base.json', compilerOptions, include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
  const { stdout } = await promisify(execFile)(process.execPath, [
    toolFile('typescript', 'tsc'),
    '-p',
    folder,
  ]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});
