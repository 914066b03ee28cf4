import { buildPage } from '../web/build.ts';

/** The most that the page's own files may weigh together, as a browser gets them: with gzip. */
const MAX_BYTES = 60 * 1024;

/** Builds the page and says what it weighs. @returns 0, or 1 when it is over its budget */
export async function checkPage(): Promise<number> {
  const files = await buildPage();
  const bytes = files.reduce((sum, { gzip }) => sum + gzip.length, 0);
  const isOver = bytes > MAX_BYTES;
  process.stdout.write(
    `the page: ${bytes} of ${MAX_BYTES} bytes${isOver ? ', which is too much' : ''}\n`,
  );
  return isOver ? 1 : 0;
}
