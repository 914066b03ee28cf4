import { connect, type Socket } from 'node:net';

/** A TCP connection on which the test writes every byte. */
export class BareConnection {
  readonly #socket: Socket;
  readonly #watchers = new Set<() => void>();
  #came = Buffer.alloc(0);
  #isOver = false;

  /** @param isStubborn whether it stays open after the other side has ended its half */
  constructor(url: string, { isStubborn = false } = {}) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ port: Number(port), host: hostname, allowHalfOpen: isStubborn });
    this.#socket.on('data', (bytes) => {
      this.#came = Buffer.concat([this.#came, bytes]);
      this.#changed();
    });
    this.#socket.on('error', () => undefined);
    for (const end of ['end', 'close']) {
      this.#socket.on(end, () => {
        this.#isOver = true;
        this.#changed();
      });
    }
  }

  /** All received bytes, one character each. */
  get text(): string {
    return this.#came.toString('latin1');
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /**
   * Writes the same bytes repeatedly, as fast as the other side reads them, until the connection ends.
   * @returns how many bytes were sent
   */
  async pour(bytes: Buffer): Promise<number> {
    const socket = this.#socket;
    const write = (done: () => void) => void socket.write(bytes, done);
    while (socket.writable) await new Promise<void>(write);
    await this.ended();
    return socket.bytesWritten - socket.writableLength;
  }

  /** Stops reading, so that the host's unsent bytes grow. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Waits until the received text matches; rejects if the connection ends first. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(this.text);
        if (found !== null) resolve(found);
        else if (this.#isOver) reject(new Error(`It ended before ${pattern}: ${this.text}`));
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Waits until the other side has ended it. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.#isOver) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #changed(): void {
    for (const look of this.#watchers) look();
  }
}

/** A WebSocket upgrade request as text; `headers` replace or add to the usual ones. */
export function upgradeRequest(path: string, headers: Record<string, string> = {}): string {
  const all = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

export interface FrameParts {
  opcode: number;
  payload?: string | Buffer;
  /** Whether it is the last frame of its message (FIN). */
  isLast?: boolean;
  /** Whether it is marked as compressed (RSV1). */
  isCompressed?: boolean;
  /** Whether it is masked, as RFC 6455 requires of clients. */
  isMasked?: boolean;
  /** A false length to announce. */
  length?: bigint;
}

/** A WebSocket frame by RFC 6455, or one that breaks it. */
export function frameOf(parts: FrameParts): Buffer {
  const { opcode, payload = '', isLast = true, isCompressed = false, isMasked = true } = parts;
  const body = Buffer.from(payload);
  const first = (isLast ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode;
  const mask = isMasked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0);
  const masked = Buffer.from(body.map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
  const length = parts.length ?? BigInt(body.length);
  return Buffer.concat([Buffer.of(first), lengthOf(length, isMasked ? 0x80 : 0), mask, masked]);
}

function lengthOf(length: bigint, masked: number): Buffer {
  if (length < 126n) return Buffer.of(masked | Number(length));
  if (length < 65_536n) {
    const bytes = Buffer.alloc(3, masked | 126);
    bytes.writeUInt16BE(Number(length), 1);
    return bytes;
  }
  const bytes = Buffer.alloc(9, masked | 127);
  bytes.writeBigUInt64BE(length, 1);
  return bytes;
}
