/** The reason of a close as a Close frame can hold it: at most 123 bytes (RFC 6455, section 5.5). */
export function trimReason(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.byteLength <= 123) return reason;
  return new TextDecoder().decode(bytes.subarray(0, 123)).replace(/\uFFFD+$/, '');
}
