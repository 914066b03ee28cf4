import { rm } from 'node:fs/promises';
import { residentBytes, treeOf } from '../../bench/process-tree.ts';
import type { SoakOptions } from '../../scripts/soak.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { Killable } from '../support/killable.ts';
import { sendMalformed } from '../support/malformed-run.ts';

/** Rounds with seeds of their own go on until this is reached, or the time is over. */
const ENOUGH = 1_000_000;
/** Inputs to each door in one round. */
const ROUND = 2_000;
/** What a host may hold more than after the first rounds, which fill its caches, in MB. */
const MOST_MB = 200;
const WARMING = 5;

/** A million inputs that do not fit, over every door of both hosts; stops at the first bad answer. */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  const bundle = await bundleWorker();
  const settings = { ...NO_RATE_LIMITS, DURABILITY: 'process' } as const;
  const hosts = {
    node: await Killable.node(settings),
    edge: await Killable.edge(bundle, settings),
  };
  const names = ['node', 'edge'] as const;
  const totals = new Map<string, number>();
  const count = () => [...totals.values()].reduce((sum, one) => sum + one, 0);
  try {
    const urls = { node: await hosts.node.start(), edge: await hosts.edge.start() };
    const memory = () =>
      names.map((name) => Math.round(residentBytes(treeOf(hosts[name].pid)) / 1024 / 1024));
    let warm = memory();
    for (let round = 0; Date.now() < end && count() < ENOUGH; round++) {
      if (round === WARMING) warm = memory();
      const rounds = names.map(async (host) => {
        const given = await sendMalformed({
          host,
          url: urls[host],
          seed: seed + round,
          goOn: (inputs) => inputs < ROUND,
        });
        for (const [door, inputs] of Object.entries(given)) {
          const name = `${door}@${host}`;
          totals.set(name, (totals.get(name) ?? 0) + inputs);
        }
      });
      await Promise.all(rounds);
      const grown = memory().map((megabytes, at) => megabytes - warm[at]!);
      log(
        `${count()} inputs: ${JSON.stringify(Object.fromEntries(totals))}; +${grown.join(', +')} MB`,
      );
      if (round > WARMING && grown.some((megabytes) => megabytes > MOST_MB)) {
        throw new Error(`Memory grows: ${grown.join(' and ')} MB more.`);
      }
    }
  } finally {
    await Promise.all(names.map((name) => hosts[name].remove()));
    await rm(bundle, { recursive: true, force: true });
  }
}
