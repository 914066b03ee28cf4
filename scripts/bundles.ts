import { gzipSync } from 'node:zlib';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { PROJECT } from './project.ts';

/** Code of ours that users load, and its size limit. */
export interface Bundle {
  name: string;
  /** Within the project. */
  entry: string;
  /** Packages that the user's page has already. */
  external: readonly string[];
  /** Size limit, minified and compressed with gzip, without files that are loaded on demand. */
  mostBytes: number;
}

const bundles: readonly Bundle[] = [
  { name: 'parlor/client', entry: 'src/client/index.ts', external: [], mostBytes: 10_240 },
  { name: 'parlor/files', entry: 'src/client/files.ts', external: [], mostBytes: 3 * 1024 },
  { name: 'parlor/socketio', entry: 'src/client/socketio.ts', external: [], mostBytes: 1_536 },
  { name: 'parlor/react', entry: 'src/client/react.ts', external: ['react'], mostBytes: 512 },
];

/** Size limit of a file that is loaded on demand. */
const MAX_LAZY_BYTES = 3_072;

/** The version of JavaScript that the client is built for, in the package and for measuring. */
export const CLIENT_TARGET = 'es2022';

/** Measures every bundle and prints its size. @returns 0, or 1 when one is over its budget */
export async function checkBundles(): Promise<number> {
  const lines = await Promise.all(bundles.map(weigh));
  process.stdout.write(`${lines.map(({ line }) => line).join('\n')}\n`);
  return lines.every(({ fits }) => fits) ? 0 : 1;
}

/** The size of a bundle, in a line of text, and whether it is in its budget and only of our own code. */
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
