import { describe, expect, it } from 'vitest';
import {
  drain,
  type FileAtLine,
  type LineBatch,
  linesOf,
} from '../../../../src/transports/http/line-batches.ts';
import { problemIn } from '../../../support/refusals.ts';
import { fixed } from '../../../../src/protocol/codes/limits.ts';

/** A body that arrives in these pieces. */
function bodyOf(pieces: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces);
}

function cut(text: string, size: number): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

async function batches(body: ReadableStream<Uint8Array>): Promise<LineBatch[]> {
  const found: LineBatch[] = [];
  for (const part of await partsOf(body)) {
    if ('text' in part) found.push({ text: part.text, line: part.line });
  }
  return found;
}

async function partsOf(body: ReadableStream<Uint8Array>): Promise<(LineBatch | FileAtLine)[]> {
  const found: (LineBatch | FileAtLine)[] = [];
  for await (const part of linesOf(body)) found.push(part);
  return found;
}

/** The export line of a file of one byte. */
function fileLine(fileId: string): string {
  const about = { size: 1, sha256: 'ab'.repeat(32), at: 0, bytes: 'YQ' };
  return JSON.stringify({ type: 'file', fileId, ...about });
}

function problemOf(body: ReadableStream<Uint8Array>): Promise<unknown> {
  return batches(body).catch(problemIn);
}

function* repeated(piece: Uint8Array, count: number): Generator<Uint8Array> {
  for (let at = 0; at < count; at++) yield piece;
}

describe('lines of a body', () => {
  it.each([1, 2, 3, 7, 1_000])(
    'are complete, wherever its chunks of %i bytes are cut',
    async (size) => {
      const text = 'first\n{"a":"日本語 🎉"}\n\nlast without an end';
      expect(await batches(bodyOf(cut(text, size)))).toEqual([{ text, line: 1 }]);
    },
  );

  it('come in batches of at most 500, each with the number of its first line', async () => {
    const lines = Array.from({ length: 1_203 }, (_, at) => `line ${at + 1}`);
    const found = await batches(bodyOf(cut(`${lines.join('\n')}\n`, 4_096)));
    expect(found.map(({ line }) => line)).toEqual([1, 501, 1_001]);
    expect(found.flatMap(({ text }) => text.split('\n'))).toEqual(lines);
  });

  it('come one by one if they are long', async () => {
    const long = 'x'.repeat(300_000);
    const found = await batches(bodyOf(cut([long, long, 'short'].join('\n'), 65_536)));
    expect(found.map(({ text, line }) => [text.length, line])).toEqual([
      [300_000, 1],
      [300_000, 2],
      [5, 3],
    ]);
  });

  it('[FILE16] come separately if they are of files, between the batches of other lines', async () => {
    const message = '{"type":"message","meta":{"a":"file"}}';
    const lines = ['{"type":"export"}', message, fileLine('one'), message, fileLine('two')];
    const parts = await partsOf(bodyOf(cut(lines.join('\n'), 64)));
    expect(
      parts.map((part) => ('file' in part ? [part.file.fileId, part.line] : part.text)),
    ).toEqual([lines.slice(0, 2).concat('').join('\n'), ['one', 3], `${message}\n`, ['two', 5]]);
    const wrong = fileLine('one').replace('"at":0', '"at":-1');
    expect(await problemOf(bodyOf(cut(`${lines[0]}\n${wrong}`, 64)))).toMatchObject({
      code: 'invalid_payload',
      field: 'line 2',
    });
  });

  it('are absent in an empty body', async () => {
    expect(await batches(bodyOf([]))).toEqual([]);
  });

  it('are refused above 50 MB, after those below were read', async () => {
    const piece = new TextEncoder().encode(`${'x'.repeat(999_999)}\n`);
    let count = 0;
    const problem = await (async () => {
      for await (const { line } of linesOf(bodyOf(repeated(piece, 51)))) count = line;
    })().catch((error: unknown) => error);
    expect(problem).toMatchObject({
      code: 'too_large',
      message: 'Send an import in parts of at most 50 MB.',
    });
    expect(count).toBe(50);
  });

  it('are refused if one is too long or is not UTF-8', async () => {
    const piece = new TextEncoder().encode('x'.repeat(65_536));
    const first = new TextEncoder().encode('first\n');
    const much = fixed.importLineBytes / 65_536 + 1;
    expect(await problemOf(bodyOf([first, ...repeated(piece, much)]))).toMatchObject({
      code: 'too_large',
      field: 'line 2',
    });
    for (const bytes of [
      [0xff, 0x0a],
      [0x61, 0xc3],
    ]) {
      expect(await problemOf(bodyOf([Uint8Array.from(bytes)]))).toMatchObject({
        code: 'invalid_payload',
        field: 'body',
      });
    }
  });

  it('can be left unread, and the rest of the body drained', async () => {
    const pieces = cut(Array.from({ length: 5_000 }, (_, at) => `line ${at}`).join('\n'), 100);
    let left = pieces.length;
    const body = bodyOf(
      (function* () {
        for (const piece of pieces) {
          left--;
          yield piece;
        }
      })(),
    );
    for await (const { line } of linesOf(body)) if (line > 500) break;
    expect(left).toBeGreaterThan(100);
    await drain(body);
    expect(left).toBe(0);
  });
});
