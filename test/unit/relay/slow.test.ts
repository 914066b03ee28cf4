import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/settings/settings.ts';
import { Listener } from '../../simulation/relay/listener.ts';
import { World } from '../../simulation/relay/world.ts';

const { limits } = readSettings({ SIGNALS: 'open' }).settings;
/** Unread bytes, more than half of the maximum, so that the listener loses ephemeral events. */
const SLOW = 800_000;

describe('a listener on a relay that reads too slowly', () => {
  let folder: string;
  let world: World;
  let alice: Listener;
  let bob: Listener;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parlor-slow-'));
    world = new World(join(folder, 'room.sqlite'), limits, 1);
    [alice, bob] = [new Listener('alice'), new Listener('bob')];
    for (const listener of [alice, bob])
      world.relays[0]!.open({ userId: listener.userId }, {}, listener);
    settle(60);
  });

  afterEach(() => {
    expect(world.defects).toEqual([]);
    world.close();
    rmSync(folder, { recursive: true });
  });

  /** Lets calls arrive until none is on its way, then time pass in steps of 50 ms. */
  function settle(ms = 0): void {
    for (;;) {
      while (!world.isQuiet()) world.advance(0);
      if (ms <= 0) return;
      world.pass(50);
      ms -= 50;
    }
  }

  function say(name: string, payload: object): void {
    world.relays[0]!.handle(alice.connection!, { name, payload });
    settle();
  }

  function seen(name = 'cursor'): unknown[] {
    return bob.heard(name).map(({ x }) => x);
  }

  it('[SIG4] receives the newest of each signal once it keeps up, and no older one', () => {
    bob.buffered = SLOW;
    say('hand', { x: 'raised' });
    for (let x = 1; x <= 10; x++) say('cursor', { x });
    say('message', { message: 'not to be lost' });
    settle(2_000);
    expect([seen(), bob.heard('message').length]).toEqual([[], 1]);
    bob.buffered = 0;
    settle(1_100);
    expect([seen('hand'), seen()]).toEqual([['raised'], [10]]);
    expect(bob.heard('presence')).toEqual([{ roomId: 'harness', onlineCount: 2 }]);
    say('cursor', { x: 11 });
    settle(5_000);
    expect(seen()).toEqual([10, 11]);
    expect(bob.heard('presence')).toHaveLength(1);
  });

  it('[SIG4] costs its room no calls while it is slow', () => {
    bob.buffered = SLOW;
    say('cursor', { x: 0 });
    settle(500);
    world.room.requests = 0;
    for (let x = 1; x <= 10; x++) say('cursor', { x });
    // One call for each of Alice's signals, and none for Bob, because the room knows that he lags.
    expect(world.room.requests).toBe(10);
  });

  it('[SIG4] receives missed signals after the room crashed and forgot that it was slow', () => {
    bob.buffered = SLOW;
    say('cursor', { x: 1 });
    world.room.abort();
    bob.buffered = 0;
    say('message', { message: 'the room is back' });
    settle(2_000);
    expect(seen()).toEqual([1]);
    expect(bob.heard('presence')).toHaveLength(1);
  });

  it('[PRES5] is disconnected after a minute, so that it resumes', () => {
    bob.buffered = SLOW;
    say('cursor', { x: 1 });
    settle(62_000);
    expect(bob.endedWith).toBe(4001);
  });
});
