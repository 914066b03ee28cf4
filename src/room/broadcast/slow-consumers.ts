import { fixed } from '../../protocol/codes/limits.ts';
import type { Outbox } from './outbox.ts';
import type { Connection, Timer } from '../ports.ts';
import type { Presence } from '../presence/presence.ts';

/**
 * Connections that lost something ephemeral because they could not keep up. As soon as they can,
 * they are told `presence`, after which names need not match what came before it: so their client
 * knows to ask who is here. One that cannot for long is sent away to resume.
 */
export class SlowConsumers {
  readonly #roomId: string;
  readonly #outbox: Outbox;
  readonly #presence: Presence;
  readonly #timer: Timer;
  readonly #sendAway: (connection: Connection) => void;
  /** How often each was told in vain. */
  readonly #behind = new Map<Connection, number>();
  /** The same of those told last, who come back into `#behind` if that was in vain too. */
  #told: ReadonlyMap<Connection, number> = new Map();

  constructor(
    roomId: string,
    outbox: Outbox,
    presence: Presence,
    timer: Timer,
    sendAway: (connection: Connection) => void,
  ) {
    this.#roomId = roomId;
    this.#outbox = outbox;
    this.#presence = presence;
    this.#timer = timer;
    this.#sendAway = sendAway;
  }

  add(connection: Connection): void {
    if (this.#behind.has(connection)) return;
    if (this.#behind.size === 0) this.#timer.after(fixed.laggardEveryMs, () => this.#tell());
    this.#behind.set(connection, this.#told.get(connection) ?? 0);
  }

  #tell(): void {
    const behind = [...this.#behind].filter(([{ open, state }]) => open && state.joined);
    this.#behind.clear();
    this.#told = new Map(behind.map(([connection, tries]) => [connection, tries + 1]));
    const presence = { roomId: this.#roomId, onlineCount: this.#presence.count };
    for (const [connection, tries] of behind) {
      if (tries < fixed.laggardTries) this.#outbox.tellOne(connection, 'presence', presence);
      else this.#sendAway(connection);
    }
  }
}
