import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { directTransports } from '../support/transports.ts';
import { messagePath, type WatchedHost, watchHost } from '../support/message-path.ts';
import type { HostName } from '../../src/settings/declarations.ts';

/**
 * The most functions of our own that one message may pass, counted by file and name; a function without
 * a name counts as part of the named one around it.
 */
const BUDGET: Readonly<Record<string, number>> = {
  'native@node': 100,
  'native@edge': 100,
  'Socket.IO@node': 110,
  'Socket.IO@edge': 150,
};

describe('a message', () => {
  const hosts: Partial<Record<HostName, WatchedHost>> = {};

  beforeAll(async () => {
    const bundle = inject('edgeBundle');
    hosts.node = await watchHost.node(bundle);
    hosts.edge = await watchHost.edge(bundle);
  });

  afterAll(async () => {
    await Promise.all(Object.values(hosts).map((host) => host.close()));
  });

  it.each(directTransports)(
    'passes at most the budgeted number of functions at $name',
    async (transport) => {
      const functions = await messagePath(transport, hosts[transport.host]!);
      const names = new Set(functions.map(({ file, name }) => `${file} ${name}`));
      const listed = [...names].toSorted();
      expect(listed.length, listed.join('\n')).toBeLessThanOrEqual(BUDGET[transport.name]!);
      expect(listed.length).toBeGreaterThan(20);
    },
  );
});
