import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/protocol/identity.ts';
import { Listener } from './listener.ts';
import { onStage } from './on-stage.ts';
import type { StagedRoom } from './staged-room.ts';

const SETTINGS = { COMMAND_BURST: '1000000' };
const bob = { userId: 'bob', name: 'Bob' };

/** Puts a newer token in the place of a connection's. */
function renew(stage: StagedRoom, { plug }: Listener, identity: Partial<Identity>): void {
  const { userId } = plug.connection.state.identity;
  stage.renew(plug, { userId, ...identity });
  stage.flush();
}

function names(listener: Listener): string[] {
  return listener.ask('joinRoom').online.map(({ username }) => username);
}

describe('a newer token with another name', () => {
  it('[AUTH10] is in the next events of the user, in lists, and in userLeft', () =>
    onStage(SETTINGS, (stage) => {
      const first = new Listener(stage, bob);
      const anna = new Listener(stage, { userId: 'anna', name: 'Anna' });
      first.ask('message', { message: 'one' });
      renew(stage, first, { name: 'Robert' });
      const member = { userId: 'bob', username: 'Robert', role: 'owner', online: true };
      expect(anna.heard('memberUpdated')).toEqual([
        ['memberUpdated', { roomId: stage.roomId, ...member, by: 'bob' }],
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

  it('[AUTH10] is kept over a sleep of the room', () =>
    onStage(SETTINGS, (stage) => {
      const first = new Listener(stage, bob);
      const anna = new Listener(stage, { userId: 'anna', name: 'Anna' });
      renew(stage, first, { name: 'Robert' });
      stage.sleep();
      expect(names(anna)).toEqual(['Robert', 'Anna']);
      first.ask('message', { message: 'one' });
      expect(anna.heard('message')[0]![1]).toMatchObject({ sender: 'Robert' });
    }));

  it('[AUTH10] applies to all connections of the user, and to those that have left when they come back', () =>
    onStage(SETTINGS, (stage) => {
      const first = new Listener(stage, bob);
      const phone = new Listener(stage, bob);
      const away = new Listener(stage, bob);
      away.ask('leaveRoom');
      renew(stage, first, { name: 'Robert' });
      for (const each of [first, phone]) {
        expect(each.ask('message', { message: 'hi' }).message).toMatchObject({ sender: 'Robert' });
      }
      expect(away.ask('joinRoom')).toMatchObject({ you: { username: 'Robert' } });
    }));

  it('[AUTH10] is shown when it comes by joining, while the user is online', () =>
    onStage(SETTINGS, (stage) => {
      const first = new Listener(stage, bob);
      const anna = new Listener(stage, { userId: 'anna', name: 'Anna' });
      stage.drop(first.plug, 'disconnected');
      stage.tellEnds();
      stage.flush();
      const again = new Listener(stage, { ...bob, name: 'Robert' });
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

  it('[AUTH10] replaces a claimed name; one without a name does not', () =>
    onStage(SETTINGS, (stage) => {
      const zed = new Listener(stage, { userId: 'zed' }, { username: 'Zed' });
      const anna = new Listener(stage, { userId: 'anna', name: 'Anna' });
      renew(stage, zed, {});
      renew(stage, anna, {});
      expect(names(anna)).toEqual(['Zed', 'Anna']);
      expect(anna.heard('memberUpdated')).toEqual([]);
      renew(stage, zed, { name: 'Zed' });
      expect(anna.ask('joinRoom').online).toContainEqual({ userId: 'zed', username: 'Zed' });
      expect(anna.heard('memberUpdated')[0]![1]).not.toHaveProperty('unverified');
    }));

  it('[AUTH10] with the same name causes no event', () =>
    onStage(SETTINGS, (stage) => {
      const first = new Listener(stage, bob);
      const anna = new Listener(stage, { userId: 'anna', name: 'Anna' });
      first.ask('message', { message: 'one' });
      const writes = stage.sql.writes;
      renew(stage, first, { name: 'Bob', expiresAt: stage.now + 1_000_000 });
      expect(stage.sql.writes).toBe(writes);
      expect(anna.heard('memberUpdated')).toEqual([]);
    }));

  it('is shown to a moderator instead of the older name on the list', () =>
    onStage(SETTINGS, (stage) => {
      const owner = new Listener(stage, { userId: 'anna', name: 'Anna' });
      owner.ask('message', { message: 'mine' });
      const first = new Listener(stage, bob);
      first.ask('message', { message: 'one' });
      first.ask('leaveRoom');
      stage.drop(first.plug, 'left');
      stage.tellEnds();
      const again = new Listener(stage, { ...bob, name: 'Robert' });
      owner.ask('muteMember', { userId: 'bob' });
      expect(again.heard('memberUpdated')).toMatchObject([
        ['memberUpdated', { username: 'Robert' }],
      ]);
    }));

  it('is stored with the next message if storage failed', () =>
    onStage(SETTINGS, (stage) => {
      const first = new Listener(stage, bob);
      const anna = new Listener(stage, { userId: 'anna', name: 'Anna' });
      first.ask('message', { message: 'one' });
      stage.sql.failAfter = 3;
      renew(stage, first, { name: 'Robert' });
      expect(stage.sql.failAfter).toBe(Infinity);
      expect(first.ask('message', { message: 'two' }).message).toMatchObject({ sender: 'Robert' });
      expect(anna.endedWith).toEqual([]);
      expect(stage.defects).toEqual([]);
    }));

  it('is sent no more often than a user may give commands', () =>
    onStage({ COMMAND_BURST: '30', COMMANDS_PER_SECOND: '1' }, (stage) => {
      const first = new Listener(stage, bob);
      const anna = new Listener(stage, { userId: 'anna', name: 'Anna' });
      for (let at = 0; at < 100; at++) renew(stage, first, { name: `Bob ${at}` });
      expect(anna.heard('memberUpdated').length).toBeLessThanOrEqual(30);
      stage.pass(60_000);
      renew(stage, first, { name: 'Robert' });
      expect(anna.heard('memberUpdated').at(-1)![1]).toMatchObject({ username: 'Robert' });
    }));
});
