import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { type Host, startHost } from '../support/hosts.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { simulateClients } from '../unit/client/client-simulation.ts';

const SEEDS = Array.from({ length: 6 }, (_, at) => at + 1);

describe.each([
  ['node', startHost.node],
  ['edge', startHost.edge],
] as const)('at the %s host, over networks that cut, stall, lose one end and drip', (_, start) => {
  let host: Host;
  beforeAll(async () => {
    host = await start({
      // Nothing crashes here, and syncs to a slow disk would delay every client of this process.
      DURABILITY: 'process',
      COMMAND_BURST: '2000',
      COMMANDS_PER_SECOND: '500',
    });
  });
  afterAll(() => host.close());

  test('a client that only listens soon notices a lost connection, while others continue', async () => {
    const roomId = newRoom();
    const enter = (userId: string) => {
      const client = connect({ url: host.url, token: () => tokenFor(userId) });
      onTestFinished(() => client.close());
      return client.room(roomId);
    };
    const olga = enter('olga');
    await olga.send('mine');
    const ben = enter('ben');
    const status = () => ben.state.status.name;
    await expect.poll(status).toBe('open');
    await olga.ask('banMember', { userId: 'ben' });
    const until = performance.now() + 60_000;
    while (status() !== 'ended' && performance.now() < until) await olga.send('still here');
    expect(ben.state.status).toMatchObject({ name: 'ended', code: 4502 });
  });

  test('every client ends with the state of the room, and every message is stored once', async () => {
    await Promise.all(SEEDS.map((seed) => simulateClients({ url: host.url, seed, length: 60 })));
    expect(host.failures).toEqual([]);
  });
});
