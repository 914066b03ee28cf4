import { evictExpired } from '../admission/evict-expired.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { HostLog } from '../observability/logger.ts';

const WEB_SCHEMES = new Set(['http:', 'https:']);

/** Schemes with a host whose pages send `Origin: null`, or that no page is loaded from. */
const NO_PAGE_SCHEMES = new Set(['file:', 'ftp:', 'ws:', 'wss:']);

/** Names of this machine, in `Host` and in origins. */
const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A host with or without a port, and nothing of a URL around it. */
const HOST = /^[^\s/\\?#@]+$/;

/** What `CLIENT_URL` and `PUBLIC_URL` are written like. */
const CLIENT_FORMS =
  'must be addresses such as https://app.example.com, https://*.example.com or capacitor://localhost, with commas between them';

/**
 * An origin in the form in which origins are compared: host in lower case, as Punycode and without
 * the dot at its end, no default port. Schemes of apps, such as `capacitor://localhost`, have no
 * such rules and keep their text.
 * @param text a URL, of which the path does not count
 * @returns undefined for what has no origin of its own, such as `null`
 */
function comparable(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, host, port } = new URL(text);
  if (host === '' || NO_PAGE_SCHEMES.has(protocol)) return undefined;
  if (!WEB_SCHEMES.has(protocol)) return `${protocol}//${host}`;
  return `${protocol}//${hostname.replace(/\.$/, '')}${port === '' ? '' : `:${port}`}`;
}

/** The same origin with `*` in the place of the first label of its host, as `CLIENT_URL` may have it. */
function withWildcard(origin: string): string {
  return origin.replace(/^(https?:\/\/)[^.:[\]]+(?=\.)/, '$1*');
}

/** Why a list of addresses cannot be `CLIENT_URL`; undefined where it can. */
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

/** Whether `*.` before a host stands for the labels of one owner: not for all of `*.com`. */
function hasParent(hostname: string): boolean {
  return hostname === 'localhost' || hostname.replace(/\.$/, '').includes('.');
}

/** Why an address cannot be `PUBLIC_URL`; undefined where it can. */
export function wrongPublicUrl(address: string): string | undefined {
  const isFine =
    !address.includes('*') && URL.canParse(address) && WEB_SCHEMES.has(new URL(address).protocol);
  return isFine ? undefined : 'must be a URL such as https://chat.example.com';
}

export interface OriginOptions {
  /** The setting `CLIENT_URL`. */
  clientUrl?: string | undefined;
  /** The setting `PUBLIC_URL`: the service's own address, where it is not what reaches it. */
  publicUrl?: string | undefined;
  /**
   * Development mode: only a `Host` that means this machine is answered, which DNS rebinding cannot
   * forge, and pages of every port of this machine may connect.
   */
  localOnly?: boolean;
  /** Gets a line for each page that is refused. */
  log?: HostLog;
}

/** Which web pages may connect, the same at every transport of both hosts. */
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
 * Whether a `Host` header means the host of an origin. Its port counts as the default one of the
 * origin's scheme, since TLS may end at a proxy: the server does not know the scheme that users see.
 */
function isHostOf(origin: string | undefined, host: string): boolean {
  if (origin === undefined || !HOST.test(host)) return false;
  const { protocol } = new URL(origin);
  return WEB_SCHEMES.has(protocol) && comparable(`${protocol}//${host}`) === origin;
}

/** How many origins get a line in {@link REPORT_MS}, and how much of each is shown, in characters. */
const MAX_REPORTED = 10;
const MAX_ORIGIN_LENGTH = 100;
/** How long an origin that has got its line gets no other, in milliseconds. */
const REPORT_MS = 10 * 60_000;

/** Tells the operator of refused pages, in few lines however many requests there are. */
class RefusedPages {
  readonly #log: HostLog | undefined;
  /** When each origin got its line, epoch milliseconds; the oldest stands first. */
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
