import type { Problem } from '../protocol/codes/errors.ts';
import { TOKEN_EXPIRED } from './closing.ts';
import type { Environment, Socket, SocketListener } from './environment.ts';
import { badToken, Refused } from './refused.ts';
import type { Tokens } from './tokens.ts';

/** The token by which a guest stays the same guest. */
export interface Guest {
  token: string | null | undefined;
}

export interface DialerOptions {
  /** The address of the room's socket, without `since`. */
  url: URL;
  tokens: Tokens;
  /** The guest that this is without a token. */
  guest: Guest;
}

/** Opens sockets to one room, with a new token after the last one was not accepted. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #environment: Environment;
  /** By this name the server recognises earlier connections of this client, and replaces them. */
  readonly #session: string;
  /** The token in use. */
  token: string | undefined;
  /** Whether the token in use was not accepted. */
  #isSpent = false;
  #wasRenewed = false;

  constructor(options: DialerOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#session = environment.makeId();
  }

  /** The token for the next socket; undefined for a guest. @throws Refused when there can be none */
  nextToken(): Promise<string | undefined> {
    return this.#options.tokens.get(this.#isSpent ? this.token : undefined);
  }

  /** @param position where to resume @throws Refused where the platform does not accept the token's form */
  open(token: string | undefined, position: string | undefined, listener: SocketListener): Socket {
    this.token = token;
    this.#wasRenewed = this.#isSpent;
    this.#isSpent = false;
    try {
      return this.#environment.open(this.#address(position), this.#protocols(), listener);
    } catch {
      // The next attempt asks for another one, where there can be one.
      this.#isSpent = this.#options.tokens.canRenew;
      throw new Refused(badToken);
    }
  }

  /**
   * The server has closed the socket.
   * @param problem the one that it sent before
   * @returns whether the reason is the token, and another one can be tried
   */
  closed(code: number, problem: Problem | undefined): boolean {
    const { canRenew } = this.#options.tokens;
    const isOver = code === TOKEN_EXPIRED || problem?.code === 'token_expired';
    const unauthorized = problem?.code === 'unauthorized';
    // A token that was accepted before may have been signed with a secret that is no longer used.
    this.#isSpent = isOver || (unauthorized && canRenew && !this.#wasRenewed);
    return this.#isSpent;
  }

  #address(position: string | undefined): string {
    const url = new URL(this.#options.url);
    url.searchParams.set('session', this.#session);
    if (position !== undefined) {
      url.searchParams.set('since', position);
      url.searchParams.delete('history');
    }
    return url.href;
  }

  /** The subprotocols that carry the credentials. */
  #protocols(): string[] {
    const { guest } = this.#options;
    const protocols = ['parlor.v1'];
    if (this.token !== undefined) protocols.push(`bearer.${this.token}`);
    else if (guest.token) protocols.push(`guest.${guest.token}`);
    return protocols;
  }
}
