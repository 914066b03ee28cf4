import {
  createServer,
  connect as dial,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';

/** One client's connection through the proxy. */
interface Pair {
  near: Socket;
  far: Socket;
  /** Bytes that wait while the pair is stalled or dripping, in order, with their direction. */
  held: { to: Socket; bytes: Buffer }[];
  isStalled: boolean;
  /** The size of a drip in bytes; 0 passes everything at once. */
  dribble: number;
  timers: Set<NodeJS.Timeout>;
}

/**
 * A TCP proxy between clients and a host that acts as bad networks do: it cuts, stalls, loses one end
 * unnoticed by the other, and passes bytes in drips. `calm` ends all of that.
 */
export class FaultyProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #ready: Promise<number>;
  /** The drip size for new connections. */
  #dribble = 0;
  #refuses = false;
  /** The host's port; a change applies to new connections. */
  port: number;

  constructor(port: number) {
    this.port = port;
    this.#server = createServer((near) => this.#accept(near, this.port));
    this.#ready = new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  async url(): Promise<string> {
    return `http://127.0.0.1:${await this.#ready}`;
  }

  /** Destroys every connection at both ends. */
  cut(): void {
    for (const pair of this.#pairs) this.#end(pair);
  }

  /** Holds all bytes for `ms` milliseconds, then passes them. */
  stall(ms: number): void {
    for (const pair of this.#pairs) {
      if (pair.isStalled) continue;
      pair.isStalled = true;
      this.#later(pair, ms, () => {
        pair.isStalled = false;
        const held = pair.held.splice(0);
        for (const { to, bytes } of held) this.#pass(pair, to, bytes);
      });
    }
  }

  /** Destroys the host's end unnoticed by the client, or the other way round. */
  halfOpen(isHostLost: boolean): void {
    for (const pair of this.#pairs) {
      pair.isStalled = true;
      pair.held.length = 0;
      (isHostLost ? pair.far : pair.near).destroy();
    }
  }

  /** Passes bytes in drips of this size from now on; 0 passes everything at once. */
  drip(bytes: number): void {
    this.#dribble = bytes;
    for (const pair of this.#pairs) pair.dribble = bytes;
  }

  /** Cuts all connections and refuses new ones from now on, or accepts them again. */
  refuse(refuses: boolean): void {
    this.#refuses = refuses;
    if (refuses) this.cut();
  }

  /** Restores a good network; broken connections are cut, so that both ends notice. */
  calm(): void {
    this.#refuses = false;
    this.drip(0);
    for (const pair of this.#pairs) {
      if (pair.isStalled || pair.near.destroyed || pair.far.destroyed) this.#end(pair);
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket, port: number): void {
    if (this.#refuses) {
      near.destroy();
      return;
    }
    const far = dial(port, '127.0.0.1');
    const pair: Pair = {
      near,
      far,
      held: [],
      isStalled: false,
      dribble: this.#dribble,
      timers: new Set(),
    };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (bytes: Buffer) => this.#pass(pair, to, bytes));
      from.on('error', () => undefined);
      // While the pair is half open, the loss of one end does not end the other.
      from.on('close', () => {
        if (!pair.isStalled) this.#end(pair);
      });
    }
  }

  #pass(pair: Pair, to: Socket, bytes: Buffer): void {
    if (pair.isStalled || pair.held.length > 0) {
      pair.held.push({ to, bytes });
      return;
    }
    if (pair.dribble === 0 || bytes.length <= pair.dribble) {
      if (!to.destroyed) to.write(bytes);
      return;
    }
    to.write(bytes.subarray(0, pair.dribble));
    pair.held.push({ to, bytes: bytes.subarray(pair.dribble) });
    this.#later(pair, 1, () => this.#drain(pair));
  }

  /** Passes the next drip of the waiting bytes, in order. */
  #drain(pair: Pair): void {
    if (pair.isStalled) return;
    const next = pair.held.shift();
    if (next === undefined) return;
    const size = pair.dribble === 0 ? next.bytes.length : pair.dribble;
    if (!next.to.destroyed) next.to.write(next.bytes.subarray(0, size));
    if (next.bytes.length > size) pair.held.unshift({ ...next, bytes: next.bytes.subarray(size) });
    if (pair.held.length > 0) this.#later(pair, 1, () => this.#drain(pair));
  }

  #later(pair: Pair, ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      pair.timers.delete(timer);
      work();
    }, ms);
    pair.timers.add(timer);
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    for (const timer of pair.timers) clearTimeout(timer);
    pair.near.destroy();
    pair.far.destroy();
  }
}
