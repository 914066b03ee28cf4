import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** The folder of the built page, which both hosts serve. */
export const PAGE = join(import.meta.dirname, '..', 'dist', 'web');

const SOURCE = join(import.meta.dirname, 'src');
const ICON = 'icon.svg';
const UNREAD_ICON = 'icon-unread.svg';
const INDEX = 'index.html';
/** Files that are served unchanged. */
const PLAIN = [ICON, 'icon-192.png', 'icon-512.png', 'manifest.webmanifest'];
/** Bundled files have a hash of their content in the name, so that browsers may cache them forever. */
const HASHED = '[name]-[hash]';
const IS_HASHED = /^[\w-]+-[A-Z0-9]{8}\.(js|css)(\.br|\.gz)?$/;
/** Files of the first load: the index, and the scripts, the style sheet and the icon that it names. */
const IS_FIRST = /^((chat|chunk|style)-|index\.html$|icon\.svg$)/;
/** Wrangler compresses what it serves by itself. */
const NOT_FOR_WRANGLER = '*.br\n*.gz\n';

const CLIENT = join(import.meta.dirname, '..', 'src', 'client', 'index.ts');

const COMMON = {
  // The hashes depend on it: without, a build from another folder names files otherwise and removes these.
  absWorkingDir: join(import.meta.dirname, '..'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
  outdir: PAGE,
} as const;

/** A script that imports a style sheet gets its text. */
const STYLE_AS_TEXT = { '.css': 'text' } as const;

/** A file of the page, plain and compressed. */
export interface PageFile {
  name: string;
  contents: Uint8Array;
  gzip: Uint8Array;
  /** Whether it is loaded on demand, and not with the page. */
  isLazy: boolean;
}

/** The folder of the Socket.IO client's own builds, as on the official server: tutorials load them. */
export const SOCKETIO_FOLDER = 'socket.io';

/**
 * Builds the page: one script and one style sheet, the scripts loaded on demand, the service worker, the
 * files served unchanged, and for other pages `embed.js`, `client.js` and the Socket.IO client. The page's
 * own files are also compressed for the Node host. Several programs may build at the same time: a file
 * that is up to date is not written again.
 * @throws Error with one sentence for the operator, where a file that is not up to date cannot be written
 */
export async function buildPage(): Promise<PageFile[]> {
  // Loaded here, so that a program that builds nothing needs no esbuild.
  const { buildSync } = await import('esbuild');
  const others = buildSync({
    ...COMMON,
    entryPoints: [
      { in: join(SOURCE, 'embed', 'embed.ts'), out: 'embed' },
      { in: CLIENT, out: 'client' },
      { in: join(SOURCE, '..', 'worker', 'worker.ts'), out: 'worker' },
    ],
    loader: STYLE_AS_TEXT,
  });
  const script = buildSync({
    ...COMMON,
    entryPoints: [join(SOURCE, 'chat.ts')],
    entryNames: HASHED,
    chunkNames: HASHED,
    splitting: true,
    loader: STYLE_AS_TEXT,
  });
  const style = buildSync({
    ...COMMON,
    entryPoints: [join(SOURCE, 'style.css')],
    entryNames: HASHED,
    external: [`/${ICON}`],
  });
  const bundled = [...script.outputFiles, ...style.outputFiles].map(named);
  const icon = readFileSync(join(SOURCE, ICON));
  // The index comes last: it names the others.
  const files = [
    ...bundled,
    ...others.outputFiles.map(named),
    ...PLAIN.map((name) => ({ name, contents: readFileSync(join(SOURCE, name)) })),
    { name: UNREAD_ICON, contents: withDot(icon) },
    { name: INDEX, contents: indexWith(bundled.map(({ name }) => name)) },
  ].map(({ name, contents }) => ({
    name,
    contents,
    gzip: gzipSync(contents, { level: 9 }),
    isLazy: !IS_FIRST.test(name),
  }));
  try {
    writePage(files);
  } catch (error) {
    throw new Error(
      `The page cannot be written to ${PAGE} (${(error as Error).message}): run "npm run doctor" as the owner of that folder, which builds it.`,
      { cause: error },
    );
  }
  return files;
}

function writePage(files: readonly PageFile[]): void {
  mkdirSync(PAGE, { recursive: true });
  for (const file of files) putAll(file);
  put('.assetsignore', Buffer.from(NOT_FOR_WRANGLER));
  removeOld(files);
  putSocketIoClient();
}

/** Copies every build that the official server serves, with source maps. */
function putSocketIoClient(): void {
  const folder = join(import.meta.dirname, '..', 'node_modules', 'socket.io', 'client-dist');
  mkdirSync(join(PAGE, SOCKETIO_FOLDER), { recursive: true });
  for (const name of readdirSync(folder)) {
    put(join(SOCKETIO_FOLDER, name), readFileSync(join(folder, name)));
  }
}

function named({ path, contents }: { path: string; contents: Uint8Array }) {
  return { name: basename(path), contents };
}

/** The icon with a dot, shown while something is unread. */
function withDot(icon: Buffer): Uint8Array {
  const dot = '<circle cx="78%" cy="22%" r="22%" fill="#d43d51"/></svg>';
  return Buffer.from(icon.toString().replace('</svg>', dot));
}

/** The index with the names of the bundled files in it. */
function indexWith(names: readonly string[]): Uint8Array {
  // Without indentation the file is a tenth smaller.
  let index = readFileSync(join(SOURCE, INDEX), 'utf8').replaceAll(/\n\s+/g, '\n');
  for (const name of names) {
    index = index.replace(`"/${name.replace(/-\w+\./, '.')}"`, `"/${name}"`);
  }
  const shared = names.filter((name) => name.startsWith('chunk-'));
  const preloads = shared.map((name) => `<link rel="modulepreload" href="/${name}" />\n    `);
  return Buffer.from(index.replace('<script', `${preloads.join('')}<script`));
}

/** Writes a file with its compressed copies: itself last, so that copies of a complete file exist. */
function putAll({ name, contents, gzip }: PageFile): void {
  if (isThere(name, contents) && isThere(`${name}.br`) && isThere(`${name}.gz`, gzip)) return;
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: contents.length };
  put(`${name}.br`, brotliCompressSync(contents, { params }));
  put(`${name}.gz`, gzip);
  put(name, contents);
}

/** Removes files of earlier builds, which the index no longer names. */
function removeOld(files: readonly PageFile[]): void {
  for (const name of readdirSync(PAGE)) {
    const isOld = !files.some((file) => name.startsWith(file.name));
    if (isOld && (IS_HASHED.test(name) || name === 'chat.js' || name === 'style.css')) {
      rmSync(join(PAGE, name), { force: true });
    }
  }
}

/** Writes a file in one step, by renaming, so that half a file is never served. */
function put(name: string, contents: Uint8Array): void {
  if (isThere(name, contents)) return;
  const temporary = join(PAGE, '..', `${name.replaceAll('/', '-')}.${process.pid}`);
  try {
    writeFileSync(temporary, contents);
    renameSync(temporary, join(PAGE, name));
  } finally {
    rmSync(temporary, { force: true });
  }
}

function isThere(name: string, contents?: Uint8Array): boolean {
  try {
    const there = readFileSync(join(PAGE, name));
    return contents === undefined || there.equals(contents);
  } catch {
    return false;
  }
}
