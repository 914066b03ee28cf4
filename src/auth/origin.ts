import { Refusal } from '../protocol/errors.ts';

/** Which web pages may speak to the service. */
export interface OriginRules {
  /** Origins of `CLIENT_URL`. */
  clients: ReadonlySet<string>;
  /** The service's own address, where it is not what reaches it. */
  publicUrl: URL | undefined;
  /** Development mode: only a `Host` that means this machine, which DNS rebinding cannot forge. */
  localOnly: boolean;
}

const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

export function originRules(
  clientUrl: string | undefined,
  publicUrl: string | undefined,
  localOnly: boolean,
): OriginRules {
  const urls = clientUrl === undefined ? [] : clientUrl.split(',');
  return {
    clients: new Set(urls.map((url) => new URL(url.trim()).origin)),
    publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl),
    localOnly,
  };
}

/** Whether a request addressed to `host` may be answered at all; else 421. */
export function isHostAllowed(host: string, rules: OriginRules): boolean {
  if (!rules.localOnly) return true;
  if (host === rules.publicUrl?.host) return true;
  return LOCAL_NAMES.has(host.toLowerCase().replace(/:\d+$/, ''));
}

/**
 * Whether a page of `origin` may speak to the service addressed as `host`. No origin at all is fine:
 * servers and tools send none, and browsers cannot leave it out.
 */
export function isOriginAllowed(
  origin: string | null | undefined,
  host: string,
  rules: OriginRules,
): boolean {
  if (origin === null || origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const { host: from, origin: whole } = new URL(origin);
  if (rules.clients.has(whole)) return true;
  return rules.publicUrl === undefined
    ? from !== '' && from === host
    : whole === rules.publicUrl.origin;
}

export function foreignOrigin(): Refusal {
  return new Refusal(
    'forbidden',
    'This page may not connect; add its address to CLIENT_URL on the server.',
  );
}
