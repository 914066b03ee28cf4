import type { Identity } from '../protocol/identity.ts';

/**
 * What the Worker tells a room object about an upgrade, in headers that no client can set: whatever
 * comes in under these names is deleted first. Values are ASCII, so names are encoded.
 */

const WISH = 'x-parlor-wish';

export interface UpgradeContext {
  identity: Identity;
  /** Payload of `joinRoom`. */
  join: unknown;
  /** Who holds the other end: a client, or a transport of the Worker. */
  end: 'native' | 'link';
  /** For a link that only listens. */
  silent?: true;
}

/** The request to a room object, made anew so that nothing of the client's gets through. */
export function upgradeRequest(context: UpgradeContext): Request {
  const headers = new Headers({ upgrade: 'websocket', [WISH]: encode(JSON.stringify(context)) });
  return new Request('http://room/', { headers });
}

export function readUpgradeContext(request: Request): UpgradeContext {
  return JSON.parse(decode(request.headers.get(WISH) ?? '')) as UpgradeContext;
}

function encode(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function decode(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
}
