import { describe, expect, it } from 'vitest';
import type { HostName } from '../../src/settings/declarations.ts';
import { runInboxes } from '../support/inbox-run.ts';
import { useHosts } from '../support/for-each-transport.ts';

const hosts = useHosts();

/** The short form of `npm run soak -- inbox-hosts`, without kills, since recovery from one takes a minute. */
describe.concurrent.each<HostName>(['node', 'edge'])('inboxes at the %s host', (name) => {
  it('[INB7] equal their rooms at rest, and a rebuild changes nothing', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const run = { url: hosts[name].url, seed, groups: 2, operations: 120, isQuick: true, kills: 0 };
    const { problems, conversations } = await runInboxes({ ...run, restMs: 120_000 });
    expect([seed, problems]).toEqual([seed, []]);
    expect(conversations).toBeGreaterThan(0);
  });
});
