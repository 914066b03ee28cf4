/** The addresses to which notifications may be pushed: the setting `PUSH_HOSTS`. */

/** The push services of the four browser makers. */
export const DEFAULT_PUSH_HOSTS =
  'fcm.googleapis.com,push.services.mozilla.com,push.apple.com,notify.windows.com';

/** An origin of this machine, for tests. */
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** A host name of two labels or more. */
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** Why a list is not valid as `PUSH_HOSTS`; undefined if it is. */
export function wrongPushHosts(list: string): string | undefined {
  const isFine = entriesOf(list).every((entry) => HOST.test(entry) || LOOPBACK.test(entry));
  return isFine
    ? undefined
    : 'must be host names such as push.example.com, or http://localhost:4100, with commas between them';
}

/**
 * Whether an address may be pushed to. Subscriptions come from clients, so without this the service
 * would send requests to any host that a client names.
 */
export function pushHostsOf(list: string): (endpoint: string) => boolean {
  const entries = entriesOf(list);
  return (endpoint) => {
    if (!URL.canParse(endpoint)) return false;
    const url = new URL(endpoint);
    if (url.username !== '' || url.password !== '') return false;
    return entries.some((entry) => isOf(entry, url));
  };
}

function entriesOf(list: string): string[] {
  return list.split(',').map((entry) => entry.trim().toLowerCase());
}

function isOf(entry: string, { protocol, port, hostname, origin }: URL): boolean {
  if (LOOPBACK.test(entry)) return origin === new URL(entry).origin;
  if (protocol !== 'https:' || port !== '') return false;
  return hostname === entry || hostname.endsWith(`.${entry}`);
}
