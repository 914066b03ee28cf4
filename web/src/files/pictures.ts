/** A preview is at most so many pixels wide and high. */
const PREVIEW_PIXELS = 1_280;
/** How well JPEG and WebP keep a picture, from 0 to 1. */
const QUALITY = 0.9;

/**
 * A photograph without what a camera writes into it, such as where it was taken. Other files stay as
 * they are, and so does what this browser cannot draw.
 */
export async function withoutMetadata(file: File): Promise<Blob> {
  if (file.type !== 'image/jpeg') return file;
  return (await drawn(file, Infinity)) ?? file;
}

/** A smaller picture of one that is large; undefined where there is no use in it. */
export async function previewOf(file: Blob): Promise<Blob | undefined> {
  // A smaller GIF would not move.
  if (!file.type.startsWith('image/') || file.type === 'image/gif') return undefined;
  return drawn(file, PREVIEW_PIXELS);
}

/**
 * Draws a picture, the right way up, within a square.
 * @param most pixels of a side; a picture that is smaller is drawn only where this is Infinity
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
  // WebP keeps what is transparent; Safari makes PNG in its place.
  const type = file.type === 'image/jpeg' ? file.type : 'image/webp';
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob ?? undefined), type, QUALITY);
  });
}
