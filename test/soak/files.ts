import type { SoakOptions } from '../../scripts/soak.ts';
import { atBothHosts, type KillableHost } from '../support/both-hosts.ts';
import { Killable } from '../support/killable.ts';
import { filesInBucket, filesOnDisk, type StoredFiles } from '../support/stored-files.ts';
import { NO_FILE_QUOTAS, ROOM, uploadRun } from '../support/upload-run.ts';

const UPLOADS = 1_000;
const KILLS = 10;
const MIB = 1024 * 1024;

/** No file on the disk becomes longer than that. */
const DISK_BYTES = 16 * MIB;

interface Subject {
  host: Killable;
  openFiles: () => Promise<StoredFiles>;
  /** Set where the disk can be full: R2 never is. */
  fullAtBytes?: number;
}

/**
 * A thousand uploads to each host, a third of them cut, on Node some that the disk does not take, over ten
 * kills of the host; again for as long as asked.
 */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  await atBothHosts(minutes, async (at, round) => {
    const { host, openFiles, ...more } = await (at.name === 'node' ? onNode() : atEdge(at));
    try {
      const run = { uploads: UPLOADS, kills: KILLS, seed: seed + round, ...more };
      const { stored, cut, full, kills, swept } = await uploadRun(host, openFiles, run);
      log(
        `${at.name}, seed ${run.seed}: ${stored} stored and sent, ${cut} cut or lost, ${full} not taken by the disk, ${kills} kills, ${swept} swept`,
      );
    } finally {
      await host.remove();
    }
  });
}

async function onNode(): Promise<Subject> {
  const host = await Killable.limited(NO_FILE_QUOTAS, DISK_BYTES);
  return {
    host,
    openFiles: () => filesOnDisk(host.folder, ROOM),
    fullAtBytes: DISK_BYTES + MIB,
  };
}

async function atEdge({ bundle, make }: KillableHost): Promise<Subject> {
  const host = await make(NO_FILE_QUOTAS);
  return { host, openFiles: () => filesInBucket(bundle, host.folder, ROOM) };
}
