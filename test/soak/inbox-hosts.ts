import type { SoakOptions } from '../../scripts/soak.ts';
import { atBothHosts } from '../support/both-hosts.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { runInboxes } from '../support/inbox-run.ts';

/** Groups of people on each host at the same time, what each does, and kills in between. */
const RUN = { groups: 10, operations: 2_000, isQuick: false, kills: 20, restMs: 900_000 };

/** Inboxes equal their rooms at rest on both hosts, killed under load; again for as long as asked. */
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
