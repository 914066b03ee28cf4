import { rm } from 'node:fs/promises';
import { median } from '../../bench/median.ts';
import { residentBytes, treeOf } from '../../bench/process-tree.ts';
import type { SoakOptions } from '../../scripts/soak.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { Killable } from '../support/killable.ts';
import { sendMalformed } from '../support/malformed-run.ts';

/** The soak ends after so many inputs, or when its time is over. */
const ENOUGH = 1_000_000;
/** Inputs to each transport in a round; fewer where each input needs its own connection. */
const ROUND = { native: 8_000, socketIo: 8_000, http: 4_000, polling: 400, bytes: 400 } as const;
/**
 * How much more memory a host may use in the last third of the rounds than in the second, in MB. In the
 * first third memory fills up: V8 lets workerd's heap grow to 100 MB before it collects it down to 7,
 * every room and polling session asked for stays an object for a while, and the allocator keeps the
 * most that these needed. That takes about nine rounds, reaches 1.1 GB, and stays; after a pause the
 * same inputs fit in the same memory. Memory that grows after that is a leak: a third of a million
 * inputs are 165,000 for each host, so the limit is 400 bytes an input.
 */
const MAX_MB = 64;
/** With fewer rounds, memory may still be filling up. */
const MIN_ROUNDS = 18;

/** How much the median of the last third exceeds that of the second; undefined for too few figures. */
function growth(figures: readonly number[]): number | undefined {
  if (figures.length < MIN_ROUNDS) return undefined;
  const third = Math.floor(figures.length / 3);
  return median(figures.slice(-third)) - median(figures.slice(-2 * third, -third));
}

/** Sends a million malformed inputs over every transport of both hosts. @throws at the first bad answer */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const startedAt = Date.now();
  const end = startedAt + minutes * 60_000;
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
    const held = { node: [] as number[], edge: [] as number[] };
    for (let round = 0; Date.now() < end && count() < ENOUGH; round++) {
      const rounds = names.map(async (host) => {
        const given = await sendMalformed({
          host,
          url: urls[host],
          seed: seed + round,
          goOn: (inputs, transport) => inputs < ROUND[transport],
        });
        for (const [transport, inputs] of Object.entries(given)) {
          const name = `${transport}@${host}`;
          totals.set(name, (totals.get(name) ?? 0) + inputs);
        }
      });
      await Promise.all(rounds);
      for (const name of names) {
        held[name].push(Math.round(residentBytes(treeOf(hosts[name].pid)) / 1024 / 1024));
      }
      const perMinute = Math.round(count() / ((Date.now() - startedAt) / 60_000));
      log(
        `${count()} inputs, ${perMinute} a minute: ${JSON.stringify(Object.fromEntries(totals))}; ${held.node.at(-1)} and ${held.edge.at(-1)} MB`,
      );
    }
    for (const name of names) {
      const grown = growth(held[name]);
      if (grown === undefined) log('too few rounds to tell whether memory grows');
      else if (grown > MAX_MB) throw new Error(`${name}: memory grows, by ${grown} MB at last.`);
      else log(`${name}: ${grown} MB more in the last third of the rounds than in the one before`);
    }
  } finally {
    await Promise.all(names.map((name) => hosts[name].remove()));
    await rm(bundle, { recursive: true, force: true });
  }
}
