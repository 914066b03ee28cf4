import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { VERSION } from '../src/version.ts';
import { CLIENT_TARGET } from './bundles.ts';
import { protocolTypes } from './client-types.ts';
import { copyDeclarations, makeDeclarations, npmPack } from './npm-pack.ts';
import { PROJECT } from './project.ts';

/** `npm run pack:client`: the client as a tarball in `dist`, with JavaScript and declarations. */

const DIST = join(PROJECT, 'dist');
const FOLDER = join(DIST, 'client');
const MADE = join(DIST, 'client-types');

/** Imports of the types for an application's own events, which are not made from a schema. */
const APPLICATION = /'\.\.\/protocol\/(app|standard-schema)\.ts'/g;

const manifest = {
  name: 'parlor',
  version: VERSION,
  description: 'Client of Parlor: chat rooms that developers own.',
  license: 'MIT',
  type: 'module',
  sideEffects: false,
  exports: {
    './client': { types: './index.d.ts', default: './index.js' },
    './files': { types: './files.d.ts', default: './files.js' },
    './inbox': { types: './inbox.d.ts', default: './inbox.js' },
    './socketio': { types: './socketio.d.ts', default: './socketio.js' },
    './react': { types: './react.d.ts', default: './react.js' },
    './package.json': './package.json',
  },
  peerDependencies: { react: '>=18' },
  peerDependenciesMeta: { react: { optional: true } },
  engines: { node: '>=20' },
};

const readme = `# Parlor's client

\`parlor/client\` connects browsers, Node 22 and later, and Workers to rooms; \`parlor/files\` uploads
files; \`parlor/inbox\` is a user's conversations; \`parlor/react\` binds rooms and the inbox to components;
\`parlor/socketio\` adapts a socket of socket.io-client to an application's own events.
docs/client-library.md and docs/moving-from-socketio.md of Parlor describe them.
`;

async function writeCode(): Promise<void> {
  await build({
    absWorkingDir: PROJECT,
    entryPoints: ['index', 'files', 'inbox', 'socketio', 'react'].map(
      (name) => `src/client/${name}.ts`,
    ),
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: CLIENT_TARGET,
    external: ['react'],
    logLevel: 'warning',
  });
}

/** Writes the declarations, with the protocol's types in plain TypeScript: users have no schemas. */
async function writeTypes(): Promise<void> {
  await makeDeclarations('client', MADE);
  copyDeclarations(join(MADE, 'client'), FOLDER, (text) =>
    text
      .replaceAll(APPLICATION, (_, name: string) => `'./${name}.js'`)
      .replaceAll(/'\.\.\/protocol\/[\w/-]+\.ts'/g, "'./protocol.js'"),
  );
  for (const name of ['app', 'standard-schema']) {
    const text = readFileSync(join(MADE, 'protocol', `${name}.d.ts`), 'utf8')
      .replaceAll("'./objects.ts'", "'./protocol.js'")
      .replaceAll("'./standard-schema.ts'", "'./standard-schema.js'");
    writeFileSync(join(FOLDER, `${name}.d.ts`), text);
  }
  writeFileSync(join(FOLDER, 'protocol.d.ts'), protocolTypes());
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
  process.stdout.write(`${join('dist', npmPack(FOLDER, DIST))}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(MADE, { recursive: true, force: true });
}
