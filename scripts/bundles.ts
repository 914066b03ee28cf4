import { gzipSync } from 'node:zlib';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { PROJECT } from './project.ts';

/** Something of ours that users load, and the most it may weigh. */
export interface Bundle {
  name: string;
  /** Within the project. */
  entry: string;
  /** Packages that the user's page has already. */
  external: readonly string[];
  /** Minified and compressed with gzip, without what is loaded when it is needed. */
  mostBytes: number;
}

const bundles: readonly Bundle[] = [
  { name: 'parlor/client', entry: 'src/client/index.ts', external: [], mostBytes: 10_240 },
  { name: 'parlor/files', entry: 'src/client/files.ts', external: [], mostBytes: 3 * 1024 },
  { name: 'parlor/socketio', entry: 'src/client/socketio.ts', external: [], mostBytes: 1_536 },
  { name: 'parlor/react', entry: 'src/client/react.ts', external: ['react'], mostBytes: 512 },
];

/** The most that a file may weigh which is loaded when it is needed. */
const MAX_LAZY_BYTES = 3_072;

/** What the client is built for, in the package and for measuring. */
export const CLIENT_TARGET = 'es2022';

/** Measures every bundle and says what it weighs. @returns 0, or 1 when one is over its budget */
export async function checkBundles(): Promise<number> {
  const lines = await Promise.all(bundles.map(weigh));
  process.stdout.write(`${lines.map(({ line }) => line).join('\n')}\n`);
  return lines.every(({ fits }) => fits) ? 0 : 1;
}

/** What a bundle weighs, in a line of text, and whether it holds to its budget and to our own code. */
export async function weigh({ name, entry, external, mostBytes }: Bundle) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: PROJECT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: CLIENT_TARGET,
    external: [...external],
    splitting: true,
    outdir: 'dist',
    metafile: true,
    write: false,
  });
  const isLazy = ({ path }: { path: string }) =>
    !basename(path).startsWith('chunk-') && basename(path) !== `${basename(entry, '.ts')}.js`;
  const weightOf = (files: typeof outputFiles) =>
    gzipSync(Buffer.concat(files.map(({ contents }) => contents)), { level: 9 }).length;
  const bytes = weightOf(outputFiles.filter((file) => !isLazy(file)));
  const lazyBytes = Math.max(0, ...outputFiles.filter(isLazy).map((file) => weightOf([file])));
  const foreign = Object.keys(metafile.inputs).filter((input) => !input.startsWith('src/'));
  const isOver = bytes > mostBytes || lazyBytes > MAX_LAZY_BYTES;
  const line = [
    `${name}: ${bytes} of ${mostBytes} bytes${lazyBytes > 0 ? `, and ${lazyBytes} of ${MAX_LAZY_BYTES} when needed` : ''}${isOver ? ', which is too much' : ''}`,
    ...foreign.map((input) => `${name} holds ${input}, which is not ours.`),
  ].join('\n');
  return { line, fits: !isOver && foreign.length === 0 };
}
