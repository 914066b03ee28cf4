import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { PROJECT } from '../../../support/program.ts';
import type { Fixture } from './fixture.ts';

const run = promisify(execFile);

const NAME = 'parlor-socketio-server';

/** The package's direct and indirect dependencies, which npm installs from this project's packages. */
const DEPENDENCIES = [
  'engine.io-parser',
  'socket.io-parser',
  '@socket.io/component-emitter',
  'debug',
  'ms',
];

/** The packed Socket.IO server, installed into a folder of its own outside the project. */
export interface InstalledPackage {
  folder: string;
  /** Runs a Worker that uses the package under workerd, on a loopback port of its own. */
  serve(entry: string, objects: Record<string, string>, vars?: object): Promise<Fixture>;
  remove(): void;
}

/** Packs the server and installs the tarball without a network. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-socketio-'));
  const packed = join(folder, 'packed');
  const script = ['scripts/run.mjs', 'scripts/pack-socketio.ts', packed];
  const { stdout } = await run(process.execPath, script, { cwd: PROJECT });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const flags = '--offline --install-links --ignore-scripts --no-audit --no-fund'.split(' ');
  const dependencies = DEPENDENCIES.map((name) => join(PROJECT, 'node_modules', name));
  const args = ['install', ...flags, stdout.trim(), ...dependencies];
  await run('npm', args, { cwd: folder });
  return {
    folder,
    serve: async (entry, objects, vars = {}) => serve(await bundle(folder, entry), objects, vars),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Resolves a Worker's imports of the server's source to the installed package. */
function packageFor(folder: string): Plugin {
  return {
    name: 'package',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\/src\/socketio-server\// }, () =>
        resolve(NAME, { kind: 'import-statement', resolveDir: folder }),
      );
    },
  };
}

async function bundle(folder: string, entry: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:workers'],
    plugins: [packageFor(folder)],
    metafile: true,
    write: false,
  });
  const ofSource = Object.keys(metafile.inputs).filter((input) => /src\/socketio-/.test(input));
  if (ofSource.length > 0) throw new Error(`not of the package: ${ofSource.join(', ')}`);
  return outputFiles[0]?.text ?? '';
}

async function serve(
  script: string,
  objects: Record<string, string>,
  bindings: object,
): Promise<Fixture> {
  const durableObjects = Object.fromEntries(
    Object.entries(objects).map(([name, className]) => [name, { className, useSQLite: true }]),
  );
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      name: 'socketio',
      host: '127.0.0.1',
      port: 0,
      cf: false,
      modules: true,
      script,
      compatibilityDate: '2026-08-15',
      compatibilityFlags: ['no_web_socket_compression', 'enable_request_signal'],
      durableObjects,
      bindings: { ...bindings },
    }),
    log: new Log(LogLevel.NONE),
  });
  const { origin } = await miniflare.ready;
  return { url: origin, stop: () => miniflare.dispose() };
}
