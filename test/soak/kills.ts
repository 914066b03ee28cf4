import type { SoakOptions } from '../../scripts/soak.ts';
import { atBothHosts } from '../support/both-hosts.ts';
import { crashUnderLoad, NO_RATE_LIMITS } from '../support/crash-load.ts';

/** Kills of a host on the same data, however short the soak. */
const KILLS = 20;

/** Kills each host 20 times under load on the same data, and repeats that on new data for `minutes`. */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  await atBothHosts(minutes, async ({ name, make }, round) => {
    const host = await make(NO_RATE_LIMITS);
    try {
      const report = await crashUnderLoad(host, { seed: seed + round, kills: KILLS });
      log(
        `${name}, seed ${seed + round}: ${report.kills} kills, ${report.stored} messages, ${report.resent} of them found there when sent again`,
      );
    } finally {
      await host.remove();
    }
  });
}
