import { type HookEndpoint, send } from './post.ts';

/** The longest answer that is read, in bytes: a streamed text and its `meta`, escaped. */
const MAX_ANSWER_BYTES = 512 * 1024;

/** The body of an answer, or why there is none, for operators. */
export type Asked = { text: string } | { reason: string };

/** Asks the endpoint once. Never rejects. */
export type AskEndpoint = (id: string, body: string) => Promise<Asked>;

/** Asks the operator's endpoint with signed requests; redirects are not followed. */
export function askerOf(endpoint: HookEndpoint): AskEndpoint {
  return async (id, body) => {
    const sent = await send(endpoint, id, body, readAnswer);
    return typeof sent === 'string' ? { reason: sent } : sent;
  };
}

async function readAnswer({ ok, status, body }: Response): Promise<Asked> {
  const text = ok ? await readText(body) : undefined;
  if (text !== undefined) return { text };
  void body?.cancel().catch(() => undefined);
  return {
    reason: ok ? `it answered more than ${MAX_ANSWER_BYTES} bytes` : `it answered ${status}`,
  };
}

/** @returns undefined for a longer answer */
async function readText(body: Response['body']): Promise<string | undefined> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      void reader.cancel().catch(() => undefined);
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}
