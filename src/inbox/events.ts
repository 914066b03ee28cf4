import type { Limits } from '../protocol/codes/limits.ts';
import type { InboxEventName, InboxEventPayload } from '../protocol/inbox-events.ts';
import type { Outbox } from '../room/broadcast/outbox.ts';
import type { Connection } from '../room/ports.ts';
import type { Connections } from '../room/presence/connections.ts';
import { isVisibleTo, shown, totalsOf } from './conversations/shown.ts';
import type { StoredConversation } from './storage/conversations.ts';
import type { InboxStores } from './storage/stores.ts';
import type { Changes } from './writer.ts';

/** Sends a user's connections the changes of their inbox. */
export class InboxEvents {
  readonly #stores: InboxStores;
  readonly #outbox: Outbox;
  readonly #connections: Connections;
  readonly #limits: Limits;
  /** The last totals sent to each connection, as JSON, by connection id. */
  readonly #totals = new Map<string, string>();

  constructor(stores: InboxStores, outbox: Outbox, connections: Connections, limits: Limits) {
    this.#stores = stores;
    this.#outbox = outbox;
    this.#connections = connections;
    this.#limits = limits;
  }

  /**
   * Sends changes and new totals.
   * @param actor the connection that gets the changes in its reply instead
   */
  broadcast({ userId, conversations }: Changes, actor: Connection | undefined): void {
    const joined = this.#connections.joinedOf(userId);
    if (conversations.size === 0 || joined.length === 0) return;
    const position = this.#stores.accounts.positionOf(userId);
    for (const { stored, isWhole } of conversations.values()) {
      for (const connection of joined) {
        if (connection !== actor) this.#sendChange(connection, stored, isWhole, position);
      }
    }
    for (const connection of joined) this.#sendTotals(connection);
  }

  /** Sends counts that are not stored to the user's connections. */
  show(userId: string, counted: StoredConversation): void {
    for (const connection of this.#connections.joinedOf(userId)) {
      this.#sendChange(connection, counted, false, undefined);
    }
  }

  /** Records the totals that a connection got in a reply. */
  recordTotals({ state }: Connection, totals: object): void {
    this.#totals.set(state.id, JSON.stringify(totals));
  }

  forget({ state }: Connection): void {
    this.#totals.delete(state.id);
  }

  #sendChange(
    connection: Connection,
    stored: StoredConversation,
    isWhole: boolean,
    position: string | undefined,
  ): void {
    const { roomId, gone, inboxRev: rev } = stored;
    if (!isVisibleTo(connection.state.identity, roomId, this.#limits)) return;
    if (gone) this.#send(connection, 'conversationRemoved', { roomId, rev }, position);
    else this.#send(connection, 'conversationUpdated', shown(stored, isWhole), position);
  }

  #sendTotals(connection: Connection): void {
    const { identity, id } = connection.state;
    const totals = totalsOf({ ...this.#stores, limits: this.#limits }, identity);
    if (this.#totals.get(id) === JSON.stringify(totals)) return;
    this.recordTotals(connection, totals);
    this.#send(connection, 'inboxTotals', totals, undefined);
  }

  #send<N extends InboxEventName>(
    { state }: Connection,
    name: N,
    payload: InboxEventPayload<N>,
    position: string | undefined,
  ): void {
    this.#outbox.broadcast({ name, payload }, { to: 'connection', id: state.id }, position);
  }
}
