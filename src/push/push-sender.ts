import { encryptNotification } from '@block65/webcrypto-web-push';
import { base64url, importJWK, SignJWT } from 'jose';
import { retryAfterMs } from '../deliveries/retry-after.ts';
import type { DeliveryOutcome } from '../host/ports.ts';
import type { PushSubscription } from '../inbox/storage/push-subscriptions.ts';

/** The keys and the contact by which VAPID (RFC 8292) identifies the sender. */
export interface VapidKeys {
  /** An uncompressed point of P-256, as base64url: the `applicationServerKey` of browsers. */
  publicKey: string;
  /** The private number of that point, as base64url. */
  privateKey: string;
  /** The contact for push services: a `mailto:` or `https:` URL. */
  subject: string;
}

/** How an attempt ended; `gone`: the push service no longer knows the subscription. */
export type PushOutcome = DeliveryOutcome | 'gone';

export type PushTarget = Pick<PushSubscription, 'endpoint' | 'p256dh' | 'auth'>;

/** How long a push service keeps a message that it cannot deliver, in seconds. */
const TTL_S = 86_400;

/** How long a token for a push service is valid, in seconds; RFC 8292 allows a day. */
const TOKEN_S = 12 * 3_600;

/** How long a token is used, in milliseconds. */
const TOKEN_USED_MS = 6 * 3_600_000;

/** How long a push service may take to answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** The shortest wait that `Retry-After` asks for after any status but 429, in milliseconds. */
const MIN_RETRY_AFTER_MS = 60_000;

/** Most push services for which a token is kept. */
const MAX_TOKENS = 100;

/** Pushes messages to browsers, encrypted so that only the browser can read them (RFC 8291). */
export class PushSender {
  readonly #keys: VapidKeys;
  readonly #accepts: (endpoint: string) => boolean;
  readonly #tokens = new Map<string, { text: Promise<string>; until: number }>();
  #key: ReturnType<typeof privateKeyOf> | undefined;

  /** @param accepts whether an address may be pushed to; asked again at each attempt */
  constructor(keys: VapidKeys, accepts: (endpoint: string) => boolean) {
    this.#keys = keys;
    this.#accepts = accepts;
  }

  /**
   * Makes one attempt. Never rejects.
   * @param topic at most 32 characters of base64url: of several waiting messages with one topic, only
   * the newest arrives
   */
  async send(target: PushTarget, text: string, topic: string): Promise<PushOutcome> {
    if (!this.#accepts(target.endpoint)) return 'gone';
    const body = await encrypted(target, text);
    if (body === undefined) return 'gone';
    try {
      const response = await fetch(target.endpoint, {
        method: 'POST',
        headers: await this.#headers(target.endpoint, topic),
        body,
        // A push service does not redirect; following a redirect could leave the allowed hosts.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      return outcomeOf(response);
    } catch {
      return 'failed';
    }
  }

  async #headers(endpoint: string, topic: string): Promise<Record<string, string>> {
    const token = await this.#tokenFor(new URL(endpoint).origin);
    return {
      authorization: `vapid t=${token}, k=${this.#keys.publicKey}`,
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ttl: String(TTL_S),
      topic,
      urgency: 'high',
    };
  }

  /**
   * A token for a push service. It is reused for every push, because signing takes longer
   * than the rest.
   */
  #tokenFor(origin: string): Promise<string> {
    const now = Date.now();
    const known = this.#tokens.get(origin);
    if (known !== undefined && now < known.until && now > known.until - TOKEN_USED_MS - 1) {
      return known.text;
    }
    if (this.#tokens.size >= MAX_TOKENS) this.#tokens.clear();
    const text = this.#sign(origin, Math.floor(now / 1_000));
    this.#tokens.set(origin, { text, until: now + TOKEN_USED_MS });
    return text;
  }

  async #sign(origin: string, nowS: number): Promise<string> {
    this.#key ??= privateKeyOf(this.#keys);
    return new SignJWT({})
      .setProtectedHeader({ typ: 'JWT', alg: 'ES256' })
      .setAudience(origin)
      .setSubject(this.#keys.subject)
      .setExpirationTime(nowS + TOKEN_S)
      .sign(await this.#key);
  }
}

/** The encrypted message for one browser; undefined where its keys are not valid. */
async function encrypted(
  { endpoint, p256dh, auth }: PushTarget,
  text: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const subscription = { endpoint, expirationTime: null, keys: { p256dh, auth } };
  try {
    return new Uint8Array(await encryptNotification(subscription, new TextEncoder().encode(text)));
  } catch {
    return undefined;
  }
}

function outcomeOf({ ok, status, headers }: Response): PushOutcome {
  if (ok) return 'delivered';
  if (status === 404 || status === 410) return 'gone';
  const after = headers.get('retry-after');
  if (status !== 429 && after === null) return 'failed';
  const waitMs = retryAfterMs(after, Date.now());
  // Growing intervals do not apply then: a service in trouble must not be asked every second.
  return { retryAfterMs: status === 429 ? waitMs : Math.max(MIN_RETRY_AFTER_MS, waitMs) };
}

function privateKeyOf({ publicKey, privateKey: d }: VapidKeys) {
  const bytes = base64url.decode(publicKey);
  const x = base64url.encode(bytes.slice(1, 33));
  const y = base64url.encode(bytes.slice(33, 65));
  return importJWK({ kty: 'EC', crv: 'P-256', x, y, d }, 'ES256');
}
