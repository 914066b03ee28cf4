import type { Problem } from '../protocol/codes/errors.ts';
import { TOKEN_EXPIRED, UNAUTHORIZED } from './closing.ts';
import type { Environment, Socket, SocketListener } from './environment.ts';
import { badToken, Refused } from './refused.ts';

/** Credentials of a client. */
export interface Credentials {
  token?: string | undefined;
  guestToken?: string | undefined;
}

export interface DialerOptions {
  /** Where the room is, without `since`. */
  url: URL;
  /** @param spent a token that is of no use any more. Rejects with `Refused` to stay away */
  credentials: (spent?: string) => Promise<Credentials>;
  /** Whether other credentials can be had than the last ones. */
  canRenew: boolean;
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

  /** What the next socket is to show. @throws Refused to stay away */
  credentials(): Promise<Credentials> {
    return this.#options.credentials(this.#isSpent ? this.token : undefined);
  }

  /** A token to take the place of the one in use. */
  async newerToken(): Promise<string | undefined> {
    return (await this.#options.credentials(this.token)).token;
  }

  /** @param position what to come back with @throws Refused where the platform takes no such token */
  open(credentials: Credentials, position: string | undefined, listener: SocketListener): Socket {
    this.token = credentials.token;
    this.#wasRenewed = this.#isSpent;
    this.#isSpent = false;
    try {
      return this.#environment.open(this.#address(position), protocolsOf(credentials), listener);
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
    const { canRenew } = this.#options;
    const isOver = code === TOKEN_EXPIRED || problem?.code === 'token_expired';
    const unauthorized = code === UNAUTHORIZED && problem?.code === 'unauthorized';
    // A token that was good once may have been signed with an older secret.
    if (isOver || (unauthorized && canRenew && !this.#wasRenewed)) this.#isSpent = true;
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
}

/** The subprotocols that carry the credentials. */
function protocolsOf({ token, guestToken }: Credentials): string[] {
  if (token !== undefined) return ['parlor.v1', `bearer.${token}`];
  return guestToken === undefined ? ['parlor.v1'] : ['parlor.v1', `guest.${guestToken}`];
}
