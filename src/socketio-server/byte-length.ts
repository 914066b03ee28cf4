const encoder = new TextEncoder();

/** The length in bytes; text counts as UTF-8. */
export function byteLength(data: string | ArrayBuffer | Uint8Array): number {
  return typeof data === 'string' ? encoder.encode(data).length : data.byteLength;
}

/** Whether `data` is longer than `limit` bytes; encodes text only if its length does not decide. */
export function isLongerThan(limit: number, data: string | ArrayBuffer | Uint8Array): boolean {
  if (typeof data !== 'string') return data.byteLength > limit;
  if (data.length > limit) return true;
  // A UTF-16 unit is three bytes at most.
  return data.length * 3 > limit && byteLength(data) > limit;
}
