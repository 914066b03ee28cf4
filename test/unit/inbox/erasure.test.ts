import { expect, onTestFinished, test } from 'vitest';
import type { Result } from '../../../src/protocol/frames.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { InboxReply } from '../../../src/protocol/inbox-commands.ts';
import { inInbox } from '../../simulation/inbox/oracle.ts';
import { admin, directIdOf, World } from '../../simulation/inbox/world.ts';
import { temporaryFolder } from '../../support/folder.ts';

const person = (userId: string): Identity => ({ userId, name: userId });
const [ann, bob] = [person('annika'), person('bob')];
const guest: Identity = { userId: 'guest:1', guest: true };

/** A world with one room, which bob owns. */
function newWorld(): World {
  const world = new World(temporaryFolder());
  onTestFinished(() => world.close());
  say(world, bob);
  world.rest();
  return world;
}

function say(world: World, by: Identity, roomId = 'general'): void {
  const result = world.inRoom(roomId, by, 'message', { message: `words of ${by.userId}` });
  expect(result.ok).toBe(true);
}

/** Repeats `DELETE /users/:userId` until it is done. */
function erase(world: World, { userId }: Identity): void {
  for (let steps = 0; steps < 10; steps++) {
    const { done } = world.ask({ ...admin, userId }, 'eraseInbox', {}) as { done: boolean };
    if (done) return;
    world.rest();
  }
  throw new Error('the erasure never ends');
}

/** The rooms that `GET /users/:userId/export` covers. */
function exportedRooms(world: World, { userId }: Identity): string[] {
  world.arriveAll();
  const page = world.ask({ ...admin, userId }, 'exportInbox', {}) as InboxReply<'exportInbox'>;
  return page.rooms.map(({ roomId }) => roomId);
}

/** Every row in a room that names a user. */
function traces(world: World, { userId }: Identity, roomId = 'general'): unknown[] {
  const { file } = world.room(roomId);
  const tables = file.all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search%'",
  );
  return tables.flatMap(({ name }) =>
    file.all(`SELECT * FROM ${name}`).filter((row) => JSON.stringify(row).includes(userId)),
  );
}

function eraseWhileUpdateIsOnItsWay(world: World, by: Identity): void {
  say(world, by);
  const [update] = world.transit.splice(0);
  erase(world, by);
  update!.arrive();
}

test("[INB10] an export covers a room as soon as the user's first message there is stored", () => {
  const world = newWorld();
  say(world, ann);
  expect(exportedRooms(world, ann)).toEqual(['general']);
});

test('[INB10] an export of a guest covers the rooms that they have written in', () => {
  const world = newWorld();
  say(world, guest);
  say(world, guest, 'other');
  expect(exportedRooms(world, guest)).toEqual(['general', 'other']);
  const before = world.calls;
  say(world, guest);
  say(world, bob);
  world.rest();
  expect(world.calls - before).toBeLessThanOrEqual(1);
  erase(world, guest);
  world.rest();
  expect(traces(world, guest)).toEqual([]);
  expect(exportedRooms(world, guest)).toEqual([]);
});

test('[INB9] a room whose update arrives after the erasure erases the user too', () => {
  const world = newWorld();
  eraseWhileUpdateIsOnItsWay(world, ann);
  world.rest();
  expect(traces(world, ann)).toEqual([]);
  expect(world.ask(ann, 'getInbox', {})).toMatchObject({ conversations: [] });
});

test('[INB9] a room whose update arrives after the erasure erases the user even if it and the inbox crash', () => {
  const world = newWorld();
  say(world, ann);
  world.crash(world.room('general'), 'general');
  world.transit.splice(0);
  erase(world, ann);
  for (let seconds = 0; seconds < 120 && world.transit.length === 0; seconds++) world.pass(1_000);
  for (const update of world.transit.splice(0)) update.arrive();
  // The inbox now owes the room the erasure.
  world.crash(world.inboxes, '');
  world.crash(world.room('general'), 'general');
  world.transit.splice(0);
  expect(traces(world, ann)).not.toEqual([]);
  world.rest();
  expect(traces(world, ann)).toEqual([]);
});

test("[INB9] a room whose update arrives after a guest's erasure erases the guest too", () => {
  const world = newWorld();
  eraseWhileUpdateIsOnItsWay(world, guest);
  world.rest();
  expect(traces(world, guest)).toEqual([]);
});

test('[INB9] a user who comes back after the erasure stays', () => {
  const world = newWorld();
  say(world, ann);
  world.rest();
  world.ask(ann, 'setConversation', { roomId: 'general', notify: 'all' });
  erase(world, ann);
  world.rest();
  expect(traces(world, ann)).toEqual([]);
  world.pass(5_000);
  say(world, ann);
  world.rest();
  expect(world.ask(ann, 'getInbox', {})).toMatchObject({
    conversations: [{ roomId: 'general', notify: 'mentions' }],
  });
});

test('[INB9] a repeated update during an erasure brings no conversation back', () => {
  const world = newWorld();
  say(world, ann);
  const [update] = world.transit.splice(0);
  update!.arrive();
  say(world, ann, 'other');
  world.rest();
  world.inRoom('general', admin, 'deleteRoom', {});
  world.rest();
  world.toInbox({ ...admin, userId: ann.userId }, 'eraseInbox', {});
  const [general, other] = world.transit.splice(0);
  general!.arrive();
  other!.lose();
  update!.arrive();
  world.rest();
  expect(Object.keys(inInbox(world, ann.userId))).toEqual(['other']);
  erase(world, ann);
  expect(inInbox(world, ann.userId)).toEqual({});
  expect(
    world.inboxes.file.all('SELECT * FROM conversations WHERE user_id = ?', ann.userId),
  ).toEqual([]);
});

test('[INB9] a user who returns to a room before all rooms have answered stays there', () => {
  const world = newWorld();
  for (const roomId of ['general', 'other']) say(world, ann, roomId);
  world.inRoom('general', admin, 'eraseUser', { userId: ann.userId });
  world.rest();
  world.toInbox({ ...admin, userId: ann.userId }, 'eraseInbox', {});
  const [general, other] = world.transit.splice(0);
  general!.arrive();
  say(world, ann);
  world.rest();
  other!.lose();
  world.rest();
  expect(Object.keys(inInbox(world, ann.userId))).toEqual(['general', 'other']);
});

test('[INB4] a user who comes back after the erasure gets direct messages again once they are opened', () => {
  const world = newWorld();
  say(world, ann);
  world.rest();
  const roomId = directIdOf(ann.userId, bob.userId);
  const open = () => {
    let answer: Result | undefined;
    world.toInbox(bob, 'openDirect', { userId: ann.userId }, (result) => {
      answer = result;
    });
    world.arriveAll();
    return answer;
  };
  expect(open()).toMatchObject({ ok: true });
  say(world, bob, roomId);
  world.rest();
  erase(world, ann);
  world.rest();
  expect(open()).toMatchObject({ ok: false, error: { code: 'member_not_found' } });
  world.pass(5_000);
  say(world, ann);
  world.rest();
  expect(open()).toMatchObject({ ok: true });
  say(world, bob, roomId);
  world.rest();
  expect(inInbox(world, ann.userId)[roomId]).toMatchObject({ isUnread: true });
});
