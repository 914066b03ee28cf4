import { rm } from 'node:fs/promises';
import { median } from '../../bench/median.ts';
import { residentBytes, treeOf } from '../../bench/process-tree.ts';
import type { SoakOptions } from '../../scripts/soak.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { Killable } from '../support/killable.ts';
import { sendMalformed } from '../support/malformed-run.ts';

/** Rounds with seeds of their own go on until this is reached, or the time is over. */
const ENOUGH = 1_000_000;
/** Inputs to each transport in one round; transports that take a connection for each take longer. */
const ROUND = { native: 8_000, socketIo: 8_000, http: 4_000, polling: 400, bytes: 400 } as const;
/**
 * What a host may hold more in the last third of the rounds than in the one before, in MB. In the first
 * it fills up: V8 lets workerd's heap grow to 100 MB before it collects it to 7, every room and polling
 * session that was asked for is an object for a while after, and the allocator keeps what these needed
 * at their most. That is reached in some nine rounds, at 1.1 GB, and stays; after a pause the same
 * inputs fit into the same memory. What goes on growing is a leak: a third of a million inputs to both
 * hosts are 165,000 to each, so this is 400 bytes an input.
 */
const MAX_MB = 64;
/** With fewer it may still be filling up. */
const MIN_ROUNDS = 18;

/** By how much the median of the last third is above that of the third before; undefined of too few. */
function growth(figures: readonly number[]): number | undefined {
  if (figures.length < MIN_ROUNDS) return undefined;
  const third = Math.floor(figures.length / 3);
  return median(figures.slice(-third)) - median(figures.slice(-2 * third, -third));
}

/** A million inputs that do not fit, over every transport of both hosts; stops at the first bad answer. */
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
