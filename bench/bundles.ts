import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
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

/** Bundles a Worker into a folder of its own below `into`, which lies in the project; ours serves a page. */
export async function bundle(entry: string, into: string, hasPage: boolean): Promise<Bundle> {
  const folder = await mkdtemp(join(into, 'worker-'));
  const page = join(folder, 'page');
  await mkdir(page);
  await writeFile(join(page, 'index.html'), '<!doctype html><title>Bench</title>\n');
  const wrangler = [toolFile('wrangler'), 'deploy', entry, '--dry-run', '--outdir', folder];
  const rest = hasPage ? ['--assets', page] : ['--config', 'bench/workers/wrangler.toml'];
  await promisify(execFile)(process.execPath, [...wrangler, ...rest], {
    cwd: PROJECT,
    env: { ...process.env, ...WRANGLER_QUIET },
  });
  const name = entry.slice(entry.lastIndexOf('/') + 1).replace(/\.ts$/, '.js');
  return { folder, script: name };
}
