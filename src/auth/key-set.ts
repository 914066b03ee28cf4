import { type CryptoKey, importJWK, type JWK } from 'jose';
import { Refusal } from '../protocol/codes/errors.ts';

/**
 * Kinds of public keys, the parts of each in a key set, and the algorithms for which it may be used
 * (RFC 7518, 3.1; RFC 8037). Nothing else is accepted, whatever a key or a token says.
 */
const KINDS = [
  {
    kty: 'RSA',
    parts: ['n', 'e'],
    algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  },
  { kty: 'EC', crv: 'P-256', parts: ['x', 'y'], algorithms: ['ES256'] },
  { kty: 'EC', crv: 'P-384', parts: ['x', 'y'], algorithms: ['ES384'] },
  { kty: 'EC', crv: 'P-521', parts: ['x', 'y'], algorithms: ['ES512'] },
  { kty: 'OKP', crv: 'Ed25519', parts: ['x'], algorithms: ['EdDSA'] },
] as const;

type Kind = (typeof KINDS)[number];
type Algorithm = Kind['algorithms'][number];
/** An algorithm as a token's header may name it. */
export type PublicAlgorithm = Algorithm | 'Ed25519';

const algorithms: ReadonlySet<unknown> = new Set(KINDS.flatMap((kind) => kind.algorithms));

export function isPublicAlgorithm(alg: unknown): alg is PublicAlgorithm {
  return algorithms.has(withOneName(alg));
}

/** RFC 9864 names EdDSA over Ed25519 a second time; tokens and keys may use either name. */
function withOneName<T>(alg: T): Exclude<T, 'Ed25519'> | 'EdDSA' {
  return alg === 'Ed25519' ? 'EdDSA' : (alg as Exclude<T, 'Ed25519'>);
}

/** What a token's header says about its key. */
export interface KeyHint {
  alg: PublicAlgorithm;
  kid?: string | undefined;
}

interface PublicKey {
  kid?: string | undefined;
  jwk: JWK;
  algorithms: readonly Algorithm[];
  /**
   * The imported keys: a CryptoKey is bound to one algorithm, and an RSA key may be used for six. Each
   * is imported when first needed.
   */
  imported: Map<Algorithm, CryptoKey>;
}

export interface KeySetOptions {
  url: string;
  /** Epoch milliseconds. */
  now: () => number;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Called with the error of every failed attempt. */
  onFailure: (error: unknown) => void;
}

/** How long keys count as fresh, in milliseconds. */
const FRESH_MS = 10 * 60_000;
/** How long keys are used while their server cannot be reached, in milliseconds. */
const SERVES_MS = 60 * 60_000;
/** Least time between two attempts, successful or not, in milliseconds. */
const BETWEEN_MS = 5_000;
/** How long one attempt may take, in milliseconds. */
const ATTEMPT_MS = 3_000;
/**
 * How long to wait for another request's attempt, in milliseconds: at the edge it ends with
 * that request.
 */
const SHARED_MS = 1_000;
const SHARED_ROUNDS = 3;
/** The shortest RSA key, in bits (RFC 7518, 3.3). */
const RSA_BITS = 2_048;

/**
 * The keys at `JWT_JWKS_URL`. They are fetched when first needed, again after ten minutes and for an
 * unknown key, at most once in five seconds. While the server cannot be reached, the last keys are used
 * for an hour. Only public keys of the kinds above are read, so a symmetric key in the set is ignored.
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

  /** How many keys were read. */
  get size(): number {
    return this.#keys.length;
  }

  /**
   * The keys with which a token may have been signed; empty when its key is not in the set.
   * @throws Refusal `unavailable` when the key server does not answer
   */
  async keysFor(hint: KeyHint): Promise<CryptoKey[]> {
    const alg = withOneName(hint.alg);
    const fitting = await this.#known(alg, hint.kid);
    return Promise.all(fitting.map((known) => cryptoKey(known, alg)));
  }

  async #known(alg: Algorithm, kid: string | undefined): Promise<PublicKey[]> {
    const known = this.#find(alg, kid);
    if (known.length > 0 && this.#age < FRESH_MS) return known;
    if (this.#options.now() - this.#triedAt >= BETWEEN_MS) await this.#load();
    else if (known.length === 0) await this.#shareAttempt();
    const found = this.#find(alg, kid, true);
    if (found.length === 0 && this.#lastFailed) throw unreachable();
    return found;
  }

  get #age(): number {
    return this.#options.now() - this.#fetchedAt;
  }

  /**
   * @param orUnnamed whether keys without a `kid` may be used for a token whose `kid` no key has. If
   * other keys have a `kid`, only after the set has been fetched for it.
   */
  #find(
    alg: Algorithm,
    kid: string | undefined,
    orUnnamed = this.#keys.every((known) => known.kid === undefined),
  ): PublicKey[] {
    if (this.#age >= SERVES_MS) return [];
    const fitting = this.#keys.filter((known) => known.algorithms.includes(alg));
    // A token without a `kid` may have been signed with any key.
    if (kid === undefined) return fitting;
    const isNamed = this.#keys.some((known) => known.kid === kid);
    const name = isNamed || !orUnnamed ? kid : undefined;
    return fitting.filter((known) => known.kid === name);
  }

  /** Waits for an attempt under way; if that one never ends, one of the waiting requests makes the next. */
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

/** @throws Error for anything but a key set; keys of another kind in it are ignored */
async function readKeys(set: unknown): Promise<PublicKey[]> {
  const { keys } = (set ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('it answered with no key set');
  const read = await Promise.all(keys.map((jwk) => readKey(jwk)));
  return read.filter((key) => key !== undefined);
}

async function readKey(given: unknown): Promise<PublicKey | undefined> {
  try {
    const { kid, alg } = given as JWK;
    const kind = kindOf(given as JWK);
    const [first, ...more] = kind === undefined ? [] : servedBy(kind, alg);
    if (kind === undefined || first === undefined) return undefined;
    const jwk = publicPart(given as JWK, kind);
    const key = { kid: kid ?? undefined, jwk, algorithms: [first, ...more], imported: new Map() };
    const { algorithm } = await cryptoKey(key, first);
    const { modulusLength = RSA_BITS } = algorithm as { modulusLength?: number };
    return modulusLength < RSA_BITS ? undefined : key;
  } catch {
    // It is not a valid key.
    return undefined;
  }
}

/** The kind of a key whose `use` and `key_ops` allow verifying; null counts as absent. */
function kindOf({ kty, crv, use, key_ops }: Partial<JWK>): Kind | undefined {
  if ((use ?? 'sig') !== 'sig') return undefined;
  if (key_ops?.includes('verify') === false) return undefined;
  return KINDS.find((kind) => kty === kind.kty && (!('crv' in kind) || crv === kind.crv));
}

/** @param alg the key's own `alg`; without it, the key may be used for every algorithm of its kind */
function servedBy(kind: Kind, alg: string | null | undefined): readonly Algorithm[] {
  const served: readonly Algorithm[] = kind.algorithms;
  return served.filter((one) => one === withOneName(alg ?? one));
}

/** Only the public parts: if a set leaks private parts, they are dropped. */
function publicPart(jwk: JWK, { kty, parts, ...rest }: Kind): JWK {
  const picked: Record<string, unknown> = { kty, ...('crv' in rest && { crv: rest.crv }) };
  for (const part of parts) picked[part] = jwk[part];
  return { ...picked };
}

async function cryptoKey({ jwk, imported }: PublicKey, alg: Algorithm): Promise<CryptoKey> {
  const key = imported.get(alg) ?? ((await importJWK(jwk, alg)) as CryptoKey);
  imported.set(alg, key);
  return key;
}

async function settlesWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const settled = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}

/** One key set for each address, so that everything in a process shares the fetched keys. */
const known = new Map<string, KeySet>();

export function keySetAt(url: string, onFailure: (error: unknown) => void): KeySet {
  const set =
    known.get(url) ??
    new KeySet({ url, now: () => Date.now(), fetch: (at, init) => fetch(at, init), onFailure });
  known.set(url, set);
  return set;
}
