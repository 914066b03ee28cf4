/** The largest width and height of a preview, in pixels. */
const PREVIEW_PIXELS = 1_280;
/** The quality of JPEG and WebP, from 0 to 1. */
const QUALITY = 0.9;

/**
 * A photograph without what a camera writes into it, such as where it was taken. Files that are not
 * JPEG, and pictures that this browser cannot draw, stay as they are.
 */
export async function withoutMetadata(file: File): Promise<Blob> {
  if (file.type !== 'image/jpeg') return file;
  return (await drawn(file, Infinity)) ?? file;
}

/** A smaller copy of a large picture; undefined for small ones and other files. */
export async function previewOf(file: Blob): Promise<Blob | undefined> {
  // A smaller GIF would not move.
  if (!file.type.startsWith('image/') || file.type === 'image/gif') return undefined;
  return drawn(file, PREVIEW_PIXELS);
}

/**
 * Redraws a picture, the right way up and small enough for a square.
 * @param most pixels of the square's side; Infinity draws any picture, in its own size
 * @returns undefined if the picture is small enough already, or cannot be drawn
 */
async function drawn(file: Blob, most: number): Promise<Blob | undefined> {
  const picture = await createImageBitmap(file).catch(() => undefined);
  if (picture === undefined) return undefined;
  const scale = Math.min(1, most / Math.max(picture.width, picture.height));
  if (scale === 1 && most !== Infinity) return undefined;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  // WebP keeps transparency; Safari makes PNG instead.
  const type = file.type === 'image/jpeg' ? file.type : 'image/webp';
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob ?? undefined), type, QUALITY);
  });
}
