import type { Refusal } from '../protocol/codes/errors.ts';
import { Utf8Reader } from '../transports/http/body-text.ts';

/** How the body of a request came in. */
export type RequestBody = { text: string } | 'too large' | 'aborted' | Refusal;

/**
 * Reads the body of a request as text, or gives the refusal of what is not UTF-8. One that is longer than `limit` bytes is read to its end and
 * thrown away: a connection whose request was answered half read is lost to the next request.
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
  const reader = new Utf8Reader({ keepsMark: true });
  try {
    return { text: [...pieces.map((piece) => reader.read(piece)), reader.read()].join('') };
  } catch (error) {
    return error as Refusal;
  }
}

/** Reads the body of a request that is refused whatever it says. */
export async function discardBody(request: Request): Promise<void> {
  await readBody(request, 0);
}
