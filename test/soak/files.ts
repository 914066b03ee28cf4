import type { SoakOptions } from '../../scripts/soak.ts';
import { atBothHosts, type KillableHost } from '../support/both-hosts.ts';
import { Killable } from '../support/killable.ts';
import { filesInBucket, filesOnDisk, type StoredFiles } from '../support/stored-files.ts';
import { NO_FILE_QUOTAS, ROOM, uploadRun } from '../support/upload-run.ts';

const UPLOADS = 1_000;
const KILLS = 10;
const MIB = 1024 * 1024;

/** The limit of any file's size on the Node host's disk, in bytes. */
const DISK_BYTES = 16 * MIB;

interface Subject {
  host: Killable;
  openFiles: () => Promise<StoredFiles>;
  /** The size of an upload that the disk cannot take; not set for R2, which is never full. */
  fullAtBytes?: number;
}

/**
 * Makes a thousand uploads to each host: a third are cut, on Node some exceed the disk, and the host is
 * killed ten times. Repeats that for `minutes`.
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
