import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/settings/settings.ts';
import { Listener } from '../../simulation/relay/listener.ts';
import { World } from '../../simulation/relay/world.ts';

const { limits } = readSettings({ COMMAND_BURST: '1000' }).settings;
const MIB = 1024 * 1024;

describe('much text between a room and a relay', () => {
  let folder: string;
  let world: World;
  let alice: Listener;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parlor-text-'));
    world = new World(join(folder, 'room.sqlite'), limits, 1);
    alice = open('alice');
    comeToRest();
  });

  afterEach(() => {
    expect(world.defects).toEqual([]);
    world.close();
    rmSync(folder, { recursive: true });
  });

  function open(userId: string): Listener {
    const listener = new Listener(userId);
    world.relays[0]!.open({ userId }, {}, listener);
    return listener;
  }

  function comeToRest(): void {
    for (let round = 0; round < 20; round++) {
      while (!world.isQuiet()) world.advance(0);
      world.pass(60);
    }
    expect(world.isQuiet()).toBe(true);
  }

  function ask(listener: Listener, name: string, payload: object, ref = 1): void {
    world.relays[0]!.handle(listener.connection!, { name, payload, ref });
  }

  /** The refs of the replies to a listener. */
  function refs(listener: Listener): unknown[] {
    return listener.heard('ack');
  }

  it('[WIRE9] takes long commands in as many calls as the size of one requires', () => {
    const asked = Array.from({ length: 300 }, (_, at) => at);
    const junk = '\u20AC'.repeat(60_000);
    for (const ref of asked) ask(alice, 'message', { message: 'short', junk }, ref);
    comeToRest();
    expect(refs(alice)).toEqual(asked);
    expect(world.longestRequest).toBeLessThan(10 * MIB);
  });
});
