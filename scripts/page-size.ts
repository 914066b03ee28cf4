import { buildPage } from '../web/build.ts';

/** The most that the files which load with the page may weigh together, with gzip as browsers get them. */
const MAX_BYTES = 60_000;
/** The most that each file may weigh which is loaded when it is needed, or by other pages. */
const MAX_LAZY_BYTES = 45 * 1024;

/** Builds the page and says what it weighs. @returns 0, or 1 when something is over its budget */
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
