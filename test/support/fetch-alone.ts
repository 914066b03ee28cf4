/**
 * `fetch` over a connection of its own: a host ends idle ones after 5 s, which a busy test finds out by
 * using one. All requests of a file to a host go this way, so that none is left over.
 */
export function fetchAlone(url: URL | string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('connection', 'close');
  return fetch(url, { ...init, headers });
}
