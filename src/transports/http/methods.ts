import type { Hono } from 'hono';

/** The methods that routes take at a path; empty if no route has that path. */
export function methodsAt(app: Hono, pathname: string): string[] {
  const methods = new Set(
    app.routes
      .filter(({ method, path }) => method !== 'ALL' && matches(path, pathname))
      .map(({ method }) => method),
  );
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].toSorted();
}

/** Whether a pattern matches a path. Catch-all patterns count as matching nothing. */
function matches(pattern: string, pathname: string): boolean {
  if (pattern.includes('*')) return false;
  const places = pattern.split('/');
  const segments = pathname.split('/');
  return (
    places.length === segments.length &&
    places.every((place, at) =>
      place.startsWith(':') ? segments[at] !== '' : place === segments[at],
    )
  );
}
