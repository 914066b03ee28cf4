import { buildPage } from '../web/build.ts';

/** Size limit of all files that load with the page, together, compressed with gzip as browsers get them. */
const MAX_BYTES = 60_000;
/** Size limit of each file that is loaded on demand, or by other pages. */
const MAX_LAZY_BYTES = 45 * 1024;

/** Builds the page and prints its sizes. @returns 0, or 1 when one is over its limit */
export async function checkPage(): Promise<number> {
  const files = await buildPage();
  const first = files.filter(({ isLazy }) => !isLazy);
  const weights = [
    { name: 'the page', bytes: sizeOf(first), most: MAX_BYTES },
    ...files
      .filter(({ isLazy }) => isLazy)
      .map((file) => ({ name: file.name, bytes: sizeOf([file]), most: MAX_LAZY_BYTES })),
  ];
  for (const { name, bytes, most } of weights) {
    const isOver = bytes > most;
    process.stdout.write(
      `${name}: ${bytes} of ${most} bytes${isOver ? ', which is too much' : ''}\n`,
    );
  }
  return weights.some(({ bytes, most }) => bytes > most) ? 1 : 0;
}

function sizeOf(files: readonly { gzip: Uint8Array }[]): number {
  return files.reduce((sum, { gzip }) => sum + gzip.length, 0);
}
