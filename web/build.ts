import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where both hosts find the page. */
export const PAGE = join(import.meta.dirname, '..', 'dist', 'web');

const SOURCE = join(import.meta.dirname, 'src');
/** Served as they are. */
const PLAIN = ['index.html', 'icon.svg'];

/** Where the Socket.IO client's own builds are served, as its server does: tutorials load them. */
export const SOCKETIO_FOLDER = 'socket.io';

/**
 * Builds the page, in a tenth of a second: one script and one style sheet, beside what is served as
 * it is and the Socket.IO client. Many programs may do so at once; a file that is right already is left alone.
 */
export async function buildPage(): Promise<void> {
  // Loaded here, so that a program that builds nothing needs no esbuild.
  const { buildSync } = await import('esbuild');
  const { outputFiles } = buildSync({
    entryPoints: [join(SOURCE, 'chat.ts'), join(SOURCE, 'style.css')],
    outdir: PAGE,
    bundle: true,
    external: ['/icon.svg'],
    minify: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  });
  mkdirSync(PAGE, { recursive: true });
  for (const { path, contents } of outputFiles) put(path, contents);
  for (const name of PLAIN) put(join(PAGE, name), readFileSync(join(SOURCE, name)));
  putSocketIoClient();
}

/** Every build that the official server serves, with source maps. */
function putSocketIoClient(): void {
  const folder = join(import.meta.dirname, '..', 'node_modules', 'socket.io', 'client-dist');
  mkdirSync(join(PAGE, SOCKETIO_FOLDER), { recursive: true });
  for (const name of readdirSync(folder)) {
    put(join(PAGE, SOCKETIO_FOLDER, name), readFileSync(join(folder, name)));
  }
}

/** In one step, so that nobody is ever served half a file, or a file that is none of the page's. */
function put(path: string, contents: Uint8Array): void {
  if (isThere(path, contents)) return;
  const temporary = join(PAGE, '..', `${basename(path)}.${process.pid}`);
  try {
    writeFileSync(temporary, contents);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function isThere(path: string, contents: Uint8Array): boolean {
  try {
    return readFileSync(path).equals(contents);
  } catch {
    return false;
  }
}
