import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { commandNames, transportCommands } from '../../src/protocol/commands.ts';
import { startNodeHost } from '../support/hosts.ts';
import { Inbox } from '../support/inbox.ts';
import { PROJECT } from '../support/program.ts';
import { tokenFor } from '../support/tokens.ts';
import { examplesIn, type ExampleLine, steady } from './examples.ts';

const page = readFileSync(join(PROJECT, 'docs', 'protocol.md'), 'utf8');
const examples = examplesIn(page);

test('docs/protocol.md has an example of every command', () => {
  const shown = examples.filter(({ way }) => way === '>').map(({ tuple: [name] }) => name);
  const all = [...commandNames, ...Object.keys(transportCommands)];
  expect(new Set(shown)).toEqual(new Set(all));
});

test('the examples of docs/protocol.md happen as documented', async () => {
  const host = await startNodeHost();
  onTestFinished(() => host.close());
  const alice = await enter(host.url, 'alice');
  const bob = await enter(host.url, 'bob');
  await alice.hears('userJoined');
  const people = { alice, bob };
  const heard: unknown[] = [];
  for (const { who, way, tuple } of examples) {
    const person = people[who as keyof typeof people];
    if (way === '>') person.send(JSON.stringify(tuple).replace('<token>', await tokenOf(who)));
    else heard.push(await person.hears(tuple[0]));
  }
  const told = examples.filter(({ way }) => way === '<').map(({ tuple }) => tuple);
  expect(heard.map(steady)).toEqual(told.map(steady));
  // No event arrived that the page does not show.
  expect(alice.unread()).toEqual([]);
  expect(bob.unread()).toEqual([]);
  expect(host.failures).toEqual([]);
});

function tokenOf(userId: string): Promise<string> {
  return tokenFor(userId, { name: `${userId[0]?.toUpperCase()}${userId.slice(1)}` });
}

/** Opens a native socket to `general`, and waits until it has joined. */
async function enter(url: string, userId: string) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/rooms/general/ws`, {
    headers: { authorization: `Bearer ${await tokenOf(userId)}` },
  });
  const inbox = new Inbox();
  const lines: ExampleLine['tuple'][] = [];
  socket.on('message', (data: Buffer) => {
    const tuples = data.toString().split('\n');
    lines.push(...tuples.map((line) => JSON.parse(line) as ExampleLine['tuple']));
    inbox.changed();
  });
  const person = {
    send: (line: string) => socket.send(line),
    /** Waits for the next unread line of that name, and marks it as read. */
    hears: (name: string) =>
      inbox.until(`${userId} to hear ${name}`, () => {
        const at = lines.findIndex(([of]) => of === name);
        return at >= 0 && lines.splice(at, 1)[0];
      }),
    unread: () => lines.filter(([name]) => name !== 'position'),
  };
  await person.hears('joined');
  return person;
}
