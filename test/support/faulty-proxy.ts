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
  /** Bytes on their way, by direction, while nothing may pass. */
  held: { to: Socket; bytes: Buffer }[];
  isStalled: boolean;
  /** Passes so many bytes at a time. */
  dribble: number;
  timers: Set<NodeJS.Timeout>;
}

/**
 * A network between clients and a host that does what networks do: cuts, stalls, loses one end
 * without telling the other, and lets bytes through in drips. `calm` ends all of that.
 */
export class FaultyProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #ready: Promise<number>;
  /** What new connections get. */
  #dribble = 0;
  #refuses = false;
  /** Where the host listens; another one for connections from then on. */
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

  /** Ends every connection at both ends, without a word. */
  cut(): void {
    for (const pair of this.#pairs) this.#end(pair);
  }

  /** Nothing passes for so long; then all of it does. */
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

  /** The host's end is gone and the client is not told, or the other way round. */
  halfOpen(isHostLost: boolean): void {
    for (const pair of this.#pairs) {
      pair.isStalled = true;
      pair.held.length = 0;
      (isHostLost ? pair.far : pair.near).destroy();
    }
  }

  /** From now on bytes come in drips of this size; 0 for all at once. */
  drip(bytes: number): void {
    this.#dribble = bytes;
    for (const pair of this.#pairs) pair.dribble = bytes;
  }

  /** From now on nobody gets through, or everybody. */
  refuse(refuses: boolean): void {
    this.#refuses = refuses;
    if (refuses) this.cut();
  }

  /** A good network again; what was broken is cut, so that both ends hear of it. */
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
      // An end that is lost is not told to the other while the pair is half open.
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

  /** The next drip; behind the last of them what came meanwhile passes in its order. */
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
