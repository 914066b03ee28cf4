import type { CloseCode } from '../../protocol/codes/close-codes.ts';
import { deferrable, ephemeral } from '../../protocol/events.ts';
import { eventLine } from '../../protocol/frames.ts';
import { reserved } from '../../protocol/signals.ts';
import type { Connection, ConnectionGroup } from '../ports.ts';
import type { Connections } from '../presence/connections.ts';
import type { Audience } from './audience.ts';
import type { Frame } from './frame.ts';
import { type Entry, frameOf, ownFrame, type Span } from './framing.ts';

/** An event of a room or of an inbox. */
interface NamedEvent {
  name: string;
  payload: unknown;
  /** The arguments of a signal after its first one. */
  more?: readonly unknown[];
}

interface Ending {
  connection: Connection;
  code: CloseCode;
  reason: string;
}

/** A connection that gets a frame of its own, and when it was joined, if that changed. */
interface Recipient {
  connection: Connection;
  spans?: readonly Span[];
}

/** What a flush has done. */
export interface Flushed {
  /** Whether anything was due. */
  wasDue: boolean;
  /** Whether a deferrable event has left in the shared frame. */
  hasSentDeferrable: boolean;
  /** Whether deferrable events wait for a later flush. */
  hasDeferred: boolean;
}

/** What one flush sends. */
interface Batch {
  entries: readonly Entry[];
  /** The entries for everyone, unless they wait for the next flush. */
  shared: readonly Entry[];
  /** Whether any entry may wait for the next flush. */
  hasDeferrable: boolean;
  own: ReadonlyMap<string, Recipient>;
  endings: readonly Ending[];
}

/**
 * Lines that were decided and wait to be stored before they leave: one list of entries for the room.
 * Most connections get all of them as one shared frame; a connection with a line of its own, or one
 * that joined or left in between, gets a frame made for it.
 */
export class Outbox {
  readonly #connections: Connections;
  #entries: Entry[] = [];
  /** Connections that have an entry of their own, or that one entry is not for, by id. */
  #own = new Map<string, Recipient>();
  /** Connections that have joined or left since the first entry, by id. */
  #spans = new Map<string, Required<Recipient>>();
  #endings = new Map<string, Ending>();
  /** How many entries were deferred at the last flush; they are the first in the list. */
  #deferred = 0;
  /** Text of the entries for several connections, in UTF-16 units. */
  #sharedText = 0;
  /** Text of all replies so far, in UTF-16 units. */
  repliedText = 0;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** The last waiting line for one connection alone; empty when there is none. */
  get lastReply(): string {
    return this.#entries.findLast(({ audience }) => audience.to === 'connection')?.line ?? '';
  }

  /**
   * About how much text for several connections the frames of single ones will repeat, in UTF-16 units.
   * @param more how much of it comes next
   */
  repeatedText(more: number): number {
    return this.#own.size * (this.#sharedText + more);
  }

  /** Records a line for one connection; `position` in the reply to a durable change. */
  reply(connection: Connection, line: string, position?: string): void {
    const { id } = connection.state;
    this.#own.set(id, { connection });
    this.repliedText += line.length;
    const audience = { to: 'connection' as const, id };
    this.#entries.push({ line, audience, position, ephemeral: false, deferrable: false });
  }

  /** Records an event; it is encoded once for all its connections. */
  broadcast(
    { name, payload, more = [] }: NamedEvent,
    audience: Audience,
    position?: string,
  ): Entry {
    if (audience.to !== 'everyone') {
      for (const connection of this.#connections.in(audience)) this.#makeOwn(connection);
    } else if (audience.except !== undefined) {
      const connection = this.#connections.byId.get(audience.except);
      if (connection !== undefined) this.#own.set(audience.except, { connection });
    }
    const isEphemeral = ephemeral.has(name) || !reserved.has(name);
    const entry: Entry = {
      line: eventLine(name, payload, ...more),
      audience,
      position,
      ephemeral: isEphemeral,
      loud: isEphemeral && name !== 'presence',
      deferrable: deferrable.has(name) && audience.to === 'everyone',
    };
    this.#entries.push(entry);
    if (audience.to !== 'connection') this.#sharedText += entry.line.length;
    return entry;
  }

  /** Records that from here on a connection gets the entries for everyone. */
  joined(connection: Connection): void {
    const { spans = [] } = this.#spans.get(connection.state.id) ?? {};
    this.#setSpans(connection, [...spans, { from: this.#entries.length, to: Infinity }]);
  }

  /** Records that from here on a connection gets only entries for itself alone. */
  left(connection: Connection): void {
    const { spans = [{ from: 0, to: Infinity }] } = this.#spans.get(connection.state.id) ?? {};
    const to = this.#entries.length;
    this.#setSpans(
      connection,
      spans.map((span) => (span.to === Infinity ? { from: span.from, to } : span)),
    );
  }

  /** Closes a connection at the next flush, after sending what is due to it by now. */
  end(connection: Connection, code: CloseCode, reason: string): void {
    if (connection.state.joined) this.left(connection);
    this.#endings.set(connection.state.id, { connection, code, reason });
  }

  /** Forgets a connection that is gone. */
  drop(connection: Connection): void {
    this.#setSpans(connection, []);
  }

  /**
   * Sends everything due. Call it once that is stored: immediately where an output gate holds frames
   * back (edge), after the commit where there is none (Node).
   * @param everyone all connections of the room, apart from those in groups
   * @param send called with each connection that has something due, and its frame
   * @param mayDefer whether deferrable events wait when there is nothing else for everyone. Connections
   * with something else due get them now, in their order.
   * @param groups get the shared frame once each
   */
  flush(
    everyone: Iterable<Connection>,
    send: (connection: Connection, frame: Frame) => void,
    mayDefer: boolean,
    groups: Iterable<ConnectionGroup> = [],
  ): Flushed {
    const isNew = this.#entries.length > this.#deferred || this.#endings.size > 0;
    if (!isNew && (mayDefer || this.#deferred === 0)) {
      return { wasDue: false, hasSentDeferrable: false, hasDeferred: this.#deferred > 0 };
    }
    const { entries, shared, hasDeferrable, own, endings } = this.#take(mayDefer);
    for (const { connection, spans } of own.values()) {
      const frame = ownFrame(connection, entries, spans);
      if (frame !== undefined) send(connection, frame);
    }
    const frame = frameOf(shared);
    let sent = 0;
    if (frame !== undefined) {
      for (const connection of everyone) {
        const { id, joined, quiet } = connection.state;
        if (!joined || own.has(id)) continue;
        const its = quiet === true ? frame.quiet : frame;
        if (its === undefined) continue;
        send(connection, its);
        sent++;
      }
      for (const group of groups) if (group.share(frame, own)) sent++;
    }
    for (const { connection, code, reason } of endings) connection.close(code, reason);
    return {
      wasDue: true,
      hasSentDeferrable: sent > 0 && hasDeferrable,
      hasDeferred: this.#deferred > 0,
    };
  }

  /** Empties the outbox, before anything is sent: sending may end connections. */
  #take(mayDefer: boolean): Batch {
    const entries = this.#entries;
    const shared: Entry[] = [];
    let hasDeferrable = false;
    let isDeferred = mayDefer;
    for (const entry of entries) {
      if (entry.audience.to !== 'everyone') continue;
      shared.push(entry);
      hasDeferrable ||= entry.deferrable;
      isDeferred &&= entry.deferrable;
    }
    // Connections that already received a deferred event get their own frame.
    const own = isDeferred ? this.#own : new Map([...this.#spans, ...this.#own]);
    for (const [id, { connection }] of own) {
      const known = this.#spans.get(id);
      if (known !== undefined) own.set(id, { connection, spans: known.spans });
    }
    const endings = [...this.#endings.values()];
    this.#entries = isDeferred ? shared : [];
    this.#deferred = this.#entries.length;
    this.#sharedText = this.#entries.reduce((sum, { line }) => sum + line.length, 0);
    this.#own = new Map();
    this.#endings = new Map();
    if (this.#deferred === 0) this.#spans = new Map();
    else this.#keepSpans(own);
    return { entries, shared: isDeferred ? [] : shared, hasDeferrable, own, endings };
  }

  /** Keeps connections that were sent deferred entries now from getting them a second time. */
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
