import {
  createDecipheriv,
  createECDH,
  createPublicKey,
  type ECDH,
  hkdfSync,
  randomBytes,
  verify,
} from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { makePushKeys } from '../../local-server/push-keys.ts';
import { Inbox } from './inbox.ts';
import { LoopbackServer } from './loopback-server.ts';

/** The VAPID keys of the tests' hosts. */
export const pushKeys = makePushKeys();

/** A push's content, as described in docs/protocol.md. */
export interface Pushed {
  type: 'message';
  userId: string;
  roomId: string;
  kind: string;
  seq: number;
  timestamp: number;
  unread: number;
  topic?: string;
  senderId?: string;
  sender?: string;
  mention?: true;
  text?: string;
  read: string[];
}

/** A push service's answer; 201 by default. */
export interface PushAnswer {
  status: number;
  headers?: Record<string, string>;
}

/** A push that has arrived. */
export interface ArrivedPush {
  says: Pushed;
  headers: IncomingMessage['headers'];
}

/** A push service on loopback, with subscribed browsers that decrypt their pushes. */
export class PushService extends LoopbackServer {
  readonly #browsers = new Map<string, PushBrowser>();

  /** Makes a browser that has subscribed here. */
  browser(): PushBrowser {
    const path = `/push/${randomBytes(16).toString('base64url')}`;
    const browser = new PushBrowser(`${this.origin}${path}`);
    this.#browsers.set(path, browser);
    return browser;
  }

  protected receive(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const browser = this.#browsers.get(request.url ?? '');
    const isOurs = isSigned(request, this.origin);
    const { status, headers } = isOurs
      ? (browser?.receive(body, request.headers) ?? { status: 404 })
      : { status: 403, headers: {} };
    response.writeHead(status, headers).end();
  }
}

/** Whether the request has a valid VAPID token for this push service (RFC 8292). */
function isSigned({ headers }: IncomingMessage, origin: string): boolean {
  const [, token = '', key] = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization ?? '') ?? [];
  if (key !== pushKeys.VAPID_PUBLIC_KEY) return false;
  const [header = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const isValid = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    aud: string;
    exp: number;
    sub: string;
  };
  const nowS = Date.now() / 1_000;
  return isValid && aud === origin && exp > nowS && exp < nowS + 86_400 && sub.includes(':');
}

/** One browser's subscription, with its own keys. */
export class PushBrowser {
  readonly endpoint: string;
  /** The pushes that were answered 201, in order. */
  readonly pushes: ArrivedPush[] = [];
  /** The number of requests, whatever their answer. */
  attempts = 0;
  /** The answers to the next requests for this browser; after them `answer` is used. */
  readonly answers: PushAnswer[] = [];
  answer: PushAnswer = { status: 201 };
  readonly #keys: ECDH = createECDH('prime256v1');
  readonly #auth = randomBytes(16);
  readonly #inbox = new Inbox();

  constructor(endpoint: string) {
    this.endpoint = endpoint;
    this.#keys.generateKeys();
  }

  /** The subscription as `PushSubscription.toJSON` returns it. */
  get subscription() {
    const p256dh = this.#keys.getPublicKey().toString('base64url');
    const keys = { p256dh, auth: this.#auth.toString('base64url') };
    return { endpoint: this.endpoint, expirationTime: null, keys };
  }

  /** The first push that fits; waits for one if none has arrived yet. */
  gets(what: (says: Pushed) => boolean = () => true): Promise<ArrivedPush> {
    return this.#inbox.until('a push to arrive', () => this.pushes.find(({ says }) => what(says)));
  }

  /** Waits until there were so many requests. */
  async attempted(times: number): Promise<void> {
    await this.#inbox.until(`${times} attempts`, () => this.attempts >= times);
  }

  receive(body: Buffer, headers: IncomingMessage['headers']): PushAnswer {
    this.attempts++;
    const answer = this.answers.shift() ?? this.answer;
    if (answer.status === 201) {
      this.pushes.push({ says: JSON.parse(this.#decrypt(body)) as Pushed, headers });
    }
    this.#inbox.changed();
    return answer;
  }

  /** Decrypts `aes128gcm` (RFC 8188) with the keys of Web Push (RFC 8291). */
  #decrypt(body: Buffer): string {
    const salt = body.subarray(0, 16);
    const keyLength = body[20]!;
    const theirs = body.subarray(21, 21 + keyLength);
    const sealed = body.subarray(21 + keyLength);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#keys.getPublicKey(), theirs]);
    const shared = this.#keys.computeSecret(theirs);
    const secret = Buffer.from(hkdfSync('sha256', shared, this.#auth, info, 32));
    const derive = (name: string, length: number) =>
      Buffer.from(
        hkdfSync('sha256', secret, salt, Buffer.from(`Content-Encoding: ${name}\0`), length),
      );
    const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
    decipher.setAuthTag(sealed.subarray(-16));
    const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8');
  }
}
