import type { MiddlewareHandler } from 'hono';
import { isHostAllowed, isOriginAllowed, type OriginRules } from '../../auth/origin.ts';
import { Refusal } from '../../protocol/errors.ts';

/** Development mode answers 421 to names that do not mean this machine. */
export function checkHost(rules: OriginRules): MiddlewareHandler {
  return async (c, next) => {
    if (!URL.canParse(c.req.url)) {
      const { problem } = new Refusal('invalid_payload', 'The Host header is no name of a host.');
      return c.json({ error: problem }, 400);
    }
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    if (isHostAllowed(host, rules)) return next();
    const { problem } = new Refusal('forbidden', wrongHost(host));
    return c.json({ error: problem }, 421);
  };
}

/** The sentence for a `Host` that development mode does not answer to. */
export function wrongHost(host: string): string {
  return `Development mode answers to localhost only, not to ${JSON.stringify(host.slice(0, 64))}; set PUBLIC_URL to use another name.`;
}

/** Lets pages of known origins read the answers; others get no CORS headers at all. */
export function cors(rules: OriginRules): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin');
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    const isAllowed = origin !== undefined && isOriginAllowed(origin, host, rules);
    c.header('vary', 'Origin');
    if (isAllowed) {
      c.header('access-control-allow-origin', origin);
      c.header('access-control-expose-headers', 'Retry-After');
    }
    if (c.req.method !== 'OPTIONS') return next();
    if (isAllowed) {
      c.header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE');
      c.header('access-control-allow-headers', 'Authorization, Content-Type, Last-Event-ID');
      c.header('access-control-max-age', '600');
    }
    return c.body(null, 204);
  };
}

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  // Sockets to the page's own host are of 'self' too, as Content Security Policy 3 has it.
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  // The response to an upgrade has immutable headers and no page to protect.
  if (c.res.status === 101) return;
  c.header('content-security-policy', CONTENT_SECURITY_POLICY);
  c.header('x-content-type-options', 'nosniff');
  c.header('referrer-policy', 'no-referrer');
};
