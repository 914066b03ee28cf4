import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../../src/settings/settings.ts';
import type { Ports } from '../../../src/room/ports.ts';
import { RoomHarness } from './room-harness.ts';

/** In memory where possible: these files need not survive a power loss. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Runs `work` with a new room over a new file, and removes both afterwards. */
export function withHarness<T>(
  settings: Record<string, string>,
  work: (harness: RoomHarness) => T,
  ports: Partial<Ports> = {},
): T {
  const folder = mkdtempSync(join(FOLDER, 'parlor-harness-'));
  const harness = new RoomHarness(
    join(folder, 'room.sqlite'),
    readSettings(settings).settings.limits,
    ports,
  );
  try {
    return work(harness);
  } finally {
    harness.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
