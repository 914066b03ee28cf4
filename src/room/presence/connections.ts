import type { Audience } from '../broadcast/audience.ts';
import type { Connection, Roster } from '../ports.ts';

/**
 * The connections that can still be reached, joined or not, by id and by user. An index over the
 * roster in memory, built when the room wakes.
 */
export class Connections {
  readonly byId = new Map<string, Connection>();
  /** Lists, since most users have one connection: a set of one takes four times as much. */
  readonly #byUser = new Map<string, Connection[]>();

  constructor(roster: Roster) {
    for (const connection of roster.connections()) this.add(connection);
    for (const group of roster.groups ?? []) {
      for (const connection of group.connections()) this.add(connection);
    }
  }

  add(connection: Connection): void {
    const { id, identity } = connection.state;
    this.byId.set(id, connection);
    const others = this.#byUser.get(identity.userId);
    if (others === undefined) this.#byUser.set(identity.userId, [connection]);
    else if (!others.includes(connection)) others.push(connection);
  }

  remove(connection: Connection): void {
    const { id, identity } = connection.state;
    this.byId.delete(id);
    const others = this.ofUser(identity.userId).filter((other) => other !== connection);
    if (others.length > 0) this.#byUser.set(identity.userId, others);
    else this.#byUser.delete(identity.userId);
  }

  get hasQuiet(): boolean {
    for (const { state } of this.byId.values()) if (state.quiet) return true;
    return false;
  }

  /** All of a user's connections, joined or not. */
  ofUser(userId: string): Connection[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  /** A user's joined connections, silent ones included. */
  joinedOf(userId: string): Connection[] {
    return this.ofUser(userId).filter(({ state }) => state.joined);
  }

  /** All joined connections, silent ones included, grouped by user. */
  joined(): Connection[] {
    return [...this.#byUser.keys()].flatMap((userId) => this.joinedOf(userId));
  }

  /** The connections of an audience, joined or not. */
  in(audience: Audience): Connection[] {
    if (audience.to === 'user') return this.ofUser(audience.userId);
    if (audience.to === 'everyone') {
      return [...this.byId.values()].filter(({ state }) => state.id !== audience.except);
    }
    const connection = this.byId.get(audience.id);
    return connection === undefined ? [] : [connection];
  }
}
