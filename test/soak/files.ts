import type { SoakOptions } from '../../scripts/soak.ts';
import { Killable } from '../support/killable.ts';
import { NO_FILE_QUOTAS, uploadRun } from '../support/upload-run.ts';

const UPLOADS = 1_000;
const KILLS = 10;

/** A thousand uploads, a third of them cut, over ten kills of the host; again for as long as asked. */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  let round = 0;
  do {
    const host = await Killable.node(NO_FILE_QUOTAS);
    try {
      const run = { uploads: UPLOADS, kills: KILLS, seed: seed + round };
      const { stored, cut, kills } = await uploadRun(host, host.folder, run);
      log(`seed ${run.seed}: ${stored} stored and sent, ${cut} cut or lost, ${kills} kills`);
    } finally {
      await host.remove();
    }
    round++;
  } while (Date.now() < end);
}
