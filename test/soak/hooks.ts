import { rm } from 'node:fs/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { hookRun } from '../support/hook-run.ts';
import type { TestSettings } from '../support/edge-options.ts';
import { Killable } from '../support/killable.ts';
import { verdictRun } from '../support/verdict-run.ts';

/** Kills of a host in one life of its data; never fewer, however few the minutes. */
const KILLS = 20;

/** Kills each host 20 times while its backend fails in every way, and 20 times while it decides about texts, then again for as long as asked. */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  const bundle = await bundleWorker();
  try {
    let round = seed;
    do {
      for (const name of ['node', 'edge'] as const) {
        const makeHost = (settings: TestSettings) =>
          name === 'node' ? Killable.node(settings) : Killable.edge(bundle, settings);
        const report = await hookRun(makeHost, { kills: KILLS, actions: 40, seed: round });
        log(`${name}, seed ${round}: ${JSON.stringify(report)}`);
        const decided = await verdictRun(makeHost, { kills: KILLS, answers: 60, seed: round });
        log(`${name}, texts decided about, seed ${round}: ${JSON.stringify(decided)}`);
      }
      round++;
    } while (Date.now() < end);
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
}
