/**
 * Makes a WebM film (https://www.matroska.org/technical/elements.html) that repeats one picture as key
 * frames, with cues so that a player can seek.
 */

const TRACK = 1;
const FRAME_MS = 100;
const CLUSTER_FRAMES = 100;

export interface Film {
  /** One key frame of VP8. */
  frame: Buffer;
  width: number;
  height: number;
  frames: number;
}

export function webmOf({ frame, width, height, frames }: Film): Buffer {
  const clusters = clustersOf(frame, frames);
  const info = element(
    '1549A966',
    number('2AD7B1', 1_000_000),
    element('4489', float(frames * FRAME_MS)),
    element('4D80', Buffer.from('test')),
    element('5741', Buffer.from('test')),
  );
  const video = element('E0', number('B0', width), number('BA', height));
  const codec = element('86', Buffer.from('V_VP8'));
  const track = [number('D7', TRACK), number('73C5', 1), number('83', 1), codec, video];
  const head = Buffer.concat([info, element('1654AE6B', element('AE', ...track))]);
  // All numbers have the same length, so the size of the cues does not depend on where clusters begin.
  const first = head.length + cuesOf(clusters, 0).length;
  const segment = element('18538067', head, cuesOf(clusters, first), ...clusters);
  return Buffer.concat([ebmlHead(), segment]);
}

/** The VP8 key frame in a lossy WebP picture. */
export function frameOfWebp(webp: Buffer): Buffer {
  for (let at = 12; at + 8 <= webp.length;) {
    const size = webp.readUInt32LE(at + 4);
    if (webp.toString('latin1', at, at + 4) === 'VP8 ') return webp.subarray(at + 8, at + 8 + size);
    at += 8 + size + (size % 2);
  }
  throw new Error('This is no lossy WebP.');
}

function ebmlHead(): Buffer {
  return element(
    '1A45DFA3',
    number('4286', 1),
    number('42F7', 1),
    number('42F2', 4),
    number('42F3', 8),
    element('4282', Buffer.from('webm')),
    number('4287', 2),
    number('4285', 2),
  );
}

function clustersOf(frame: Buffer, frames: number): Buffer[] {
  const count = Math.ceil(frames / CLUSTER_FRAMES);
  return Array.from({ length: count }, (_, cluster) => {
    const length = Math.min(CLUSTER_FRAMES, frames - cluster * CLUSTER_FRAMES);
    const blocks = Array.from({ length }, (__, at) => {
      const head = Buffer.from([0x80 | TRACK, 0, 0, 0x80]);
      head.writeInt16BE(at * FRAME_MS, 1);
      return element('A3', head, frame);
    });
    return element('1F43B675', number('E7', cluster * CLUSTER_FRAMES * FRAME_MS), ...blocks);
  });
}

/** @param first the offset of the first cluster in the segment, in bytes */
function cuesOf(clusters: readonly Buffer[], first: number): Buffer {
  let begins = first;
  const points = clusters.map(({ length }, at) => {
    const position = element('B7', number('F7', TRACK), number('F1', begins));
    begins += length;
    return element('BB', number('B3', at * CLUSTER_FRAMES * FRAME_MS), position);
  });
  return element('1C53BB6B', ...points);
}

function element(id: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(2n ** 56n + BigInt(body.length));
  return Buffer.concat([Buffer.from(id, 'hex'), size, body]);
}

function number(id: string, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return element(id, bytes);
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
