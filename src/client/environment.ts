/**
 * What the client needs of its platform. Time, randomness and sockets are used only through this
 * interface, so that everything else can be tested with fakes.
 */
export interface Environment {
  /** Epoch milliseconds. */
  now(): number;
  /** From 0 up to, not including, 1. */
  random(): number;
  /** A unique id of 1 to 64 characters. */
  makeId(): string;
  /** Calls `work` once, after `ms` milliseconds. @returns cancels it */
  after(ms: number, work: () => void): () => void;
  /** Opens a WebSocket. The listener is called later, never during the call. */
  open(url: string, protocols: string[], listener: SocketListener): Socket;
  /**
   * Calls `look` when the network or the window may be back, and `lost` when the platform says that
   * there is no network.
   * @returns stops these calls
   */
  onWake(look: () => void, lost: () => void): () => void;
}

/** A socket as the client uses it. Neither method throws. */
export interface Socket {
  send(text: string): void;
  close(code: number): void;
}

export interface SocketListener {
  /** A text frame. */
  text(data: string): void;
  /** Called once, at the end; with 1006 where no code is known. */
  closed(code: number, reason: string): void;
}

/** The part of the standard's WebSocket that the client uses. */
export interface WebSocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  addEventListener(type: string, listener: (event: never) => void): void;
}

interface Closed {
  code: number;
  reason: string;
}

/** A class like the standard's `WebSocket`. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike;

interface Target {
  addEventListener(type: string, listener: () => void, options: { signal: AbortSignal }): void;
}

/** What the global object may have; only pages have all of it. */
interface Surroundings extends Partial<Target> {
  document?: Target & { visibilityState: string };
  location?: { href: string };
  WebSocket?: WebSocketClass;
}

const surroundings = globalThis as unknown as Surroundings;

/** The address of a page's own service. */
export function ownUrl(): string {
  return surroundings.location?.href ?? '';
}

const OPEN = 1;
/** The longest delay of a timer, in milliseconds; with a longer one it would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The environment of browsers, of Node from 22 on, and of Workers.
 * @param socketClass instead of the platform's own
 * @throws TypeError where the platform has none
 */
export function platform(socketClass = surroundings.WebSocket): Environment {
  if (socketClass === undefined) {
    throw new TypeError('There is no WebSocket here: use Node 22 or later.');
  }
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    makeId,
    after(ms, work) {
      const timer = setTimeout(work, Math.min(ms, LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
    open(url, protocols, listener) {
      const socket = new socketClass(url, protocols);
      const on = socket.addEventListener.bind(socket);
      on('message', ({ data }: { data: unknown }) => listener.text(String(data)));
      on('close', ({ code, reason }: Closed) => listener.closed(code, reason));
      // A `close` event always follows, and holds as much.
      on('error', () => undefined);
      return {
        send(text) {
          if (socket.readyState === OPEN) socket.send(text);
        },
        close: (code) => socket.close(code),
      };
    },
    onWake,
  };
}

/** 128 random bits. `randomUUID` needs https, which a server on the local network may not have. */
export function makeId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/** Only pages can lose the network, or have a window that is put to sleep. */
function onWake(look: () => void, lost: () => void): () => void {
  const life = new AbortController();
  const { document } = surroundings;
  if (document !== undefined) {
    const lookIfVisible = () => {
      if (document.visibilityState === 'visible') look();
    };
    document.addEventListener('visibilitychange', lookIfVisible, life);
    surroundings.addEventListener?.('online', look, life);
    surroundings.addEventListener?.('offline', lost, life);
  }
  return () => life.abort();
}
