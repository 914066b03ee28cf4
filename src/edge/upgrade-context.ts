import type { Identity } from '../protocol/identity.ts';

/**
 * What the Worker passes to a room object with an upgrade, in a header that no client can set: the
 * Worker passes on none of a client's own headers. Header values are ASCII, so the JSON is encoded.
 */

const UPGRADE_CONTEXT = 'x-parlor-wish';

export interface UpgradeContext {
  identity: Identity;
  /** Payload of `joinRoom`. */
  join: unknown;
  /** The holder of the socket's other end: a client, or a transport of the Worker. */
  end: 'native' | 'link';
  /** For a link that only listens. */
  silent?: true;
  /** Whether the Worker understands an answer that names a relay; one of an earlier version does not. */
  relays?: true;
  /** Relays that have refused the connection because they are full. */
  full?: readonly number[];
}

/** The request to a room object, a new one so that no header of the client gets through. */
export function upgradeRequest(context: UpgradeContext): Request {
  const headers = new Headers({
    upgrade: 'websocket',
    [UPGRADE_CONTEXT]: encode(JSON.stringify(context)),
  });
  return new Request('http://room/', { headers });
}

export function readUpgradeContext(request: Request): UpgradeContext {
  return JSON.parse(decode(request.headers.get(UPGRADE_CONTEXT) ?? '')) as UpgradeContext;
}

function encode(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function decode(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
}
