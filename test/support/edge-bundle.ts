import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { PAGE, SOCKETIO_FOLDER } from '../../web/build.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the built Worker, from the project's root. */
    edgeBundle: string;
    /** The same for the Worker of development mode. */
    developmentBundle: string;
  }
}

/** The entry of `npm run dev:edge`. */
const DEVELOPMENT = 'src/edge/dev.ts';

/** Environment variables that keep wrangler from using the network. */
const QUIET_WRANGLER = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_WRITE_LOGS: 'false',
};

/**
 * Bundles a Worker as a deploy does, in a new folder inside the project, because workerd cannot read
 * modules from elsewhere.
 * @param entry the Worker's module; that of production by default
 * @param app the module of another application than the project's, from the project's root
 * @returns the folder: `worker.js`, and `page/` to serve as assets
 */
export async function bundleWorker(entry = 'src/edge/worker.ts', app?: string): Promise<string> {
  await mkdir('dist', { recursive: true });
  const folder = await mkdtemp(join('dist', 'worker-'));
  const page = join(folder, 'page');
  await mkdir(page);
  await writeFile(join(page, 'index.html'), '<!doctype html><title>Parlor</title>\n');
  await promisify(execFile)(
    process.execPath,
    [
      'node_modules/wrangler/bin/wrangler.js',
      'deploy',
      entry,
      '--dry-run',
      '--outdir',
      folder,
      '--assets',
      page,
      ...(app === undefined ? [] : ['--alias', `#app:./${app}`]),
    ],
    { env: { ...process.env, ...QUIET_WRANGLER } },
  );
  // The folder was made by wrangler's build step.
  await cp(join(PAGE, SOCKETIO_FOLDER), join(page, SOCKETIO_FOLDER), { recursive: true });
  return folder;
}

/** Builds both Workers once for all test files of a vitest project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await bundleWorker();
  const development = await bundleWorker(DEVELOPMENT);
  project.provide('edgeBundle', folder);
  project.provide('developmentBundle', development);
  return async () => {
    for (const made of [folder, development]) await rm(made, { recursive: true, force: true });
  };
}
