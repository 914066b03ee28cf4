import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEAD_BYTES, sniff } from '../../../src/files/sniff.ts';

/** The smallest picture of each format, and the first bytes of sound and video. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAADklEQVR4nGNgQAP/GQAEAAH/q8RhFwAAAABJRU5ErkJggg==';
const GIF = 'R0lGODlhAgADAIAAAAAAAP///yH5BAEAAAAALAAAAAACAAMAAAIChF8AOw==';
const WEBP = 'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoCAAMAAUAmJaQAA3AA/v02aAA=';

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** A JPEG's header: its size follows `metadata` bytes of metadata, as cameras write them. */
function jpeg(metadata: number): Uint8Array {
  const parts = ['\xff\xd8'];
  for (let left = metadata; left > 0; left -= 60_000) {
    const length = Math.min(left, 60_000) + 2;
    parts.push(
      `\xff\xe1${String.fromCharCode(length >> 8, length & 255)}${'x'.repeat(length - 2)}`,
    );
  }
  parts.push(
    '\xff\xc0\x00\x11\x08\x00\x03\x00\x02\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01',
    '\xff\xd9',
  );
  return ascii(parts.join(''));
}

describe('the type of a file', () => {
  it.each([
    ['image/png', fromBase64(PNG)],
    ['image/gif', fromBase64(GIF)],
    ['image/webp', fromBase64(WEBP)],
    ['image/jpeg', jpeg(0)],
    ['image/jpeg', jpeg(200_000)],
  ])('is %s with its width and height, from its bytes', async (type, head) => {
    expect(await sniff(head.slice(0, HEAD_BYTES))).toEqual({ type, width: 2, height: 3 });
  });

  it.each([
    ['audio/mpeg', ascii('ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x44'.padEnd(600, '\0'))],
    ['audio/ogg', ascii(`OggS\0\x02${'\0'.repeat(20)}\x01\x13OpusHead${'\0'.repeat(20)}`)],
    ['video/mp4', ascii(`\0\0\0\x18ftypisom\0\0\x02\0isommp42${'\0'.repeat(40)}`)],
  ])('is %s', async (type, head) => {
    expect(await sniff(head)).toEqual({ type });
  });

  it.each([
    ['a page', '<!DOCTYPE html><script>alert(1)</script>'],
    ['a page after spaces', '   \n<html><body onload=alert(1)>'],
    [
      'a drawing with a script',
      '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    ],
    ['an XML drawing', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['a PDF', '%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>'],
    ['a script', '#!/bin/sh\necho hi'],
    ['a program', '\x7fELF\x02\x01\x01'],
    ['an archive', 'PK\x03\x04\x14\0\0\0'],
    ['text', 'hello'],
    ['nothing', ''],
  ])('of %s is `application/octet-stream`, which browsers only download', async (_, text) => {
    expect(await sniff(ascii(text))).toEqual({ type: 'application/octet-stream' });
  });

  it('has no size for a picture whose header is cut', async () => {
    expect(await sniff(fromBase64(PNG).slice(0, 20))).not.toHaveProperty('width');
    expect(await sniff(jpeg(200_000).slice(0, 1_000))).toEqual({ type: 'image/jpeg' });
  });

  it('is determined for any bytes without an error', async () => {
    const kinds = [fromBase64(PNG), fromBase64(GIF), fromBase64(WEBP), jpeg(10)];
    const mutated = fc
      .tuple(fc.constantFrom(...kinds), fc.nat(60), fc.uint8Array({ maxLength: 64 }))
      .map(([kind, at, bytes]) => Uint8Array.from([...kind.slice(0, at), ...bytes]));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), async (head) => {
        const { type, width, height } = await sniff(head);
        expect(type).toMatch(/^(image|video|audio|application)\//);
        expect(width === undefined).toBe(height === undefined);
      }),
    );
  });
});
