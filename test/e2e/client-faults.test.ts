import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Host, startHost } from '../support/hosts.ts';
import { playEvening } from '../client/evening.ts';

const SEEDS = Array.from({ length: 6 }, (_, at) => at + 1);

describe.each([
  ['node', startHost.node],
  ['edge', startHost.edge],
] as const)('at the %s host, over networks that cut, stall, lose one end and drip', (_, start) => {
  let host: Host;
  beforeAll(async () => {
    host = await start({
      // Nothing crashes here, and a slow disk would hold up everybody in this process.
      DURABILITY: 'process',
      COMMAND_BURST: '2000',
      COMMANDS_PER_SECOND: '500',
    });
  });
  afterAll(() => host.close());

  test('every client knows at rest what the room knows, and every message stands once', async () => {
    await Promise.all(SEEDS.map((seed) => playEvening({ url: host.url, seed, length: 60 })));
    expect(host.failures).toEqual([]);
  });
});
