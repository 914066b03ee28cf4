import type { SoakOptions } from '../../scripts/soak.ts';
import { atBothHosts } from '../support/both-hosts.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { runInboxes } from '../support/inbox-run.ts';

/** One run on a host: groups of users at the same time, each with so many operations, and kills. */
const RUN = { groups: 10, operations: 2_000, isQuick: false, kills: 20, restMs: 900_000 };

/** Kills both hosts under load for `minutes`. @throws if an inbox at rest differs from its rooms */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  await atBothHosts(minutes, async ({ name, make }, round) => {
    const host = await make(NO_RATE_LIMITS);
    try {
      const url = await host.start();
      const restart = async () => {
        await host.kill();
        return host.start();
      };
      const next = seed + round * RUN.groups;
      const { problems, ...report } = await runInboxes({ ...RUN, url, restart, seed: next });
      log(`${name}, seeds ${next} to ${next + RUN.groups - 1}: ${JSON.stringify(report)}`);
      if (problems.length > 0) throw new Error(problems.slice(0, 10).join('\n'));
    } finally {
      await host.remove();
    }
  });
}
