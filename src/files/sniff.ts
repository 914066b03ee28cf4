import { fileTypeFromBuffer } from 'file-type';
import { imageDimensionsFromData } from 'image-dimensions';

/**
 * How much of a file's beginning is read, in bytes. Types are recognised in the first 4 KiB; the
 * dimensions of a JPEG follow its metadata, which may hold a few embedded previews of up to 64 KiB
 * each.
 */
export const HEAD_BYTES = 262_144;

/** Types that a page may show inline; everything else is downloaded. */
const SHOWN = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'video/mp4',
  'video/webm',
  'audio/mpeg',
  'audio/ogg',
]);

/** The type of everything that is not shown inline. */
export const OPAQUE_TYPE = 'application/octet-stream';

/** Other names of the types above. */
const SAME: Readonly<Record<string, string>> = {
  'image/apng': 'image/png',
  'video/ogg': 'audio/ogg',
  'audio/ogg; codecs=opus': 'audio/ogg',
  'video/x-m4v': 'video/mp4',
};

/** What is read from a file's bytes. */
export interface Sniffed {
  /** A type of `isShown`, or `application/octet-stream`. */
  type: string;
  /** In pixels, for pictures whose header has them. */
  width?: number;
  height?: number;
}

/**
 * Reads a file's type from its bytes, never from what a client says, and a picture's size from its
 * header. Nothing is decoded.
 * @param head the first `HEAD_BYTES` bytes, or the whole of a shorter file
 */
export async function sniff(head: Uint8Array): Promise<Sniffed> {
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  const mime = found?.mime ?? OPAQUE_TYPE;
  const type = SAME[mime] ?? mime;
  if (!isShown(type)) return { type: OPAQUE_TYPE };
  return { type, ...(type.startsWith('image/') && sizeOf(head)) };
}

/** Whether a type may be shown in a page; all others are only ever downloaded. */
export function isShown(type: string): boolean {
  return SHOWN.has(type);
}

function sizeOf(head: Uint8Array): { width?: number; height?: number } {
  try {
    const { width, height } = imageDimensionsFromData(head) ?? {};
    return isLength(width) && isLength(height) ? { width, height } : {};
  } catch {
    // The header is cut off or invalid: the picture has no size.
    return {};
  }
}

function isLength(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0 && value <= 65_535;
}
