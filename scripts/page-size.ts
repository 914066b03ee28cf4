import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildPage, PAGE } from '../web/build.ts';

/** The most that the page's own files may weigh together, compressed with gzip. */
const MOST_BYTES = 60 * 1024;

/** Builds the page and says what it weighs. @returns 0, or 1 when it is over its budget */
export async function checkPage(): Promise<number> {
  await buildPage();
  const files = readdirSync(PAGE, { withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(
    ({ name }) => gzipSync(readFileSync(join(PAGE, name)), { level: 9 }).length,
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const isOver = bytes > MOST_BYTES;
  process.stdout.write(
    `the page: ${bytes} of ${MOST_BYTES} bytes${isOver ? ', which is too much' : ''}\n`,
  );
  return isOver ? 1 : 0;
}
