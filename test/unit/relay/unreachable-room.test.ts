import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { GONE_FAILURES } from '../../../src/relay/exchange.ts';
import { readSettings } from '../../../src/settings/settings.ts';
import { Listener } from '../../simulation/relay/listener.ts';
import { World } from '../../simulation/relay/world.ts';

const { limits } = readSettings({}).settings;

it('a relay whose room stays unreachable refuses also the sockets that come later', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-unreachable-'));
  const world = new World(join(folder, 'room.sqlite'), limits, 1);
  onTestFinished(() => {
    world.close();
    rmSync(folder, { recursive: true });
  });
  const open = (userId: string) => {
    const listener = new Listener(userId);
    world.relays[0]!.open({ userId }, {}, listener);
    return listener;
  };
  const failCall = () => {
    world.break(0);
    world.pass(5_000);
  };
  const early = open('early');
  for (let failures = 0; failures < GONE_FAILURES; failures++) failCall();
  expect(early.endedWith).toBe(4000);
  const late = open('late');
  failCall();
  expect(late.endedWith).toBe(4000);
});
