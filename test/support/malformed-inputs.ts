import { commandNames, operations } from '../../src/protocol/commands.ts';
import { otherRoutes } from '../../src/transports/http/other-routes.ts';
import { roomRoutes } from '../../src/transports/http/room-routes.ts';

/** Makes random malformed inputs; the same random numbers give the same inputs. */
export class MalformedInputs {
  readonly #random: () => number;

  /** @param random returns numbers from 0 up to but not including 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  below(most: number): number {
    return Math.floor(this.#random() * most);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A payload as text: valid JSON with any content. */
  payload(roomId: string): string {
    const fields = this.#some(5, () => `${this.#key()}:${this.json(3)}`);
    const base = [`"roomId":${this.below(4) === 0 ? this.json(2) : JSON.stringify(roomId)}`];
    return this.below(12) === 0 ? this.json(3) : `{${[...base, ...fields].join(',')}}`;
  }

  /** The name of a command, sometimes mangled. */
  name(): string {
    const name = this.pick(NAMES);
    return this.below(6) === 0 ? this.#mangled(name) : name;
  }

  /** A frame of the native transport that is no valid tuple. */
  noTuple(): string {
    return this.pick([
      () => '',
      () => '{}',
      () => `[${this.below(100)}]`,
      () => `["message"`,
      () => `["message",{"message":"a"},-${this.below(9) + 1}]`,
      () => `["message",{},1,2]`,
      () => `[{},"message"]`,
      () => `["a",${'['.repeat(20)}${']'.repeat(20)}]`,
      () => `["a",${'['.repeat(this.below(5_000) + 20)}`,
      () => 'null',
      () => `\u0000${this.#text(20)}`,
      () => `"${'x'.repeat(this.below(1_000))}`,
    ])();
  }

  /** Random JSON of at most so many levels, with keys and texts chosen to cause trouble. */
  json(levels: number): string {
    const kind = this.below(levels > 0 ? 10 : 7);
    if (kind < 3) return JSON.stringify(this.#text(30));
    if (kind < 5) return this.pick(NUMBERS);
    if (kind === 5) return this.pick(['true', 'false', 'null']);
    if (kind === 6) return this.pick(ESCAPED);
    if (kind === 7) return `[${this.#some(4, () => this.json(levels - 1)).join(',')}]`;
    return `{${this.#some(4, () => `${this.#key()}:${this.json(levels - 1)}`).join(',')}}`;
  }

  /** A well-formed text with some characters removed, doubled or changed. */
  broken(text: string): string {
    let result = text;
    for (let times = this.below(3) + 1; times > 0; times--) {
      const at = this.below(result.length + 1);
      const [before, after] = [result.slice(0, at), result.slice(at)];
      result = this.pick([
        () => before + after.slice(1 + this.below(4)),
        () => before + this.pick(HURTING) + after,
        () => before + before.slice(-this.below(10)) + after,
        () => before,
        () => before + String.fromCodePoint(this.below(0x300)) + after.slice(1),
      ])();
    }
    return result;
  }

  /** A method, path and query of the HTTP transport, more or less. */
  route(roomId: string): { method: string; path: string } {
    const route = this.pick(ROUTES);
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
      name === 'roomId' && this.below(3) > 0 ? encodeURIComponent(roomId) : this.#segment(),
    );
    const query = this.#some(3, () => `${this.pick(QUERY)}=${this.#segment()}`).join('&');
    return {
      method: this.below(5) === 0 ? this.pick(METHODS) : route.method,
      path: query === '' ? path : `${path}?${query}`,
    };
  }

  /** Headers that a client may send, with senseless values. */
  headers(): Record<string, string> {
    const entries = this.#some(3, () => [this.pick(HEADERS), this.#headerValue()] as const);
    return Object.fromEntries(entries);
  }

  #headerValue(): string {
    const value = this.pick([
      () => this.#text(40),
      () => String(this.below(1_000_000)),
      () => 'x'.repeat(this.below(2_000)),
      () => 'application/json',
      () => 'text/event-stream;q=0',
    ])();
    // Node's client sends no other characters; the lane `bytes` sends arbitrary ones.
    return value.replaceAll(/[^\u0020-\u007E]/g, '?').trim();
  }

  #segment(): string {
    return this.pick([
      () => String(this.below(100) - 10),
      () => '%00',
      () => '%ff%fe',
      () => '..%2f..%2fetc%2fpasswd',
      () => '%E0%A4%A',
      () => encodeURIComponent(this.pick(HURTING)),
      () => '9'.repeat(this.below(30) + 1),
      () => 'x'.repeat(this.below(300)),
      () => '0:0',
      () => '%2e%2e',
      () => '__proto__',
    ])();
  }

  #key(): string {
    const name = this.pick(FIELDS);
    return JSON.stringify(this.below(8) === 0 ? this.#mangled(name) : name);
  }

  #text(longest: number): string {
    if (this.below(4) > 0) return this.pick(HURTING);
    return Array.from({ length: this.below(longest) }, () =>
      String.fromCodePoint(this.below(0xd7ff)),
    ).join('');
  }

  #mangled(name: string): string {
    return this.pick([
      name.toUpperCase(),
      `${name}\u0000`,
      `${name} `,
      name.slice(1),
      '__proto__',
      'constructor',
      'hasOwnProperty',
      'x'.repeat(200),
    ]);
  }

  #some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }
}

const NAMES = [...commandNames, 'refreshToken', 'ack', 'error', 'position', 'joined'];
const FIELDS = [
  ...new Set(commandNames.flatMap((name) => Object.keys(operations[name].payload.shape))),
  ...'token __proto__ constructor prototype toString length 0'.split(' '),
  '',
];
const ROUTES = [
  ...roomRoutes.map(({ method, path }) => ({ method, path: `/rooms/:roomId${path}` })),
  ...otherRoutes.map(({ method, path }) => ({ method, path })),
].filter(({ path }) => !path.endsWith('/events') && !path.endsWith('/ws'));
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'];
const QUERY = [
  'before',
  'after',
  'around',
  'limit',
  'thread',
  'q',
  'from',
  'since',
  'x',
  '__proto__',
];
const HEADERS = [
  ['accept', 'content-type', 'origin', 'x-forwarded-host', 'x-forwarded-for', 'cookie'],
  ['last-event-id', 'range', 'if-match', 'x-parlor-wish', 'x-http-method-override', 'te'],
].flat();
const NUMBERS = ['0', '-1', '1', '1.5', '1e400', '-0', '9007199254740993', '4294967296', '1e-400'];
/** JSON texts with escapes that JSON.stringify would not write. */
const ESCAPED = [
  String.raw`"\ud800"`,
  String.raw`"\udfff\ud83d"`,
  String.raw`"\u0000"`,
  String.raw`"\u202e"`,
];
const HURTING = [
  ['', ' ', '.', '..', '\u0000', '\n', '\u2028', '\uFEFF', '\u202E', '"', "'", '\\', '`', '%'],
  ["' OR 1=1 --", '") UNION SELECT * FROM room --', 'NEAR(a b)', 'a* OR', '{x}:', '^', '-'],
  ['<script>alert(1)</script>', '${7*7}', '{{7*7}}', '../../etc/passwd', '__proto__', 'null'],
  ['0:0', 'x:1', '1:x', '😀', '👍', 'é', '語'.repeat(50), 'a'.repeat(300), 'guest:x', '[', '{'],
].flat();
