import { costOf } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { plan, type PlannedEffect } from '../effects.ts';
import type { Database } from '../storage/database.ts';
import type { ActorName } from '../context.ts';
import type { Connection, ConnectionState, Log, Name } from '../ports.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { nameOf } from './names.ts';
import type { RateLimits } from './rate-limits.ts';
import { renamed } from './renaming.ts';
import { revocations } from './revocations.ts';
import type { TokenExpiry } from './token-expiry.ts';

/** Replaces the tokens of connections by newer ones, and the names of users by the names in those. */
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
    connection.update({ identity, ...newName(connection, nameIn(identity)) });
    this.#tokenExpiry.watch(connection);
    this.rename(connection);
    const { id } = connection.state;
    this.#apply(revocations(this.#upkeep.context(), { to: 'connection', id }));
    return { expiresAt: identity.expiresAt };
  }

  /** Shows an online user under the name in a connection's token, if that is new. */
  rename(connection: Connection): void {
    const { identity, silent } = connection.state;
    const name = nameIn(identity);
    if (name === undefined || silent) return;
    try {
      this.#rename(connection, { userId: identity.userId, ...name });
    } catch (error) {
      // Storage failed, or the name changes too often: the user's next message stores the name.
      if (!(error instanceof Refusal)) this.#log.failure('rename', error);
    }
  }

  #rename({ state }: Connection, { userId, ...name }: ActorName): void {
    const { presence, connections } = this.#upkeep.parts;
    const before = presence.nameOf(userId);
    if (before === undefined || isSame(before, name)) return;
    this.#rates.charge(userId, costOf('refreshToken', state.identity));
    const { effects } = this.#database.atomic(() => {
      const context = this.#upkeep.context();
      const decision = renamed(context, { userId, ...name }, state.id);
      return plan(context, decision, this.#upkeep.wakeAt);
    });
    presence.rename(userId, name);
    for (const other of connections.ofUser(userId)) {
      if (other.state.identity.name !== undefined) other.update(newName(other, name));
    }
    this.#apply(effects);
  }
}

/** The change of a connection's name to the one in a token; none while the connection has no name. */
function newName({ state }: Connection, name: Name | undefined): Pick<ConnectionState, 'name'> {
  return name !== undefined && state.name !== undefined ? { name } : {};
}

/** The name in a token, if it has one. */
function nameIn(identity: Identity): Name | undefined {
  return identity.name === undefined ? undefined : nameOf(identity, undefined, 'username');
}

function isSame(before: Name, name: Name): boolean {
  return (
    before.username === name.username &&
    before.unverified === name.unverified &&
    before.bot === name.bot
  );
}
