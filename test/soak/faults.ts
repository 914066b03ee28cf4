import { rm } from 'node:fs/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { runWithFaults } from '../support/fault-run.ts';
import { Killable } from '../support/killable.ts';

/** Faults in one run; every fortieth comes with a kill of the host. */
const FAULTS = 200;

/**
 * Runs every transport of both hosts over bad networks and kills the hosts, run after run on the same
 * data, for `minutes`. @throws at the first broken guarantee
 */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  const bundle = await bundleWorker();
  const hosts = {
    node: await Killable.node(NO_RATE_LIMITS),
    edge: await Killable.edge(bundle, NO_RATE_LIMITS),
  };
  const totals = { runs: 0, stored: 0, connections: 0, kills: 0 };
  try {
    for (let next = seed; Date.now() < end; next++) {
      for (const name of ['node', 'edge'] as const) {
        const host = hosts[name];
        const url = await host.start();
        const report = await runWithFaults({
          url,
          seed: next,
          faults: FAULTS,
          restart: async () => {
            await host.kill();
            totals.kills++;
            return host.start();
          },
        });
        await host.kill();
        if (report.problems.length > 0) {
          const list = report.problems.slice(0, 20).join('\n');
          throw new Error(`${name}, seed ${next}: ${report.problems.length} broken:\n${list}`);
        }
        totals.runs++;
        totals.stored += report.stored;
        totals.connections += report.connections;
      }
      log(
        `${totals.runs} runs, ${totals.kills} kills, ${totals.connections} connections, ${totals.stored} messages: lost 0, doubled 0, out of order 0, stuck 0`,
      );
    }
  } finally {
    await Promise.all(Object.values(hosts).map((host) => host.remove()));
    await rm(bundle, { recursive: true, force: true });
  }
}
