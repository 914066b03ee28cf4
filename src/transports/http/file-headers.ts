import type { Context } from 'hono';
import type { ByteRange } from '../../files/blob-store.ts';
import { readRange } from '../../files/byte-range.ts';
import { isShown, OPAQUE_TYPE } from '../../files/sniff.ts';
import type { FileInfo } from '../../protocol/objects.ts';

/** The answer to a request for a file: all of it, a part, 304 because the client has it, or 416. */
export interface FileAnswer {
  status: 200 | 206 | 304 | 416;
  headers: Record<string, string>;
  range?: ByteRange;
}

/**
 * Headers that allow a file to do nothing in a browser. Its type is determined from its bytes, and a
 * browser saves a file without showing it unless its type is in the list of `isShown`.
 */
const FIXED_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'referrer-policy': 'no-referrer',
  'accept-ranges': 'bytes',
};

/**
 * @param maxAgeMs how long the address is valid; 0 for one that needs an `Authorization` header
 * @param isForAll whether pages of other origins may show files
 */
export function answerOf(
  c: Context,
  file: Pick<FileInfo, 'name' | 'type' | 'size' | 'sha256'>,
  { maxAgeMs, isForAll }: { maxAgeMs: number; isForAll: boolean },
): FileAnswer {
  const etag = `"${file.sha256}"`;
  const seconds = Math.max(0, Math.floor(maxAgeMs / 1_000));
  const about = {
    ...FIXED_HEADERS,
    etag,
    'cache-control': seconds > 0 ? `private, max-age=${seconds}, immutable` : 'private, no-cache',
    'cross-origin-resource-policy': isForAll ? 'cross-origin' : 'same-origin',
  };
  if (isNamed(c.req.header('if-none-match'), etag)) return { status: 304, headers: about };
  const headers = {
    ...about,
    'content-type': isShown(file.type) ? file.type : OPAQUE_TYPE,
    'content-disposition': disposition(file),
  };
  const range = rangeOf(c, etag, file.size);
  if (range === 'all') {
    return { status: 200, headers: { ...headers, 'content-length': String(file.size) } };
  }
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { ...about, 'content-range': `bytes */${file.size}` } };
  }
  const { first, last } = range;
  const part = {
    'content-range': `bytes ${first}-${last}/${file.size}`,
    'content-length': String(last - first + 1),
  };
  return { status: 206, headers: { ...headers, ...part }, range };
}

/** The requested range; all of the file unless it is a GET whose `If-Range`, if any, means this file. */
function rangeOf(c: Context, etag: string, size: number): ReturnType<typeof readRange> {
  const ifRange = c.req.header('if-range');
  const isOfThis = ifRange === undefined || ifRange.trim() === etag;
  return c.req.method === 'GET' && isOfThis ? readRange(c.req.header('range'), size) : 'all';
}

function isNamed(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/** `Content-Disposition` with the name in ASCII and, for clients that know RFC 5987, unchanged. */
function disposition({ name, type }: Pick<FileInfo, 'name' | 'type'>): string {
  const ascii = name.replaceAll(/[^\w. ()+-]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(/['()*!]/g, percentEncoded);
  return `${isShown(type) ? 'inline' : 'attachment'}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
