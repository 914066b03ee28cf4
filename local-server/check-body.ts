import type { IncomingMessage } from 'node:http';
import { Utf8Reader, wrongBody } from '../src/transports/http/body-text.ts';
import type { Refusal } from '../src/protocol/codes/errors.ts';

/**
 * Calls `refuse` as soon as a request's body turns out to be compressed or not UTF-8; the rest of it
 * is then dropped. For readers that would replace bytes that are not UTF-8 by U+FFFD, such as the
 * official Socket.IO server. Must be called before any part of the body has come.
 */
export function checkBody(request: IncomingMessage, refuse: (why: Refusal) => void): void {
  const { 'content-type': contentType, 'content-encoding': contentEncoding } = request.headers;
  const declared = wrongBody({ contentType, contentEncoding });
  const reader = new Utf8Reader();
  let isRefused = false;
  const push = request.push.bind(request);
  request.push = (piece: Buffer | null, encoding) => {
    const why = isRefused ? undefined : (declared ?? wrongPiece(reader, piece));
    if (why !== undefined) {
      isRefused = true;
      refuse(why);
    }
    return isRefused || push(piece, encoding);
  };
}

function wrongPiece(reader: Utf8Reader, piece: Buffer | null): Refusal | undefined {
  try {
    reader.read(piece ?? undefined);
    return undefined;
  } catch (error) {
    return error as Refusal;
  }
}
