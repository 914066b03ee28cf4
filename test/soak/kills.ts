import { rm } from 'node:fs/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import { crashUnderLoad, NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { Killable } from '../support/killable.ts';

/** Kills of a host in one life of its data; never fewer, however few the minutes. */
const KILLS = 20;

/** Kills each host under load, 20 times on the same data, then anew, for as long as asked. */
export async function soak(options: SoakOptions): Promise<void> {
  const { minutes, seed } = options;
  const end = Date.now() + minutes * 60_000;
  const bundle = await bundleWorker();
  try {
    let round = 0;
    do {
      for (const name of ['node', 'edge'] as const) {
        const host = await (name === 'node'
          ? Killable.node(NO_RATE_LIMITS)
          : Killable.edge(bundle, NO_RATE_LIMITS));
        try {
          const report = await crashUnderLoad(host, { seed: seed + round, kills: KILLS });
          options.log(
            `${name}, seed ${seed + round}: ${report.kills} kills, ${report.stored} messages, ${report.resent} of them found there when sent again`,
          );
        } finally {
          await host.remove();
        }
      }
      round++;
    } while (Date.now() < end);
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
}
