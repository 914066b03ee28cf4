import type { SoakOptions } from '../../scripts/soak.ts';
import { atBothHosts } from '../support/both-hosts.ts';
import { hookRun } from '../support/hook-run.ts';
import { verdictRun } from '../support/verdict-run.ts';

/** Kills of a host in one life of its data; never fewer, however few the minutes. */
const KILLS = 20;

/** Kills each host 20 times while its backend fails in every way, and 20 times while it decides about texts, then again for as long as asked. */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  await atBothHosts(minutes, async ({ name, make }, round) => {
    const seedOfRound = seed + round;
    const report = await hookRun(make, { kills: KILLS, actions: 40, seed: seedOfRound });
    log(`${name}, seed ${seedOfRound}: ${JSON.stringify(report)}`);
    const decided = await verdictRun(make, { kills: KILLS, answers: 60, seed: seedOfRound });
    log(`${name}, texts decided about, seed ${seedOfRound}: ${JSON.stringify(decided)}`);
  });
}
