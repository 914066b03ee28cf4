/**
 * Checks the guarantees of a whole run: compares what its clients recorded with the room's messages at
 * the end. It does not use the server's code or connect to a host.
 */

/** A message as clients record it. */
export interface Noted {
  /** Its `seq`, which is also its `rev` while messages are not changed. */
  seq: number;
  /** The client's id of the message. */
  id: string;
  senderId: string;
  text: string;
}

/** One observation of a client on a connection; entries are in the order of observation. */
export type Entry =
  /** It joined at `seq`; `complete` unless further pages of missed messages follow. */
  | { kind: 'joined'; seq: number; complete: boolean; reset: boolean; online: readonly string[] }
  /** A page of missed messages; `seq` is where it ends. */
  | { kind: 'page'; seq: number; complete: boolean; messages: readonly Noted[] }
  /** A `message` event. */
  | { kind: 'heard'; message: Noted }
  /** Its own message was acknowledged, as new or as a duplicate. */
  | { kind: 'ok'; message: Noted; isNew: boolean }
  /** A user joined or left. */
  | { kind: 'came' | 'went'; userId: string }
  /** Presence became a number, after which joins and leaves cannot be checked. */
  | { kind: 'counted' };

/** One connection of a client, from its join to its end. */
export interface Connection {
  /** The `rev` from which the client resumed. */
  readonly since: number;
  readonly entries: readonly Entry[];
}

/** Everything that one client recorded. */
export interface Client {
  name: string;
  userId: string;
  /** The ids and texts of all messages that it sent at least once, in order. */
  invoked: { id: string; text: string }[];
  connections: Connection[];
}

/** Checks all guarantees. @returns a sentence for each broken one */
export function audit(clients: readonly Client[], stored: readonly Noted[]): string[] {
  const problems = [...auditStored(clients, stored)];
  const bySeq = new Map(stored.map((message) => [message.seq, message]));
  for (const client of clients) {
    const say = (problem: string) => problems.push(`${client.name}: ${problem}`);
    auditAnswers(client, bySeq, say);
    auditOrderOf(client, stored, say);
    auditWhole(client, stored, say);
    for (const [at, connection] of client.connections.entries()) {
      const sayOf = (problem: string) => say(`connection ${at + 1}: ${problem}`);
      auditStream(connection, sayOf);
      auditPresence(connection, sayOf);
      auditTexts(connection, bySeq, sayOf);
    }
  }
  return problems;
}

/** P1, P3: `seq`s have no holes, each id is stored once, and every message was sent by a client. */
function* auditStored(clients: readonly Client[], stored: readonly Noted[]): Generator<string> {
  const said = new Map<string, string>();
  for (const { userId, invoked } of clients) {
    for (const { id, text } of invoked) said.set(`${userId} ${id}`, text);
  }
  const seen = new Set<string>();
  for (const [at, { seq, id, senderId, text }] of stored.entries()) {
    const key = `${senderId} ${id}`;
    if (seq !== at + 1) yield `The room has ${seq} in the place of ${at + 1}.`;
    if (seen.has(key)) yield `The room has ${id} of ${senderId} twice.`;
    if (said.get(key) !== text) yield `The room has ${id} of ${senderId}, which nobody said so.`;
    seen.add(key);
  }
}

type Say = (problem: string) => void;

/** P2: every sent message was acknowledged, and every acknowledged one is stored. */
function auditAnswers(client: Client, bySeq: ReadonlyMap<number, Noted>, say: Say): void {
  const answered = new Map<string, number>();
  for (const entry of client.connections.flatMap(({ entries }) => entries)) {
    if (entry.kind !== 'ok') continue;
    const { id, seq } = entry.message;
    const before = answered.get(id);
    if (before !== undefined && before !== seq) say(`${id} was answered as ${before} and ${seq}.`);
    if (bySeq.get(seq)?.id !== id) say(`${id} was answered as ${seq} and is not there.`);
    answered.set(id, seq);
  }
  for (const { id } of client.invoked) {
    if (!answered.has(id)) say(`${id} was never answered.`);
  }
}

/** The messages of one client are stored in the order in which it sent them. */
function auditOrderOf(client: Client, stored: readonly Noted[], say: Say): void {
  const wanted = new Map(client.invoked.map(({ id }, at) => [id, at]));
  let last = -1;
  for (const { id, senderId } of stored) {
    const at = senderId === client.userId ? wanted.get(id) : undefined;
    if (at === undefined) continue;
    if (at < last) say(`${id} stands behind what was said after it.`);
    last = Math.max(last, at);
  }
}

/** P4 over all connections: a client knows every message since its first position. */
function auditWhole({ connections }: Client, stored: readonly Noted[], say: Say): void {
  const [first] = connections;
  if (first === undefined) return;
  const known = new Set<number>();
  for (const { seq } of connections.flatMap(({ entries }) => entries).flatMap(messagesIn)) {
    known.add(seq);
  }
  const missing = stored.filter(({ seq }) => seq > first.since && !known.has(seq));
  if (missing.length > 0) {
    say(`It never learnt of ${missing.length} messages, the first of them ${missing[0]!.seq}.`);
  }
}

function messagesIn(entry: Entry): readonly Noted[] {
  if (entry.kind === 'page') return entry.messages;
  return entry.kind === 'heard' || entry.kind === 'ok' ? [entry.message] : [];
}

/** P1, P4 on one connection: pages are complete and in order, then every live message comes once in order. */
function auditStream({ since, entries }: Connection, say: Say): void {
  let paged = since;
  let live: number | undefined;
  /** `seq`s acknowledged as duplicates, for which no event need come. */
  const answered = new Set<number>();
  for (const entry of entries) {
    if (entry.kind === 'joined') {
      if (entry.reset) say('It was told to begin anew, and nothing had been deleted.');
      if (entry.complete) live = entry.seq;
    } else if (entry.kind === 'page') {
      for (const { seq } of entry.messages) {
        if (seq <= paged) say(`${seq} came in a page behind ${paged}.`);
        else if (seq > paged + 1) say(`The pages skip from ${paged} to ${seq}.`);
        paged = Math.max(paged, seq);
      }
    } else if (entry.kind === 'ok' && !entry.isNew) answered.add(entry.message.seq);
    else if (entry.kind === 'ok' || entry.kind === 'heard') {
      const { seq } = entry.message;
      if (live !== undefined && seq <= live) say(`${seq} came behind ${live}.`);
      else if (live !== undefined) {
        for (let missed = live + 1; missed < seq; missed++) {
          if (!answered.has(missed)) say(`${seq} came, and ${missed} had not.`);
        }
      }
      live = Math.max(live ?? 0, seq);
    }
  }
}

/** P6 on one connection: joins and leaves of a user alternate. */
function auditPresence({ entries }: Connection, say: Say): void {
  let online: Set<string> | undefined;
  for (const entry of entries) {
    if (entry.kind === 'joined') online = new Set(entry.online);
    else if (entry.kind === 'counted') online = undefined;
    else if (entry.kind === 'came') {
      if (online?.has(entry.userId) === true) say(`${entry.userId} came, and was there.`);
      online?.add(entry.userId);
    } else if (entry.kind === 'went') {
      if (online?.has(entry.userId) === false) say(`${entry.userId} went, and was not there.`);
      online?.delete(entry.userId);
    }
  }
}

/** Every message that a client received is stored with the same id, sender and text. */
function auditTexts({ entries }: Connection, bySeq: ReadonlyMap<number, Noted>, say: Say): void {
  for (const shown of entries.flatMap(messagesIn)) {
    const there = bySeq.get(shown.seq);
    const isSame =
      there?.id === shown.id && there.senderId === shown.senderId && there.text === shown.text;
    if (!isSame) say(`${shown.seq} was shown as ${shown.id} and is ${there?.id ?? 'nothing'}.`);
  }
}
