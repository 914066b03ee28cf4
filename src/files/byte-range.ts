import type { ByteRange } from './blob-store.ts';

/** `bytes=0-499`, `bytes=500-` or `bytes=-500` (RFC 9110, section 14.1.2). */
const ONE_RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/i;

/**
 * The part of a file that a `Range` header asks for. A header that is absent, malformed, of another
 * unit or of several ranges asks for all of it, as RFC 9110 allows.
 * @param size the file's, in bytes
 * @returns the range, `'all'`, or `'unsatisfiable'` (416) for a range that begins after the end
 */
export function readRange(
  header: string | undefined,
  size: number,
): ByteRange | 'all' | 'unsatisfiable' {
  const match = ONE_RANGE.exec(header?.trim() ?? '');
  if (match === null) return 'all';
  const [, from = '', to = '', suffix] = match;
  if (suffix !== undefined) return lastBytes(Number(suffix), size);
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return 'all';
  return first >= size ? 'unsatisfiable' : { first, last };
}

function lastBytes(count: number, size: number): ByteRange | 'unsatisfiable' {
  if (count === 0 || size === 0) return 'unsatisfiable';
  return { first: Math.max(0, size - count), last: size - 1 };
}
