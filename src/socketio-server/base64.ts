/** Bytes as base64. In slices, because a call takes only so many arguments. */
export function encodeBase64(bytes: Uint8Array): string {
  const slice = 8_192;
  let binary = '';
  for (let at = 0; at < bytes.length; at += slice) {
    binary += String.fromCharCode(...bytes.subarray(at, at + slice));
  }
  return btoa(binary);
}
