/** How the body of a request came in. */
export type RequestBody = { text: string } | 'too large' | 'aborted';

/**
 * Reads the body of a request as text. One that is longer than `limit` bytes is read to its end and
 * thrown away: a connection whose request was answered half read is lost to the next request.
 */
export async function readBody(request: Request, limit: number): Promise<RequestBody> {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  let bytes = 0;
  let text = '';
  try {
    for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes <= limit) text += decoder.decode(chunk, { stream: true });
    }
  } catch {
    return 'aborted';
  }
  return bytes > limit ? 'too large' : { text: text + decoder.decode() };
}

/** Reads the body of a request that is refused whatever it says. */
export async function discardBody(request: Request): Promise<void> {
  await readBody(request, 0);
}
