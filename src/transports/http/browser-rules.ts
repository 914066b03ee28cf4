import type { Context, MiddlewareHandler } from 'hono';
import { corsHeaders } from '../../auth/cors.ts';
import type { OriginPolicy } from '../../auth/origin.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { contentSecurityPolicy, type PageSettings } from './page-settings.ts';

/** In development mode, answers 421 to a `Host` that does not mean this machine. */
export function checkHost(policy: OriginPolicy): MiddlewareHandler {
  return async (c, next) => {
    if (!URL.canParse(c.req.url)) {
      const { problem } = new Refusal('invalid_payload', 'The Host header is not a host name.');
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

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/**
 * Sets the headers for browsers on the final answer, whatever made it: also on an error, and on a
 * ready-made Response, which lacks headers that were set on the context before. Must be the outermost
 * middleware.
 */
export function browserHeaders(
  policy: OriginPolicy,
  page: PageSettings = { guests: false },
): MiddlewareHandler {
  const own = { ...SECURITY_HEADERS, 'content-security-policy': contentSecurityPolicy(page) };
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
    // Uploaded files are answered with a stricter policy.
    const isStrict = c.res.headers.has('content-security-policy');
    setHeaders(c, { ...(!isStrict && own), ...cors });
  };
}

/** Answers preflights; their headers come from {@link browserHeaders}. */
export const preflight: MiddlewareHandler = (c, next) =>
  c.req.method === 'OPTIONS' ? Promise.resolve(c.body(null, 204)) : next();

/**
 * Sets headers on the final answer; `vary` is appended to the one that is there. Only an answer with
 * immutable headers, such as one from `fetch`, is copied, because copying takes time.
 */
export function setHeaders(c: Context, headers: Record<string, string>): void {
  try {
    writeHeaders(c.res.headers, headers);
  } catch {
    const answer = new Response(c.res.body, c.res);
    writeHeaders(answer.headers, headers);
    // Without this, Hono copies the headers of the old answer over the new ones.
    c.res = undefined;
    c.res = answer;
  }
}

/** @throws TypeError at the first header, if headers are immutable */
function writeHeaders(to: Headers, { vary, ...others }: Record<string, string>): void {
  for (const [name, value] of Object.entries(others)) to.set(name, value);
  if (vary !== undefined) to.append('vary', vary);
}
