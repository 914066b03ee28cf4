import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backUp, restore } from '../../local-server/backup.ts';
import { roomPath } from '../../local-server/node-rooms.ts';
import { temporaryFolder } from '../support/folder.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { NativeInbox } from '../support/inbox-visitor.ts';
import { lockFile } from '../support/lock-file.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { type Ended, Program } from '../support/program.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

/** Users here send as fast as they can. */
const UNLIMITED = { COMMANDS_PER_SECOND: '100000', COMMAND_BURST: '1000000' };

const data = (folder: string) => join(folder, 'data');

async function serve(folder: string): Promise<{ program: Program; url: string }> {
  const program = new Program('local-server/main.ts', {
    cwd: folder,
    env: { ...UNLIMITED, JWT_SECRET: SECRET, HOST: '127.0.0.1', PORT: '0', DATA_DIR: 'data' },
  });
  return { program, url: `http://127.0.0.1:${await program.port()}` };
}

function run(script: 'backup' | 'restore', folder: string, ...args: string[]): Promise<Ended> {
  return new Program(`scripts/${script}.ts`, { cwd: folder, args, env: { DATA_DIR: 'data' } })
    .ended;
}

/** The paths of all files and folders below a folder, sorted. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
}

async function enter(url: string, userId: string, roomId: string, since?: string) {
  const visitor = new NativeVisitor(url, { token: await tokenFor(userId) });
  const joined = ok(await visitor.join(roomId, since === undefined ? {} : { since }));
  return { visitor, joined };
}

/** The texts of all messages in a room, read page by page. */
async function historyOf(visitor: NativeVisitor, roomId: string): Promise<string[]> {
  const told: string[] = [];
  for (let after = 0; ;) {
    const page = ok(await visitor.command('getHistory', { roomId, after, limit: 100 }));
    told.push(...page.messages.map(({ message }) => message));
    if (!page.hasMore) return told;
    after = page.messages.at(-1)!.seq;
  }
}

/** Sends 0, 1, 2 and so on, each once the last is acknowledged, until `stop`. */
function chatter(visitor: NativeVisitor, roomId: string) {
  const state = { stored: [] as string[], isOver: false };
  const over = (async () => {
    for (let at = 0; !state.isOver; at++) {
      ok(await visitor.command('message', { roomId, message: String(at) }));
      state.stored.push(String(at));
    }
  })();
  return {
    get stored() {
      return [...state.stored];
    },
    async stop() {
      state.isOver = true;
      await over;
    },
  };
}

describe('a backup', () => {
  test('is made while users send, and restores everything acknowledged before it', async () => {
    const folder = temporaryFolder();
    const { program, url } = await serve(folder);
    const [busy, quiet] = [newRoom(), newRoom()];
    const { visitor: alice } = await enter(url, 'alice', busy);
    const { visitor: bob } = await enter(url, 'bob', quiet);
    ok(await bob.command('message', { roomId: quiet, message: 'all there is' }));
    ok(await alice.command('message', { roomId: busy, message: 'before' }));
    const talk = chatter(alice, busy);
    const before = ['before', ...talk.stored];
    const copied = await run('backup', folder, 'copy');
    const during = talk.stored.length;
    await talk.stop();
    const after = ['before', ...talk.stored];
    expect(during).toBeGreaterThan(before.length);
    expect(copied).toEqual({ code: 0, stdout: 'Copied 2 rooms from data to copy.\n', stderr: '' });
    const position = alice.position(busy);
    program.kill('SIGKILL');
    await program.ended;

    const elsewhere = temporaryFolder();
    const restored = await run('restore', elsewhere, join(folder, 'copy'));
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    const again = await serve(elsewhere);
    const { visitor: carol } = await enter(again.url, 'carol', busy);
    const told = await historyOf(carol, busy);
    expect(told.slice(0, before.length)).toEqual(before);
    expect(told).toEqual(after.slice(0, told.length));
    const { visitor: dave } = await enter(again.url, 'dave', quiet);
    expect(await historyOf(dave, quiet)).toEqual(['all there is']);

    // Messages after the backup are gone, and a client that has seen them is told to reset.
    for (let at = told.length; at <= after.length; at++) {
      ok(await carol.command('message', { roomId: busy, message: 'another history' }));
    }
    const { joined } = await enter(again.url, 'alice', busy, position);
    expect(joined.reset).toBe(true);
    expect(
      ok(await carol.command('searchMessages', { roomId: busy, query: 'before' })).results,
    ).toHaveLength(1);
  });

  test('restores inboxes as they were, without what came after it', async () => {
    const folder = temporaryFolder();
    const { url, program } = await serve(folder);
    const [roomId, later] = [newRoom(), newRoom()];
    const talk = async (at: string, room: string) => {
      for (const userId of ['ann', 'bob']) {
        const visitor = new HttpVisitor(at, await tokenFor(userId));
        await visitor.ask('POST', room, '/messages', { body: { message: `by ${userId}` } });
      }
    };
    const inboxAt = async (at: string) => {
      const inbox = new NativeInbox(at, await tokenFor('ann'));
      onTestFinished(() => inbox.close());
      return inbox;
    };
    const inbox = await inboxAt(url);
    ok(await inbox.open());
    await talk(url, roomId);
    await inbox.hears('conversationUpdated', (one) => one.roomId === roomId && one.unread === 1);
    await inbox.ask('setConversation', { roomId, pinned: true, draft: 'not yet said' });
    await inbox.ask('blockUser', { userId: 'eve' });
    expect(await run('backup', folder, 'copy')).toMatchObject({ code: 0 });
    await talk(url, later);
    await inbox.hears('conversationUpdated', (one) => one.roomId === later && one.unread === 1);
    const { position } = await inbox.ask('getInbox', {});
    program.kill('SIGKILL');
    await program.ended;

    const elsewhere = temporaryFolder();
    expect(await run('restore', elsewhere, join(folder, 'copy'))).toMatchObject({ code: 0 });
    const again = await serve(elsewhere);
    const back = await inboxAt(again.url);
    const opened = ok(await back.open({ since: position }));
    expect(opened.reset).toBe(true);
    const { conversations } = await back.ask('getInbox', {});
    expect(conversations).toMatchObject([{ roomId, unread: 1, pinned: true, hasDraft: true }]);
    expect((await back.ask('setConversation', { roomId })).conversation.draft).toBe('not yet said');
    expect((await back.ask('getBlocked', {})).users).toEqual([{ userId: 'eve' }]);
    // The restored inbox receives updates of rooms again.
    await talk(again.url, later);
    await back.hears('conversationUpdated', (one) => one.roomId === later && one.unread === 1);
  });

  test('is complete after the server was killed, with what is only in the WAL', async () => {
    const folder = temporaryFolder();
    const { program, url } = await serve(folder);
    const roomId = newRoom();
    const { visitor } = await enter(url, 'alice', roomId);
    for (const message of ['one', 'two']) ok(await visitor.command('message', { roomId, message }));
    program.kill('SIGKILL');
    await program.ended;
    expect(existsSync(`${roomPath(data(folder), roomId)}-wal`)).toBe(true);
    expect(await run('backup', folder, 'copy')).toMatchObject({ code: 0 });

    const elsewhere = temporaryFolder();
    await run('restore', elsewhere, join(folder, 'copy'));
    const again = await serve(elsewhere);
    const back = await enter(again.url, 'alice', roomId);
    expect(await historyOf(back.visitor, roomId)).toEqual(['one', 'two']);
  });

  test('is restored without writing beside its files, as from a disk that is read-only', async () => {
    const folder = temporaryFolder();
    const { program, url } = await serve(folder);
    const roomId = newRoom();
    const { visitor } = await enter(url, 'alice', roomId);
    ok(await visitor.command('message', { roomId, message: 'hello' }));
    expect(await run('backup', folder, 'copy')).toMatchObject({ code: 0 });
    program.kill('SIGKILL');
    await program.ended;
    const copied = filesBelow(join(folder, 'copy'));
    const restored = await run('restore', temporaryFolder(), join(folder, 'copy'));
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect(filesBelow(join(folder, 'copy'))).toEqual(copied);
    // At these places a file's header says whether SQLite needs a journal beside it to read it.
    for (const name of copied.filter((path) => path.endsWith('.sqlite'))) {
      const header = readFileSync(join(folder, 'copy', name)).subarray(18, 20);
      expect([name, ...header]).toEqual([name, 1, 1]);
    }
  });

  test('restored into its old folder gives a new epoch to rooms that were empty', async () => {
    const folder = temporaryFolder();
    const { program, url } = await serve(folder);
    const [written, empty] = [newRoom(), newRoom()];
    const { visitor } = await enter(url, 'alice', written);
    ok(await visitor.command('message', { roomId: written, message: 'there before' }));
    expect(await run('backup', folder, 'copy')).toMatchObject({ code: 0 });
    const { visitor: bob } = await enter(url, 'bob', empty);
    ok(await bob.command('message', { roomId: empty, message: 'after the backup' }));
    const position = bob.position(empty);
    program.kill('SIGTERM');
    await program.ended;
    renameSync(join(data(folder), 'rooms'), join(folder, 'old rooms'));
    expect(await run('restore', folder, 'copy')).toMatchObject({ code: 0 });

    const again = await serve(folder);
    const { visitor: carol } = await enter(again.url, 'carol', empty);
    ok(await carol.command('message', { roomId: empty, message: 'another history' }));
    expect((await enter(again.url, 'bob', empty, position)).joined.reset).toBe(true);
  });

  test('keeps the times of wakeups', async () => {
    const folder = temporaryFolder();
    const { program, url } = await serve(folder);
    const roomId = newRoom();
    const { visitor } = await enter(url, 'alice', roomId);
    ok(await visitor.command('message', { roomId, message: 'to be forgotten' }));
    ok(await visitor.command('updateRoom', { roomId, retentionDays: 1 }));
    expect(await run('backup', folder, 'copy')).toMatchObject({ code: 0, stderr: '' });
    const elsewhere = temporaryFolder();
    await run('restore', elsewhere, join(folder, 'copy'));
    const database = new DatabaseSync(join(data(elsewhere), 'wakeups.sqlite'));
    onTestFinished(() => database.close());
    expect(database.prepare('SELECT room_id FROM wakeups').all()).toEqual([{ room_id: roomId }]);
    program.kill('SIGTERM');
    await program.ended;
  });

  test('keeps the positions of the outgoing webhook, which replace those in the folder', async () => {
    const folder = temporaryFolder();
    const hook = (at: string) => new DatabaseSync(join(folder, at, 'hook.sqlite'));
    for (const [at, position] of [
      ['from', 'kept'],
      ['to', 'of another history'],
    ] as const) {
      mkdirSync(join(folder, at, 'rooms'), { recursive: true });
      const made = hook(at);
      made.exec(
        `CREATE TABLE positions (position TEXT); INSERT INTO positions VALUES ('${position}')`,
      );
      made.close();
    }
    await backUp(join(folder, 'from'), join(folder, 'copy'));
    await restore(join(folder, 'copy'), join(folder, 'to'));
    const restored = hook('to');
    onTestFinished(() => restored.close());
    expect(restored.prepare('SELECT position FROM positions').all()).toEqual([
      { position: 'kept' },
    ]);
  });

  test('waits for a file that is locked while it is created', async () => {
    const folder = temporaryFolder();
    await lockFile(join(folder, 'rooms', 'a.sqlite'), 'BEGIN EXCLUSIVE');
    expect(await backUp(folder, join(folder, 'copy'))).toBe(1);
  });

  test('never overwrites a folder, and leaves none behind when it fails', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'copy'));
    mkdirSync(join(data(folder), 'rooms'), { recursive: true });
    expect(await run('backup', folder, 'copy')).toMatchObject({
      code: 1,
      stderr: 'copy exists already: name a folder that is not there yet.\n',
    });
    const good = new DatabaseSync(join(data(folder), 'rooms', 'a.sqlite'));
    good.exec('CREATE TABLE t (x)');
    good.close();
    writeFileSync(join(data(folder), 'rooms', 'b.sqlite'), 'this is no database at all');
    const failed = await run('backup', folder, 'other');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^data\/rooms\/b\.sqlite cannot be copied \(.*\)\.\n$/);
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  test.each([
    [[], 'Usage: npm run backup -- FOLDER, where FOLDER is not there yet.\n'],
    [['copy'], 'There are no rooms in data: set DATA_DIR to where they lie.\n'],
  ])('given %j prints what to do', async (args, stderr) => {
    expect(await run('backup', temporaryFolder(), ...args)).toEqual({
      code: 1,
      stdout: '',
      stderr,
    });
  });
});

describe('a restore', () => {
  test('never overwrites rooms', async () => {
    const folder = temporaryFolder();
    const { program, url } = await serve(folder);
    const { visitor } = await enter(url, 'alice', 'kept');
    ok(await visitor.command('message', { roomId: 'kept', message: 'kept' }));
    await run('backup', folder, 'copy');
    const whileRunning = await run('restore', folder, 'copy');
    expect(whileRunning.stderr).toBe(
      'Another Parlor is already using data: stop it, or set DATA_DIR to another folder.\n',
    );
    program.kill('SIGTERM');
    await program.ended;
    const stopped = await run('restore', folder, 'copy');
    expect([stopped.code, stopped.stderr]).toEqual([
      1,
      'There are rooms in data: move them away, or set DATA_DIR to another.\n',
    ]);
    expect(readdirSync(join(data(folder), 'rooms'))).toHaveLength(1);
  });

  test('refuses a folder that is not a backup', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'empty'));
    expect(await run('restore', folder, 'empty')).toMatchObject({
      code: 1,
      stderr: 'empty is no backup: it holds no rooms.\n',
    });
  });
});
