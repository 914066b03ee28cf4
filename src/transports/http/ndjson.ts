import { type Problem, refusalOf } from '../../protocol/codes/errors.ts';
import { jsonLine, type Result } from '../../protocol/frames.ts';

export const NDJSON = 'application/x-ndjson';
export const NDJSON_HEADERS = { 'content-type': `${NDJSON}; charset=utf-8` } as const;

/** A text whose parts are made as the client reads them. */
export function textStream(parts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

/** The line of an export that reports a failure: the status of the answer was sent before. */
export function failedLine(error: Problem, about: { roomId?: string } = {}): string {
  return `${jsonLine({ type: 'failed', ...about, error })}\n`;
}

/**
 * Executes the steps of one request. After the first step, a step that is refused with
 * `rate_limited` waits and is asked for again, so that a long request is not cut off.
 * @throws Refusal
 */
export function stepper(): <R extends object>(ask: () => Promise<Result<R>>) => Promise<R> {
  let hasBegun = false;
  return async (ask) => {
    for (;;) {
      const result = await ask();
      if (result.ok) {
        hasBegun = true;
        const { ok: _, ...reply } = result;
        return reply as typeof result;
      }
      const { code, retryAfterMs = 1_000 } = result.error;
      if (code !== 'rate_limited' || !hasBegun) throw refusalOf(result.error);
      await new Promise((resolve) => {
        setTimeout(resolve, retryAfterMs);
      });
    }
  };
}
