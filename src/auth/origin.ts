import { evictExpired } from '../admission/evict-expired.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { HostLog } from '../observability/logger.ts';

const WEB_SCHEMES = new Set(['http:', 'https:']);

/** Schemes with a host whose pages send `Origin: null`, or from which no page is loaded. */
const NO_PAGE_SCHEMES = new Set(['file:', 'ftp:', 'ws:', 'wss:']);

/** Names of this machine, in `Host` and in origins. */
const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A host with or without a port, and no other part of a URL. */
const HOST = /^[^\s/\\?#@]+$/;

/** Completes the sentence "CLIENT_URL …" for an entry of another form. */
const CLIENT_FORMS =
  'must be addresses such as https://app.example.com, https://*.example.com or capacitor://localhost, with commas between them';

/**
 * An origin in the form in which origins are compared: host in lower case, as Punycode and without the
 * dot at its end, no default port. Schemes of apps, such as `capacitor://localhost`, have no such rules
 * and keep their text.
 * @param text a URL; its path is ignored
 * @returns undefined for a text without an origin of its own, such as `null`
 */
function comparable(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, host, port } = new URL(text);
  if (host === '' || NO_PAGE_SCHEMES.has(protocol)) return undefined;
  if (!WEB_SCHEMES.has(protocol)) return `${protocol}//${host}`;
  return `${protocol}//${hostname.replace(/\.$/, '')}${port === '' ? '' : `:${port}`}`;
}

/** The origin with `*` instead of the first label of its host, as `CLIENT_URL` may contain it. */
function withWildcard(origin: string): string {
  return origin.replace(/^(https?:\/\/)[^.:[\]]+(?=\.)/, '$1*');
}

/** Why a list of addresses is not valid as `CLIENT_URL`; undefined if it is. */
export function wrongClientUrl(list: string): string | undefined {
  const reasons = list.split(',').map((entry) => wrongClient(entry.trim()));
  return reasons.find((reason) => reason !== undefined);
}

function wrongClient(entry: string): string | undefined {
  const rest = entry.replace(/^(https?:\/\/)\*\./i, '$1');
  if (rest.includes('*')) {
    return 'may hold a * only in place of the first label of a host, such as https://*.example.com';
  }
  if (comparable(entry) === undefined) return CLIENT_FORMS;
  return rest === entry || hasParent(new URL(rest).hostname)
    ? undefined
    : 'must name a domain after *., such as https://*.example.com';
}

/** Whether all hosts that `*.` matches belong to one owner: not those of `*.com`. */
function hasParent(hostname: string): boolean {
  return hostname === 'localhost' || hostname.replace(/\.$/, '').includes('.');
}

/** Why an address is not valid as `PUBLIC_URL`; undefined if it is. */
export function wrongPublicUrl(address: string): string | undefined {
  const isFine =
    !address.includes('*') && URL.canParse(address) && WEB_SCHEMES.has(new URL(address).protocol);
  return isFine ? undefined : 'must be a URL such as https://chat.example.com';
}

export interface OriginOptions {
  /** The setting `CLIENT_URL`. */
  clientUrl?: string | undefined;
  /**
   * The setting `PUBLIC_URL`: the address that users see, where a proxy changes it on the way to
   * the service.
   */
  publicUrl?: string | undefined;
  /**
   * Development mode: only requests whose `Host` is this machine are answered, which DNS rebinding
   * cannot forge, and pages from every port of this machine may connect.
   */
  localOnly?: boolean;
  /** Gets a line for each page that is refused. */
  log?: HostLog;
}

/** Decides which web pages may connect, the same for every transport of both hosts. */
export class OriginPolicy {
  readonly #clients: ReadonlySet<string>;
  /** The origin in `PUBLIC_URL`. */
  readonly publicOrigin: string | undefined;
  readonly #localOnly: boolean;
  readonly #report: RefusedPages;

  constructor({ clientUrl, publicUrl, localOnly = false, log }: OriginOptions) {
    const clients = (clientUrl?.split(',') ?? []).map((entry) => comparable(entry.trim()));
    this.#clients = new Set(clients.filter((client) => client !== undefined));
    this.publicOrigin = publicUrl === undefined ? undefined : comparable(publicUrl);
    this.#localOnly = localOnly;
    this.#report = new RefusedPages(log);
  }

  /** Whether a request addressed to `host` may be answered at all; else 421. */
  allowsHost(host: string): boolean {
    if (!this.#localOnly) return true;
    if (isHostOf(this.publicOrigin, host)) return true;
    return LOCAL_NAMES.has(host.toLowerCase().replace(/:\d+$/, ''));
  }

  /**
   * Whether a page of `origin` may use the service addressed as `host`; a refusal is logged. No
   * origin at all is fine: servers and tools send none, and browsers cannot leave it out.
   */
  allows(origin: string | null | undefined, host: string): boolean {
    if (origin === null || origin === undefined) return true;
    const isAllowed = this.#allowsPage(comparable(origin), host);
    if (!isAllowed) this.#report.add(origin, Date.now());
    return isAllowed;
  }

  #allowsPage(origin: string | undefined, host: string): boolean {
    if (origin === undefined) return false;
    if (this.#clients.has(origin) || this.#clients.has(withWildcard(origin))) return true;
    if (this.#localOnly && isLocalPage(origin)) return true;
    return this.publicOrigin === undefined ? isHostOf(origin, host) : origin === this.publicOrigin;
  }
}

function isLocalPage(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return WEB_SCHEMES.has(protocol) && LOCAL_NAMES.has(hostname);
}

/**
 * Whether a `Host` header names the host of an origin. Without a port it means the default port of the
 * origin's scheme, because TLS may end at a proxy: the server does not know the scheme that users see.
 */
function isHostOf(origin: string | undefined, host: string): boolean {
  if (origin === undefined || !HOST.test(host)) return false;
  const { protocol } = new URL(origin);
  return WEB_SCHEMES.has(protocol) && comparable(`${protocol}//${host}`) === origin;
}

/** How many origins are logged in {@link REPORT_MS}, and how much of each, in characters. */
const MAX_REPORTED = 10;
const MAX_ORIGIN_LENGTH = 100;
/** How long an origin that was logged is not logged again, in milliseconds. */
const REPORT_MS = 10 * 60_000;

/** Logs refused pages for operators, in few lines however many requests there are. */
class RefusedPages {
  readonly #log: HostLog | undefined;
  /** When each origin was logged, in epoch milliseconds; the oldest first. */
  readonly #reported = new Map<string, number>();

  constructor(log: HostLog | undefined) {
    this.#log = log;
  }

  add(origin: string, now: number): void {
    const shown = origin.slice(0, MAX_ORIGIN_LENGTH);
    evictExpired(this.#reported, (at) => Math.abs(now - at) >= REPORT_MS);
    if (this.#reported.has(shown) || this.#reported.size >= MAX_REPORTED) return;
    this.#reported.set(shown, now);
    this.#log?.event?.('warn', 'page refused', { origin: shown, setting: 'CLIENT_URL' });
  }
}

export function foreignOrigin(): Refusal {
  return new Refusal(
    'forbidden',
    'This page may not connect; add its address to CLIENT_URL on the server.',
  );
}
