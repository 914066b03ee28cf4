import { encodeBase64 } from './base64.ts';

const SID = /^[\w-]{22}$/;

/**
 * A session or socket id: 128 random bits in 22 characters that need no escaping in a URL. Anyone
 * with a session's id can poll it, so `random` must be the runtime's secure source.
 */
export function newSid(random: (bytes: Uint8Array) => void): string {
  const bytes = new Uint8Array(16);
  random(bytes);
  return encodeBase64(bytes).slice(0, 22).replaceAll('+', '-').replaceAll('/', '_');
}

/** A session or socket id from the runtime's secure source. */
export function secureSid(): string {
  return newSid((bytes) => crypto.getRandomValues(bytes));
}

/** Whether `newSid` could have made this; anything else is refused without waking an object. */
export function isSid(text: string): boolean {
  return SID.test(text);
}
