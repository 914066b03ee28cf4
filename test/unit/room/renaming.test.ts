import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/protocol/identity.ts';
import { Listener } from './listener.ts';
import { withHarness } from './with-harness.ts';
import type { RoomHarness } from './room-harness.ts';

const SETTINGS = { COMMAND_BURST: '1000000' };
const bob = { userId: 'bob', name: 'Bob' };

/** Replaces a connection's token with a newer one. */
function renew(harness: RoomHarness, { plug }: Listener, identity: Partial<Identity>): void {
  const { userId } = plug.connection.state.identity;
  harness.renew(plug, { userId, ...identity });
  harness.flush();
}

function names(listener: Listener): string[] {
  return listener.ask('joinRoom').online.map(({ username }) => username);
}

describe('a newer token with another name', () => {
  it("[AUTH10] gives its name to the user's next events, to lists and to userLeft", () =>
    withHarness(SETTINGS, (harness) => {
      const first = new Listener(harness, bob);
      const anna = new Listener(harness, { userId: 'anna', name: 'Anna' });
      first.ask('message', { message: 'one' });
      renew(harness, first, { name: 'Robert' });
      const member = { userId: 'bob', username: 'Robert', role: 'owner', online: true };
      expect(anna.heard('memberUpdated')).toEqual([
        ['memberUpdated', { roomId: harness.roomId, ...member, by: 'bob' }],
      ]);
      expect(first.heard('memberUpdated')).toEqual([]);
      expect(anna.ask('getMembers').members).toEqual([member]);
      expect(anna.ask('getMembers', { online: true }).members[1]).toEqual(member);
      expect(names(anna)).toEqual(['Robert', 'Anna']);
      first.ask('typing');
      expect(first.ask('message', { message: 'two' }).message).toMatchObject({ sender: 'Robert' });
      first.ask('leaveRoom');
      const said = anna.heard('typing', 'message', 'userLeft').map(([, it]) => it);
      expect(said.slice(1).map(({ username, sender }) => username ?? sender)).toEqual(
        Array(3).fill('Robert'),
      );
      expect(anna.ask('getMembers').members).toEqual([{ ...member, online: false }]);
      expect(anna.ask('getHistory').messages).toMatchObject([
        { sender: 'Bob' },
        { sender: 'Robert' },
      ]);
    }));

  it('[AUTH10] is kept while the room sleeps', () =>
    withHarness(SETTINGS, (harness) => {
      const first = new Listener(harness, bob);
      const anna = new Listener(harness, { userId: 'anna', name: 'Anna' });
      renew(harness, first, { name: 'Robert' });
      harness.sleep();
      expect(names(anna)).toEqual(['Robert', 'Anna']);
      first.ask('message', { message: 'one' });
      expect(anna.heard('message')[0]![1]).toMatchObject({ sender: 'Robert' });
    }));

  it('[AUTH10] applies to all connections of the user, also to those that leave and join again', () =>
    withHarness(SETTINGS, (harness) => {
      const first = new Listener(harness, bob);
      const phone = new Listener(harness, bob);
      const away = new Listener(harness, bob);
      away.ask('leaveRoom');
      renew(harness, first, { name: 'Robert' });
      for (const each of [first, phone]) {
        expect(each.ask('message', { message: 'hi' }).message).toMatchObject({ sender: 'Robert' });
      }
      expect(away.ask('joinRoom')).toMatchObject({ you: { username: 'Robert' } });
    }));

  it('[AUTH10] renames a user who is online when a new connection joins with it', () =>
    withHarness(SETTINGS, (harness) => {
      const first = new Listener(harness, bob);
      const anna = new Listener(harness, { userId: 'anna', name: 'Anna' });
      harness.drop(first.plug, 'disconnected');
      harness.tellEnds();
      harness.flush();
      const again = new Listener(harness, { ...bob, name: 'Robert' });
      expect(again.joined.online).toEqual([
        { userId: 'bob', username: 'Robert' },
        { userId: 'anna', username: 'Anna' },
      ]);
      expect(names(anna)).toEqual(['Robert', 'Anna']);
      expect(anna.heard('userJoined', 'userLeft')).toEqual([]);
      expect(anna.heard('memberUpdated')).toMatchObject([
        ['memberUpdated', { userId: 'bob', username: 'Robert', role: 'none', online: true }],
      ]);
    }));

  it('[AUTH10] replaces a claimed name, which a token without a name does not', () =>
    withHarness(SETTINGS, (harness) => {
      const zed = new Listener(harness, { userId: 'zed' }, { username: 'Zed' });
      const anna = new Listener(harness, { userId: 'anna', name: 'Anna' });
      renew(harness, zed, {});
      renew(harness, anna, {});
      expect(names(anna)).toEqual(['Zed', 'Anna']);
      expect(anna.heard('memberUpdated')).toEqual([]);
      renew(harness, zed, { name: 'Zed' });
      expect(anna.ask('joinRoom').online).toContainEqual({ userId: 'zed', username: 'Zed' });
      expect(anna.heard('memberUpdated')[0]![1]).not.toHaveProperty('unverified');
    }));

  it('[AUTH10] with the same name causes no event', () =>
    withHarness(SETTINGS, (harness) => {
      const first = new Listener(harness, bob);
      const anna = new Listener(harness, { userId: 'anna', name: 'Anna' });
      first.ask('message', { message: 'one' });
      const writes = harness.sql.writes;
      renew(harness, first, { name: 'Bob', expiresAt: harness.now + 1_000_000 });
      expect(harness.sql.writes).toBe(writes);
      expect(anna.heard('memberUpdated')).toEqual([]);
    }));

  it('is the name in an event about the user, instead of the older one on the list', () =>
    withHarness(SETTINGS, (harness) => {
      const owner = new Listener(harness, { userId: 'anna', name: 'Anna' });
      owner.ask('message', { message: 'mine' });
      const first = new Listener(harness, bob);
      first.ask('message', { message: 'one' });
      first.ask('leaveRoom');
      harness.drop(first.plug, 'left');
      harness.tellEnds();
      const again = new Listener(harness, { ...bob, name: 'Robert' });
      owner.ask('muteMember', { userId: 'bob' });
      expect(again.heard('memberUpdated')).toMatchObject([
        ['memberUpdated', { username: 'Robert' }],
      ]);
    }));

  it('gives its name to the next message even if storing the name failed', () =>
    withHarness(SETTINGS, (harness) => {
      const first = new Listener(harness, bob);
      const anna = new Listener(harness, { userId: 'anna', name: 'Anna' });
      first.ask('message', { message: 'one' });
      harness.sql.failAfter = 3;
      renew(harness, first, { name: 'Robert' });
      expect(harness.sql.failAfter).toBe(Infinity);
      expect(first.ask('message', { message: 'two' }).message).toMatchObject({ sender: 'Robert' });
      expect(anna.endedWith).toEqual([]);
      expect(harness.defects).toEqual([]);
    }));

  it('is sent no more often than a user may give commands', () =>
    withHarness({ COMMAND_BURST: '30', COMMANDS_PER_SECOND: '1' }, (harness) => {
      const first = new Listener(harness, bob);
      const anna = new Listener(harness, { userId: 'anna', name: 'Anna' });
      for (let at = 0; at < 100; at++) renew(harness, first, { name: `Bob ${at}` });
      expect(anna.heard('memberUpdated').length).toBeLessThanOrEqual(30);
      harness.pass(60_000);
      renew(harness, first, { name: 'Robert' });
      expect(anna.heard('memberUpdated').at(-1)![1]).toMatchObject({ username: 'Robert' });
    }));
});
