import { describe, expect, it } from 'vitest';
import { WebStreamBody } from '../../../../src/transports/http/stream-body.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function opened() {
  const abort = new AbortController();
  const body = new WebStreamBody(abort.signal);
  const reader = body.answer({}).body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  };
  return { abort, body, reader, read };
}

describe('the body of a stream as a web stream', () => {
  it('passes bytes on without a copy to a waiting reader', async () => {
    const { body, reader } = opened();
    const bytes = bytesOf('one');
    const next = reader.read();
    await Promise.resolve();
    body.write(bytes);
    expect((await next).value).toBe(bytes);
    expect(body.unsentBytes).toBe(0);
  });

  it('counts waiting bytes, and sends them as one chunk', async () => {
    const { body, read } = opened();
    body.write(bytesOf('世'));
    body.write(bytesOf('界'));
    expect(body.unsentBytes).toBe(6);
    const drained = body.drained();
    expect(await read()).toBe('世界');
    await drained;
    expect(body.unsentBytes).toBe(0);
  });

  it('sends waiting bytes before it ends, unless they were dropped', async () => {
    const { body, read } = opened();
    body.write(bytesOf('dropped'));
    body.drop();
    body.write(bytesOf('kept'));
    body.end();
    expect(await read()).toBe('kept');
    expect(await read()).toBe(undefined);
  });

  it('ends for a waiting reader', async () => {
    const { body, read } = opened();
    const next = read();
    await Promise.resolve();
    body.end();
    expect(await next).toBe(undefined);
  });

  it('reports that the client is gone, by a cancelled reader or an aborted request', async () => {
    const { abort, body, reader } = opened();
    let times = 0;
    body.onClosed(() => times++);
    await reader.cancel();
    expect(times).toBe(1);
    // Bytes for a client that is gone are lost.
    body.write(bytesOf('late'));
    body.end();
    abort.abort();
    expect(times).toBe(2);
    body.onClosed(() => times++);
    expect(times).toBe(3);
  });
});
