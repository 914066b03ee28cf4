import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT, WRANGLER_QUIET } from '../scripts/project.ts';
import { toolFile } from '../scripts/tool.ts';

/** A Worker as a deployment would upload it. */
export interface Bundle {
  /** Relative to the project: workerd cannot read modules from elsewhere. */
  folder: string;
  script: string;
}

/** Bundles a Worker, ours or another one, into a folder of its own below `into`, within the project. */
export async function bundle(entry: string, into: string, isOurs: boolean): Promise<Bundle> {
  const folder = await mkdtemp(join(into, 'worker-'));
  const wrangler = [toolFile('wrangler'), 'deploy', entry, '--dry-run', '--outdir', folder];
  const rest = isOurs ? [] : ['--config', 'bench/workers/wrangler.toml'];
  await promisify(execFile)(process.execPath, [...wrangler, ...rest], {
    cwd: PROJECT,
    env: { ...process.env, ...WRANGLER_QUIET },
  });
  const name = entry.slice(entry.lastIndexOf('/') + 1).replace(/\.ts$/, '.js');
  return { folder, script: name };
}
