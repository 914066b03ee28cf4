import type { CloseCode } from '../../protocol/codes/close-codes.ts';
import { deferrable, ephemeral } from '../../protocol/events.ts';
import { eventLine } from '../../protocol/frames.ts';
import type { RoomEvent } from '../effects.ts';
import type { Connection } from '../ports.ts';
import type { Connections } from '../presence/connections.ts';
import type { Audience } from './audience.ts';
import type { Frame } from './frame.ts';
import { type Entry, frameOf, ownFrame, type Span } from './framing.ts';

interface Ending {
  connection: Connection;
  code: CloseCode;
  reason: string;
}

/** A connection that gets a frame of its own, and when it was joined, if that has changed. */
interface Recipient {
  connection: Connection;
  spans?: readonly Span[];
}

/** What one flush hands out. */
interface Batch {
  entries: readonly Entry[];
  own: ReadonlyMap<string, Recipient>;
  endings: readonly Ending[];
  /** The entries for everyone wait for the next flush. */
  isDeferred: boolean;
}

/**
 * What was decided and waits to be stored before it leaves: one list of entries for the room. Most
 * connections get all of it as one shared frame; a connection with a line of its own, or that joined
 * or left in between, gets a frame made for it.
 */
export class Outbox {
  readonly #connections: Connections;
  #entries: Entry[] = [];
  /** Connections with an entry of their own or that is not for them, by id. */
  #own = new Map<string, Recipient>();
  /** Connections that have joined or left since the first entry, by id. */
  #spans = new Map<string, Required<Recipient>>();
  #endings = new Map<string, Ending>();
  /** How many entries, all of them the first, were deferred at the last flush. */
  #deferred = 0;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Whether a flush would hand out anything. @param mayDefer as for `flush` */
  isDue(mayDefer: boolean): boolean {
    const isNew = this.#entries.length > this.#deferred || this.#endings.size > 0;
    return isNew || (!mayDefer && this.#deferred > 0);
  }

  /** Records a line for one connection; `position` in the reply to a durable change. */
  reply(connection: Connection, line: string, position?: string): void {
    const { id } = connection.state;
    this.#own.set(id, { connection });
    const audience = { to: 'connection' as const, id };
    this.#entries.push({ line, audience, position, ephemeral: false, deferrable: false });
  }

  /** Records an event; it is encoded once for all its connections. */
  broadcast({ name, payload }: RoomEvent, audience: Audience, position?: string): void {
    if (audience.to !== 'everyone') {
      for (const connection of this.#connections.in(audience)) this.#makeOwn(connection);
    } else if (audience.except !== undefined) {
      const connection = this.#connections.byId.get(audience.except);
      if (connection !== undefined) this.#own.set(audience.except, { connection });
    }
    this.#entries.push({
      line: eventLine(name, payload),
      audience,
      position,
      ephemeral: ephemeral.has(name),
      deferrable: deferrable.has(name) && audience.to === 'everyone',
    });
  }

  /** From here on a connection gets what everyone gets. */
  joined(connection: Connection): void {
    const { spans = [] } = this.#spans.get(connection.state.id) ?? {};
    this.#setSpans(connection, [...spans, { from: this.#entries.length, to: Infinity }]);
  }

  /** From here on a connection gets only what is for it alone. */
  left(connection: Connection): void {
    const { spans = [{ from: 0, to: Infinity }] } = this.#spans.get(connection.state.id) ?? {};
    const to = this.#entries.length;
    this.#setSpans(
      connection,
      spans.map((span) => (span.to === Infinity ? { from: span.from, to } : span)),
    );
  }

  /** Closes a connection at the next flush, after what is due to it by now. */
  end(connection: Connection, code: CloseCode, reason: string): void {
    if (connection.state.joined) this.left(connection);
    this.#endings.set(connection.state.id, { connection, code, reason });
  }

  /** Forgets a connection that is gone. */
  drop(connection: Connection): void {
    this.#setSpans(connection, []);
  }

  /**
   * Hands everything due to its connections. Call it once that is stored: at once where an output
   * gate holds frames back (edge), after the commit where none does (Node).
   * @param everyone all connections of the room
   * @param send takes each connection that has something due, with its frame
   * @param mayDefer whether deferrable events wait when there is nothing else for everyone.
   * Connections with something else due get them all the same, in their place.
   * @returns whether a deferrable event has left in the shared frame
   */
  flush(
    everyone: Iterable<Connection>,
    send: (connection: Connection, frame: Frame) => void,
    mayDefer: boolean,
  ): boolean {
    const { entries, own, endings, isDeferred } = this.#take(mayDefer);
    for (const { connection, spans } of own.values()) {
      const frame = ownFrame(connection, entries, spans);
      if (frame !== undefined) send(connection, frame);
    }
    const forEveryone = entries.filter(({ audience }) => audience.to === 'everyone');
    const shared = isDeferred ? undefined : frameOf(forEveryone);
    let sent = 0;
    if (shared !== undefined) {
      for (const connection of everyone) {
        const { id, joined } = connection.state;
        if (!joined || own.has(id)) continue;
        send(connection, shared);
        sent++;
      }
    }
    for (const { connection, code, reason } of endings) connection.close(code, reason);
    return sent > 0 && entries.some(({ deferrable }) => deferrable);
  }

  /** Empties the outbox, before anything is sent: sending may end connections. */
  #take(mayDefer: boolean): Batch {
    const entries = this.#entries;
    const isDeferred =
      mayDefer &&
      entries.every(({ audience, deferrable }) => audience.to !== 'everyone' || deferrable);
    // Connections that already received a deferred event get their own frame.
    const own = isDeferred ? this.#own : new Map([...this.#spans, ...this.#own]);
    for (const [id, { connection }] of own) {
      const known = this.#spans.get(id);
      if (known !== undefined) own.set(id, { connection, spans: known.spans });
    }
    const endings = [...this.#endings.values()];
    this.#entries = isDeferred ? entries.filter(({ audience }) => audience.to === 'everyone') : [];
    this.#deferred = this.#entries.length;
    this.#own = new Map();
    this.#endings = new Map();
    if (this.#deferred === 0) this.#spans = new Map();
    else this.#keepSpans(own);
    return { entries, own, endings, isDeferred };
  }

  /** Connections that have got deferred entries now do not get them a second time. */
  #keepSpans(own: ReadonlyMap<string, Recipient>): void {
    for (const [id, { connection }] of own) {
      const spans = connection.state.joined ? [{ from: this.#deferred, to: Infinity }] : [];
      this.#spans.set(id, { connection, spans });
    }
  }

  #makeOwn(connection: Connection): void {
    this.#own.set(connection.state.id, { connection });
  }

  #setSpans(connection: Connection, spans: readonly Span[]): void {
    this.#makeOwn(connection);
    this.#spans.set(connection.state.id, { connection, spans });
  }
}
