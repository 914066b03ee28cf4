import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import own from '../package.json' with { type: 'json' };
import { VERSION } from '../src/version.ts';
import { copyDeclarations, makeDeclarations, npmPack } from './npm-pack.ts';
import { PROJECT } from './project.ts';

/**
 * `npm run pack:socketio [-- FOLDER]`: the Socket.IO server for Workers as a tarball in `dist` or
 * FOLDER, with JavaScript and declarations.
 */

const DESTINATION = resolve(process.argv[2] ?? join(PROJECT, 'dist'));
const FOLDER = join(DESTINATION, 'socketio-server');
const MADE = join(DESTINATION, 'socketio-server-types');
const SOURCE = join(PROJECT, 'src', 'socketio-server');

const { 'engine.io-parser': engine, 'socket.io-parser': socket } = own.dependencies;

const manifest = {
  name: 'parlor-socketio-server',
  version: VERSION,
  description: 'Engine.IO 4 and Socket.IO 5 for Cloudflare Workers and Durable Objects.',
  license: 'MIT',
  type: 'module',
  sideEffects: false,
  exports: {
    '.': { types: './index.d.ts', default: './index.js' },
    './package.json': './package.json',
  },
  dependencies: { 'engine.io-parser': engine, 'socket.io-parser': socket },
};

async function writeCode(): Promise<void> {
  await build({
    absWorkingDir: SOURCE,
    entryPoints: ['index.ts'],
    outdir: FOLDER,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    packages: 'external',
    logLevel: 'warning',
  });
}

for (const folder of [FOLDER, MADE]) rmSync(folder, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
try {
  writeFileSync(join(FOLDER, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  cpSync(join(SOURCE, 'README.md'), join(FOLDER, 'README.md'));
  cpSync(join(PROJECT, 'LICENSE'), join(FOLDER, 'LICENSE'));
  await writeCode();
  await makeDeclarations('socketio-server', MADE);
  copyDeclarations(join(MADE, 'socketio-server'), FOLDER);
  process.stdout.write(`${join(DESTINATION, npmPack(FOLDER, DESTINATION))}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(MADE, { recursive: true, force: true });
}
