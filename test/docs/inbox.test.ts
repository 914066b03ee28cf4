import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { inboxCommands } from '../../src/protocol/inbox-commands.ts';
import { startNodeHost } from '../support/hosts.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { pushKeys } from '../support/push-service.ts';
import { NativeInbox } from '../support/inbox-visitor.ts';
import { PROJECT } from '../support/program.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';
import { type ExampleLine, examplesIn, steady } from './examples.ts';

const page = readFileSync(join(PROJECT, 'docs', 'protocol.md'), 'utf8');
const examples = examplesIn(page, 'inbox-tuples');

test('docs/protocol.md has an example of every command of an inbox', () => {
  const shown = examples.filter(({ way }) => way === '>').map(({ tuple: [name] }) => name);
  const names = Object.entries(inboxCommands).filter(([, entry]) => !('http' in entry));
  expect(new Set(shown)).toEqual(new Set(names.map(([name]) => name)));
});

test('the examples of an inbox happen as documented', async () => {
  const host = await startNodeHost({ ...pushKeys, VAPID_SUBJECT: 'mailto:admin@example.com' });
  onTestFinished(() => host.close());
  const token = await tokenFor('alice', { name: 'Alice' });
  await prepare(host.url, token);
  const socket = new WebSocket(`${host.url.replace('http', 'ws')}/inbox/ws`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const answers = new Map<unknown, (line: unknown) => void>();
  const first = new Promise((resolve) => answers.set('inbox', resolve));
  socket.on('message', (data: Buffer) => {
    for (const text of data.toString().split('\n')) {
      const [name, key, result] = JSON.parse(text) as [string, unknown, unknown];
      if (name === 'inbox') answers.get('inbox')?.([name, key]);
      if (name === 'ack') answers.get(key)?.([name, key, result]);
    }
  });
  const heard: unknown[] = [await first];
  for (const { way, tuple } of examples) {
    if (way === '<') continue;
    const [, , ref] = tuple;
    const answer = new Promise((resolve) => answers.set(ref, resolve));
    socket.send(JSON.stringify(tuple));
    heard.push(await answer);
  }
  socket.close();
  const shown = examples.filter(({ way }) => way === '<').map(({ tuple }) => tuple);
  expect(heard.map(comparable)).toEqual(shown.map(comparable));
  expect(host.failures).toEqual([]);
});

/** Makes a room where Bob has written, then Alice, then Bob again, and which both inboxes show. */
async function prepare(url: string, token: string): Promise<void> {
  const bobs = await tokenFor('bob', { name: 'Bob' });
  const [alice, bob] = [new HttpVisitor(url, token), new HttpVisitor(url, bobs)];
  const inboxes = [new NativeInbox(url, token), new NativeInbox(url, bobs)];
  for (const inbox of inboxes) ok(await inbox.open());
  await bob.ask('POST', 'general', '/messages', { body: { message: 'welcome', id: 'b-1' } });
  await alice.ask('POST', 'general', '/messages', { body: { message: 'hello, Bob', id: 'a-1' } });
  await inboxes[1]!.hears('conversationUpdated', ({ unread }) => unread === 1);
  await bob.ask('POST', 'general', '/messages', {
    body: { message: 'good to see you,\nAlice', id: 'b-2', mentions: ['alice'] },
  });
  await inboxes[0]!.hears('conversationUpdated', ({ unreadMentions }) => unreadMentions === 1);
  for (const inbox of inboxes) inbox.close();
}

/** Without revisions and times of an inbox, which depend on when updates of its rooms arrived. */
function comparable(tuple: unknown): unknown {
  const text = JSON.stringify(steady(tuple));
  return JSON.parse(text.replaceAll(/"(rev|activityAt)":\d+/g, '"$1":0')) as ExampleLine['tuple'];
}
