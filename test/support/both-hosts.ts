import { rm } from 'node:fs/promises';
import { bundleWorker } from './edge-bundle.ts';
import type { TestSettings } from './edge-options.ts';
import { Killable } from './killable.ts';

/** One of the two hosts, and how to make one that can be killed. */
export interface KillableHost {
  name: 'node' | 'edge';
  /** The folder of the Worker's bundle. */
  bundle: string;
  make: (settings: TestSettings) => Promise<Killable>;
}

/** Calls `play` for each host in rounds 0, 1, …: at least one round, and further ones for `minutes`. */
export async function atBothHosts(
  minutes: number,
  play: (host: KillableHost, round: number) => Promise<void>,
): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  const bundle = await bundleWorker();
  const hosts: readonly KillableHost[] = [
    { name: 'node', bundle, make: (settings) => Killable.node(settings) },
    { name: 'edge', bundle, make: (settings) => Killable.edge(bundle, settings) },
  ];
  let round = 0;
  try {
    do {
      for (const host of hosts) await play(host, round);
      round++;
    } while (Date.now() < end);
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
}
