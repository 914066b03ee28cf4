import { type CryptoKey, importJWK, type JWK } from 'jose';
import { Refusal } from '../protocol/errors.ts';

/** Public-key algorithms that are taken, with what a key of each looks like in a key set. */
const FAMILIES = {
  RS256: { kty: 'RSA', names: ['RS256'], parts: ['n', 'e'] },
  ES256: { kty: 'EC', crv: 'P-256', names: ['ES256'], parts: ['x', 'y'] },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', names: ['EdDSA', 'Ed25519'], parts: ['x'] },
} as const;

export type PublicAlgorithm = keyof typeof FAMILIES;

export function isPublicAlgorithm(alg: unknown): alg is PublicAlgorithm {
  return typeof alg === 'string' && Object.hasOwn(FAMILIES, alg);
}

/** What a token's header says of its key. */
export interface KeyHint {
  alg: PublicAlgorithm;
  kid?: string | undefined;
}

interface PublicKey extends KeyHint {
  key: CryptoKey;
}

export interface KeySetOptions {
  url: string;
  /** Epoch milliseconds. */
  now: () => number;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Told of every attempt that failed. */
  onFailure: (error: unknown) => void;
}

/** How long keys count as fresh, in milliseconds. */
const FRESH_MS = 10 * 60_000;
/** How long they serve on while their server cannot be reached, in milliseconds. */
const SERVES_MS = 60 * 60_000;
/** Least time between two attempts, whoever asks and however they came out, in milliseconds. */
const BETWEEN_MS = 5_000;
/** How long one attempt may take, in milliseconds. */
const ATTEMPT_MS = 3_000;
/** How long to wait for somebody else's attempt, in milliseconds: on the edge it ends with its request. */
const SHARED_MS = 1_000;
const SHARED_ROUNDS = 3;
/** The shortest RSA key, in bits (RFC 7518, 3.3). */
const RSA_BITS = 2_048;

/**
 * The keys at `JWT_JWKS_URL`. Fetched when first needed, again every ten minutes and for a key nobody
 * knows, at most once in five seconds; while the server cannot be reached the last keys serve on for
 * an hour. Only public keys of the three algorithms are read, so a secret in there is none.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  #keys: readonly PublicKey[] = [];
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #lastFailed = true;
  #attempt: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /**
   * The keys a token may have been signed with; none when nobody knows its key.
   * @throws Refusal `unavailable` when that cannot be told because the key server does not answer
   */
  async keysFor(hint: KeyHint): Promise<CryptoKey[]> {
    const known = this.#find(hint);
    if (known.length > 0 && this.#age < FRESH_MS) return known;
    if (this.#options.now() - this.#triedAt >= BETWEEN_MS) await this.#load();
    else if (known.length === 0) await this.#shareAttempt();
    const found = this.#find(hint);
    if (found.length === 0 && this.#lastFailed) throw unreachable();
    return found;
  }

  get #age(): number {
    return this.#options.now() - this.#fetchedAt;
  }

  #find({ alg, kid }: KeyHint): CryptoKey[] {
    if (this.#age >= SERVES_MS) return [];
    const fitting = this.#keys.filter((known) => known.alg === alg);
    // A token that names no key may be of any.
    return fitting.filter((known) => kid === undefined || known.kid === kid).map(({ key }) => key);
  }

  /** Waits for an attempt under way; one of those who wait makes it anew, for it may have died. */
  async #shareAttempt(): Promise<void> {
    for (let round = 0; round < SHARED_ROUNDS; round++) {
      const attempt = this.#attempt;
      if (attempt === undefined || (await settlesWithin(attempt, SHARED_MS))) return;
      if (this.#attempt === attempt) return this.#load();
    }
  }

  async #load(): Promise<void> {
    this.#triedAt = this.#options.now();
    const attempt = this.#fetchKeys();
    this.#attempt = attempt;
    await attempt;
    if (this.#attempt === attempt) this.#attempt = undefined;
  }

  /** Never rejects. */
  async #fetchKeys(): Promise<void> {
    const { url, now, onFailure } = this.#options;
    try {
      const response = await this.#options.fetch(url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        redirect: 'manual',
        signal: AbortSignal.timeout(ATTEMPT_MS),
      });
      if (response.status !== 200) throw new Error(`it answered ${response.status}`);
      this.#keys = await readKeys(await response.json());
      this.#fetchedAt = now();
      this.#lastFailed = false;
    } catch (error) {
      this.#lastFailed = true;
      onFailure(error);
    }
  }
}

function unreachable(): Refusal {
  return new Refusal(
    'unavailable',
    'Tokens cannot be checked right now, because the key server does not answer; try again in a moment.',
    { retryAfterMs: BETWEEN_MS },
  );
}

/** @throws Error for what is no key set; a key of another kind in it is passed over */
async function readKeys(set: unknown): Promise<PublicKey[]> {
  const { keys } = (set ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('it answered with no key set');
  const read = await Promise.all(keys.map((jwk) => readKey(jwk)));
  return read.filter((key) => key !== undefined);
}

async function readKey(jwk: unknown): Promise<PublicKey | undefined> {
  try {
    const alg = algorithmOf(jwk as JWK);
    if (alg === undefined) return undefined;
    const { kid } = jwk as JWK;
    const key = (await importJWK(publicPart(jwk as JWK, alg), alg)) as CryptoKey;
    const { modulusLength = RSA_BITS } = key.algorithm as { modulusLength?: number };
    return modulusLength < RSA_BITS ? undefined : { alg, kid, key };
  } catch {
    // It is no key of any form.
    return undefined;
  }
}

/** What a key is for: its kind says so, and its own `alg`, `use` and `key_ops` may not speak against it. */
function algorithmOf({ kty, crv, alg, use, key_ops }: Partial<JWK>): PublicAlgorithm | undefined {
  if (use !== undefined && use !== 'sig') return undefined;
  if (key_ops !== undefined && !key_ops.includes('verify')) return undefined;
  for (const [name, family] of Object.entries(FAMILIES)) {
    if (kty !== family.kty || ('crv' in family && crv !== family.crv)) continue;
    const names: readonly string[] = family.names;
    return alg === undefined || names.includes(alg) ? (name as PublicAlgorithm) : undefined;
  }
  return undefined;
}

/** A set that leaks private parts is still read as public. */
function publicPart(jwk: JWK, alg: PublicAlgorithm): JWK {
  const { kty, parts, ...rest } = FAMILIES[alg];
  const picked: Record<string, unknown> = { kty, ...('crv' in rest && { crv: rest.crv }) };
  for (const part of parts) picked[part] = jwk[part];
  return { ...picked };
}

async function settlesWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const settled = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}

/** One for each address, so that everything in a process shares what was fetched. */
const known = new Map<string, KeySet>();

export function keySetAt(url: string, onFailure: (error: unknown) => void): KeySet {
  const set =
    known.get(url) ??
    new KeySet({ url, now: () => Date.now(), fetch: (at, init) => fetch(at, init), onFailure });
  known.set(url, set);
  return set;
}
