import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/settings/settings.ts';
import { Listener, type Payload } from '../../simulation/relay/listener.ts';
import { World } from '../../simulation/relay/world.ts';

const { limits } = readSettings({}).settings;
const RELAYS = 2;

describe('a storm of joins through relays', () => {
  let folder: string;
  let world: World;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parlor-storm-'));
    world = new World(join(folder, 'room.sqlite'), limits, RELAYS);
  });

  afterEach(() => {
    world.close();
    rmSync(folder, { recursive: true });
  });

  function openAll(listeners: readonly Listener[], joining: (at: number) => object): void {
    for (const [at, listener] of listeners.entries()) {
      world.relays[at % RELAYS]!.open({ userId: listener.userId }, joining(at), listener);
    }
    world.comeToRest();
  }

  function say(message: string): void {
    expect(world.room.post({ userId: 'speaker' }, { message })).toMatchObject({ ok: true });
    world.comeToRest();
  }

  it('[RELAY5] costs the room a few calls, not one for each join', () => {
    const listeners = Array.from({ length: 1_000 }, (_, at) => new Listener(`user ${at}`));
    openAll(listeners, () => ({ history: 50 }));
    say('before');
    world.room.abort();
    for (const relay of world.relays) relay.abort();
    const missed = ['one', 'two', 'three'];
    for (const message of missed) say(message);
    world.room.requests = 0;
    openAll(listeners, (at) => ({ since: listeners[at]!.position }));
    expect(world.room.requests).toBeLessThanOrEqual(4 * (RELAYS + listeners.length / 500));
    say('after');
    for (const listener of listeners) {
      const [joined] = listener.heard('joined');
      const got = (joined!['missed'] as Payload[]).map(({ message }) => message);
      expect([got, joined!['complete']]).toEqual([missed, true]);
      expect(listener.heard('message').map(({ message }) => message)).toEqual(['after']);
    }
    expect(world.room.onlineCount).toBe(listeners.length);
  });

  it('[RELAY5] costs the room about a call a second when the joins come one after the other', () => {
    const listeners = Array.from({ length: 1_000 }, (_, at) => new Listener(`user ${at}`));
    for (const [at, listener] of listeners.entries()) {
      world.relays[at % RELAYS]!.open({ userId: listener.userId }, {}, listener);
      while (!world.isQuiet()) world.advance(0);
      world.pass(2);
    }
    world.comeToRest();
    expect(world.room.onlineCount).toBe(listeners.length);
    expect(world.room.requests).toBeLessThanOrEqual(4 * (RELAYS + listeners.length / 500));
    world.room.requests = 0;
    const late = [new Listener('late'), new Listener('later')];
    openAll(late, () => ({}));
    expect(late.map((listener) => listener.heard('joined').length)).toEqual([1, 1]);
  });

  it('[RELAY5] gets long pages in several calls if they exceed the size of one', () => {
    for (let at = 0; at < 200; at++) {
      world.room.post({ userId: `speaker ${at}` }, { message: `${at} ${'word '.repeat(1_600)}` });
    }
    const first = new Listener('first');
    openAll([first], () => ({}));
    const [epoch] = first.position.split(':');
    const listeners = Array.from({ length: 160 }, (_, at) => new Listener(`user ${at}`));
    openAll(listeners, (at) => ({ since: `${epoch}:${at}` }));
    for (const [at, listener] of listeners.entries()) {
      const [missed] = listener.heard('joined')[0]!['missed'] as Payload[];
      expect(missed!['rev']).toBe(at + 1);
    }
    expect(world.longestCall).toBeLessThan(12 * 1024 * 1024);
  });
});
