import type { SoakOptions } from '../../scripts/soak.ts';
import { atBothHosts } from '../support/both-hosts.ts';
import { hookRun } from '../support/hook-run.ts';
import { verdictRun } from '../support/verdict-run.ts';

/** Kills of a host on the same data, however short the soak. */
const KILLS = 20;

/**
 * Kills each host 20 times while its webhook's backend fails in every way, and 20 times while a backend
 * decides about texts. Repeats that for `minutes`.
 */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  await atBothHosts(minutes, async ({ name, make }, round) => {
    const seedOfRound = seed + round;
    const report = await hookRun(make, { kills: KILLS, actions: 40, seed: seedOfRound });
    log(`${name}, seed ${seedOfRound}: ${JSON.stringify(report)}`);
    const decided = await verdictRun(make, { kills: KILLS, answers: 60, seed: seedOfRound });
    log(`${name}, texts decided about, seed ${seedOfRound}: ${JSON.stringify(decided)}`);
  });
}
