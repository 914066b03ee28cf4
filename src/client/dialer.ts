import type { Problem } from '../protocol/codes/errors.ts';
import { TOKEN_EXPIRED } from './closing.ts';
import type { Environment, Socket, SocketListener } from './environment.ts';
import { badToken, Refused } from './refused.ts';
import type { Tokens } from './tokens.ts';

/** What makes a guest the same guest again. */
export interface Guest {
  token: string | null | undefined;
}

export interface DialerOptions {
  /** Where the room is, without `since`. */
  url: URL;
  tokens: Tokens;
  /** Who this is without a token. */
  guest: Guest;
}

/** Opens sockets to one room, with a newer token where the last one was not accepted. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #environment: Environment;
  /** By it the server knows what is left of earlier connections, and lets go of that. */
  readonly #session: string;
  /** The one in use. */
  token: string | undefined;
  /** The token in use was not accepted. */
  #isSpent = false;
  #wasRenewed = false;

  constructor(options: DialerOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#session = environment.makeId();
  }

  /** What the next socket is to show; undefined for a guest. @throws Refused to stay away */
  nextToken(): Promise<string | undefined> {
    return this.#options.tokens.get(this.#isSpent ? this.token : undefined);
  }

  /** @param position what to come back with @throws Refused where the platform takes no such token */
  open(token: string | undefined, position: string | undefined, listener: SocketListener): Socket {
    this.token = token;
    this.#wasRenewed = this.#isSpent;
    this.#isSpent = false;
    try {
      return this.#environment.open(this.#address(position), this.#protocols(), listener);
    } catch {
      throw new Refused(badToken);
    }
  }

  /**
   * The server has closed.
   * @param problem what it said before
   * @returns whether the reason is the token, and another one can be tried
   */
  closed(code: number, problem: Problem | undefined): boolean {
    const { canRenew } = this.#options.tokens;
    const isOver = code === TOKEN_EXPIRED || problem?.code === 'token_expired';
    const unauthorized = problem?.code === 'unauthorized';
    // A token that was good once may have been signed with an older secret.
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
