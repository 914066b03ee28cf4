import type { CloseCode } from '../../protocol/codes/close-codes.ts';
import { ephemeral, type EventName, type EventPayload } from '../../protocol/events.ts';
import { eventLine } from '../../protocol/frames.ts';
import { Frame } from './frame.ts';
import type { Connection } from '../ports.ts';

/** A line that is due, in the order it became so. */
interface Entry {
  line: string;
  /** For a durable change: where the room stands with it. */
  position?: string | undefined;
  ephemeral: boolean;
  /** May stay behind at a flush, for others like it to leave with it. */
  patient: boolean;
  /** For this connection alone. */
  only?: Connection;
  /** For everyone but this connection. */
  except?: Connection | undefined;
}

/** A part of what is due, for a connection that joined or left meanwhile. */
interface Span {
  from: number;
  to: number;
}

interface Ending {
  code: CloseCode;
  reason: string;
}

/**
 * Where what was decided waits until it is stored. One queue for the room serves every connection:
 * most hear all of it, as one shared frame; only those with a line of their own, or an event they
 * caused, get a frame made for them.
 */
export class Outbox {
  #entries: Entry[] = [];
  #special = new Set<Connection>();
  #spans = new Map<Connection, Span[]>();
  #endings = new Map<Connection, Ending>();
  /** How many entries, all of them the first, have stayed behind at a flush. */
  #stayed = 0;

  /** Whether nothing was decided since the last flush. */
  get isEmpty(): boolean {
    return this.#entries.length === this.#stayed && this.#endings.size === 0;
  }

  /** Whether something has stayed behind. */
  get isWaiting(): boolean {
    return this.#stayed > 0;
  }

  /** A line for one connection; with `position`, the reply to a durable change. */
  reply(to: Connection, line: string, position?: string): void {
    this.#special.add(to);
    this.#entries.push({ line, only: to, ephemeral: false, patient: false, position });
  }

  /** An event for one connection. */
  tellOne<N extends EventName>(to: Connection, name: N, payload: EventPayload<N>): void {
    this.#special.add(to);
    const line = eventLine(name, payload);
    this.#entries.push({ line, only: to, ephemeral: ephemeral.has(name), patient: false });
  }

  /** An event for everyone who has joined, but for the connection that caused it. */
  tell<N extends EventName>(
    name: N,
    payload: EventPayload<N>,
    about: { except?: Connection | undefined; position?: string | undefined } = {},
  ): void {
    if (about.except !== undefined) this.#special.add(about.except);
    this.#entries.push({
      ...about,
      line: eventLine(name, payload),
      ephemeral: ephemeral.has(name),
      patient: name === 'userJoined',
    });
  }

  /** From here on `connection` hears what everyone hears. */
  joined(connection: Connection): void {
    this.#special.add(connection);
    const spans = this.#spans.get(connection) ?? [];
    this.#spans.set(connection, [...spans, { from: this.#entries.length, to: Infinity }]);
  }

  /** From here on `connection` hears only what is for it alone. */
  left(connection: Connection): void {
    this.#special.add(connection);
    const spans = this.#spans.get(connection) ?? [{ from: 0, to: Infinity }];
    const to = this.#entries.length;
    this.#spans.set(
      connection,
      spans.map((span) => (span.to === Infinity ? { from: span.from, to } : span)),
    );
  }

  /** Closes a connection behind what is due to it; it hears nothing that comes later. */
  end(connection: Connection, code: CloseCode, reason: string): void {
    if (connection.state.joined) this.left(connection);
    this.#endings.set(connection, { code, reason });
  }

  isEnding(connection: Connection): boolean {
    return this.#endings.has(connection);
  }

  /** Forgets a connection that is gone. */
  drop(connection: Connection): void {
    this.#special.add(connection);
    this.#spans.set(connection, []);
  }

  /**
   * Hands everything due to its connections. To be called once it is stored: at once where an output
   * gate holds frames back (edge), after the commit where none does (Node).
   * @param send gets each connection that has something due, with its frame
   * @param mayStay whether what is patient stays behind, when there is nothing else for everyone.
   * Connections with something else due get it all the same, in its place.
   * @returns whether those who had nothing else due were told of something patient
   */
  flush(
    everyone: Iterable<Connection>,
    send: (connection: Connection, frame: Frame) => void,
    mayStay = false,
  ): boolean {
    const entries = this.#entries;
    const spans = this.#spans;
    const endings = this.#endings;
    const shared = entries.filter((entry) => entry.only === undefined);
    const stays = mayStay && shared.every((entry) => entry.patient);
    // Who has heard of some before they stayed behind is not like everyone.
    const special = stays ? this.#special : new Set([...spans.keys(), ...this.#special]);
    this.#entries = stays ? shared : [];
    this.#stayed = this.#entries.length;
    this.#special = new Set();
    this.#spans = this.#stayed > 0 ? new Map(spans) : new Map();
    this.#endings = new Map();
    // Before anything is sent, for that may be what makes a connection end.
    for (const connection of this.#stayed > 0 ? special : []) {
      const from = connection.state.joined ? [{ from: this.#stayed, to: Infinity }] : [];
      this.#spans.set(connection, from);
    }
    for (const connection of special) {
      const heardSpans = spans.get(connection);
      const heard = entries.filter((entry, at) => isFor(connection, entry, at, heardSpans));
      const frame = frameOf(heard);
      if (frame !== undefined) send(connection, frame);
    }
    const frame = stays ? undefined : frameOf(shared);
    let told = 0;
    if (frame !== undefined) {
      for (const connection of everyone) {
        if (!connection.state.joined || special.has(connection)) continue;
        send(connection, frame);
        told++;
      }
    }
    for (const [connection, { code, reason }] of endings) connection.close(code, reason);
    return told > 0 && shared.some((entry) => entry.patient);
  }
}

function isFor(
  connection: Connection,
  entry: Entry,
  at: number,
  spans: readonly Span[] | undefined,
): boolean {
  if (entry.only !== undefined) return entry.only === connection;
  if (entry.except === connection) return false;
  if (spans === undefined) return connection.state.joined;
  return spans.some(({ from, to }) => at >= from && at < to);
}

function frameOf(entries: readonly Entry[]): Frame | undefined {
  if (entries.length === 0) return undefined;
  return new Frame(
    entries.map((entry) => entry.line),
    entries.findLast((entry) => entry.position !== undefined)?.position,
    entries.every((entry) => entry.ephemeral),
  );
}
