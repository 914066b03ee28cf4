import type { Context, MiddlewareHandler } from 'hono';
import { corsHeaders } from '../../auth/cors.ts';
import type { OriginPolicy } from '../../auth/origin.ts';
import { Refusal } from '../../protocol/codes/errors.ts';

/** Development mode answers 421 to names that do not mean this machine. */
export function checkHost(policy: OriginPolicy): MiddlewareHandler {
  return async (c, next) => {
    if (!URL.canParse(c.req.url)) {
      const { problem } = new Refusal('invalid_payload', 'The Host header is no name of a host.');
      return c.json({ error: problem }, 400);
    }
    const host = hostOf(c);
    if (policy.allowsHost(host)) return next();
    const { problem } = new Refusal('forbidden', wrongHost(host));
    return c.json({ error: problem }, 421);
  };
}

/** The sentence for a `Host` that development mode does not answer to. */
export function wrongHost(host: string): string {
  return `Development mode answers to localhost only, not to ${JSON.stringify(host.slice(0, 64))}; set PUBLIC_URL to use another name.`;
}

/** The host that a request is addressed to. */
export function hostOf(c: Context): string {
  const { url } = c.req;
  return c.req.header('host') ?? (URL.canParse(url) ? new URL(url).host : '');
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

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/**
 * Sets what browsers go by on the final answer, whatever made it: an error, or a ready-made Response,
 * which has none of the headers that were set on the context before. Must be the outermost middleware.
 */
export function browserHeaders(policy: OriginPolicy): MiddlewareHandler {
  return async (c, next) => {
    await next();
    // The response to an upgrade has immutable headers and no page to protect.
    if (c.res.status === 101) return;
    const { method } = c.req;
    const cors = corsHeaders(policy, {
      method,
      host: hostOf(c),
      header: (name) => c.req.header(name),
    });
    // Files bring stricter ones.
    const isStrict = c.res.headers.has('content-security-policy');
    setHeaders(c, { ...(!isStrict && SECURITY_HEADERS), ...cors });
  };
}

/** Answers preflights; their headers come from {@link browserHeaders}. */
export const preflight: MiddlewareHandler = (c, next) =>
  c.req.method === 'OPTIONS' ? Promise.resolve(c.body(null, 204)) : next();

/** Sets headers on a copy of the answer: those of answers from elsewhere are immutable. */
function setHeaders(c: Context, headers: Record<string, string>): void {
  const answer = new Response(c.res.body, c.res);
  const { vary, ...others } = headers;
  for (const [name, value] of Object.entries(others)) answer.headers.set(name, value);
  if (vary !== undefined) answer.headers.append('vary', vary);
  // Without this, Hono copies the headers of the old answer over the new ones.
  c.res = undefined;
  c.res = answer;
}
