/** The header fields of a request that say how its body is written. */
export interface BodyHeaders {
  contentType: string | null | undefined;
  contentEncoding: string | null | undefined;
}

/** Why a body cannot be read as text: it is compressed, or it is text in anything but UTF-8. */
export type UnreadableBody = 'compressed' | 'not UTF-8';

/** The error for a body that cannot be read. */
export const UNREADABLE: Record<UnreadableBody, string> = {
  compressed: 'Send the body uncompressed, without Content-Encoding.',
  'not UTF-8': 'body must be UTF-8.',
};

/** The body of a request: its text, or why there is none. */
export type RequestBody = { text: string } | 'too large' | 'aborted' | UnreadableBody;

/** Why the headers of a request rule out reading its body as UTF-8 text; undefined if they do not. */
export function unreadableBody(headers: BodyHeaders): UnreadableBody | undefined {
  const { contentType, contentEncoding } = headers;
  if (!/^(identity)?$/i.test((contentEncoding ?? '').trim())) return 'compressed';
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  return /^utf-?8$/i.test(charset) ? undefined : 'not UTF-8';
}

/**
 * Reads the body of a request as UTF-8 text. A body longer than `limit` bytes is read to its end and
 * dropped, because a connection cannot be used again if a request on it was answered half read.
 */
export async function readBody(request: Request, limit: number): Promise<RequestBody> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += piece.byteLength;
      if (bytes <= limit) pieces.push(piece);
    }
  } catch {
    return 'aborted';
  }
  return bytes > limit ? 'too large' : textIn(pieces);
}

function textIn(pieces: readonly Uint8Array[]): RequestBody {
  // A byte order mark is part of the text: no packet begins with one.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    const texts = pieces.map((piece) => decoder.decode(piece, { stream: true }));
    return { text: [...texts, decoder.decode()].join('') };
  } catch {
    return 'not UTF-8';
  }
}

/** Reads and drops the body of a request that is refused anyway. */
export async function discardBody(request: Request): Promise<void> {
  await readBody(request, 0);
}
