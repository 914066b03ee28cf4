import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { VERSION } from '../src/version.ts';
import { CLIENT_TARGET } from './bundles.ts';
import { protocolTypes } from './client-types.ts';
import { PROJECT } from './project.ts';
import { runTool, toolFile } from './tool.ts';

/** `npm run pack:client`: the client as a tarball in `dist`, with JavaScript and declarations. */

const DIST = join(PROJECT, 'dist');
const FOLDER = join(DIST, 'client');
const MADE = join(DIST, 'client-types');

const manifest = {
  name: 'parlor',
  version: VERSION,
  description: 'Client of Parlor: chat rooms that developers own.',
  license: 'MIT',
  type: 'module',
  sideEffects: false,
  exports: {
    './client': { types: './index.d.ts', default: './index.js' },
    './react': { types: './react.d.ts', default: './react.js' },
    './package.json': './package.json',
  },
  peerDependencies: { react: '>=18' },
  peerDependenciesMeta: { react: { optional: true } },
  engines: { node: '>=20' },
};

const readme = `# Parlor's client

\`parlor/client\` connects browsers, Node 22 and later, and Workers to rooms; \`parlor/react\` binds
them to components. docs/client-library.md of Parlor describes both.
`;

async function writeCode(): Promise<void> {
  await build({
    absWorkingDir: PROJECT,
    entryPoints: ['src/client/index.ts', 'src/client/react.ts'],
    outdir: FOLDER,
    bundle: true,
    format: 'esm',
    target: CLIENT_TARGET,
    external: ['react'],
    logLevel: 'warning',
  });
}

/** The declarations, with the protocol's types in plain TypeScript: users have no schemas. */
async function writeTypes(): Promise<void> {
  const project = '-p src/client --rootDir src --composite false';
  const emit = '--noEmit false --declaration --emitDeclarationOnly --outDir';
  const args = [...`${project} ${emit}`.split(' '), MADE];
  const code = await runTool(toolFile('typescript', 'tsc'), args);
  if (code !== 0) throw new Error('The declarations could not be made; npm run check says why.');
  const folder = join(MADE, 'client');
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8')
      .replaceAll(/'\.\.\/protocol\/[\w/-]+\.ts'/g, "'./protocol.js'")
      .replaceAll(/'(\.\/[\w-]+)\.ts'/g, "'$1.js'");
    writeFileSync(join(FOLDER, file), text);
  }
  writeFileSync(join(FOLDER, 'protocol.d.ts'), protocolTypes());
}

/** npm, as it started this, or where this was started by hand, as it is found. */
function pack(): string {
  const { npm_execpath: npm } = process.env;
  const [command, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const args = ['pack', '--json', '--pack-destination', DIST];
  const { status, stdout, stderr } = spawnSync(command, [...first, ...args], {
    cwd: FOLDER,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm could not pack the client: ${stderr}`);
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  return join('dist', packed?.filename ?? '');
}

rmSync(FOLDER, { recursive: true, force: true });
rmSync(MADE, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
try {
  writeFileSync(join(FOLDER, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  writeFileSync(join(FOLDER, 'README.md'), readme);
  cpSync(join(PROJECT, 'LICENSE'), join(FOLDER, 'LICENSE'));
  await writeCode();
  await writeTypes();
  process.stdout.write(`${pack()}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(MADE, { recursive: true, force: true });
}
