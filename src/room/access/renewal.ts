import { Refusal } from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { plan, type PlannedEffect } from '../effects.ts';
import type { Database } from '../storage/database.ts';
import type { Connection, ConnectionState, Log } from '../ports.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import type { RateLimits } from './rate-limits.ts';
import { renamed } from './renaming.ts';
import { revocations } from './revocations.ts';
import type { TokenExpiry } from './token-expiry.ts';

/** Puts newer tokens in the place of connections' tokens, and the names in them in the place of names. */
export class Renewal {
  readonly #database: Database;
  readonly #upkeep: Upkeep;
  readonly #rates: RateLimits;
  readonly #tokenExpiry: TokenExpiry;
  readonly #log: Log;
  readonly #apply: (effects: readonly PlannedEffect[]) => void;

  constructor(
    database: Database,
    upkeep: Upkeep,
    rates: RateLimits,
    tokenExpiry: TokenExpiry,
    log: Log,
    apply: (effects: readonly PlannedEffect[]) => void,
  ) {
    this.#database = database;
    this.#upkeep = upkeep;
    this.#rates = rates;
    this.#tokenExpiry = tokenExpiry;
    this.#log = log;
    this.#apply = apply;
  }

  /** @throws Refusal `unauthorized` when the newer token is another user's */
  renew(connection: Connection, identity: Identity): { expiresAt: number | undefined } {
    if (identity.userId !== connection.state.identity.userId) {
      throw new Refusal('unauthorized', 'The token is of another user.');
    }
    connection.update({ identity, ...newName(connection, identity.name) });
    this.#tokenExpiry.watch(connection);
    this.rename(connection);
    const { id } = connection.state;
    this.#apply(revocations(this.#upkeep.context(), { to: 'connection', id }));
    return { expiresAt: identity.expiresAt };
  }

  /** Shows an online user under the name in a connection's token, if that is new. */
  rename(connection: Connection): void {
    const { identity, silent } = connection.state;
    const { userId, name: username } = identity;
    if (username === undefined || silent) return;
    try {
      this.#rename(connection, userId, username);
    } catch (error) {
      // Storage fails, or names change too often: the user's next message brings the name.
      if (!(error instanceof Refusal)) this.#log.failure('rename', error);
    }
  }

  #rename({ state }: Connection, userId: string, username: string): void {
    const { presence, connections } = this.#upkeep.parts;
    const before = presence.nameOf(userId);
    if (before === undefined || (before.username === username && !before.unverified)) return;
    this.#rates.charge(userId, 'refreshToken');
    const { effects } = this.#database.atomic(() => {
      const context = this.#upkeep.context();
      const decision = renamed(context, { userId, username }, state.id);
      return plan(context, decision, this.#upkeep.wakeAt);
    });
    presence.rename(userId, { username });
    for (const other of connections.ofUser(userId)) {
      if (other.state.identity.name !== undefined) other.update(newName(other, username));
    }
    this.#apply(effects);
  }
}

/** The name of a connection that already has one, once a token gives its user another. */
function newName(
  { state }: Connection,
  username: string | undefined,
): Pick<ConnectionState, 'name'> {
  return username !== undefined && state.name !== undefined ? { name: { username } } : {};
}
