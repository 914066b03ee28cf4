import { type Problem, Refusal } from './codes/errors.ts';
import type { Limits } from './codes/limits.ts';
import type { Identity } from './identity.ts';
import type { Reply } from './commands.ts';
import type { InboxReply } from './inbox-commands.ts';
import { durable, ephemeral, type EventName, type EventPayload } from './events.ts';
import type { Message } from './objects.ts';
import { depthOfText, isObject } from './shape.ts';
import { reserved, wrongSignalName } from './signals.ts';

/** A command as a transport hands it on: its payload is not validated yet. */
export interface Command {
  name: string;
  payload: unknown;
  /** Further arguments; only undeclared signals have any. */
  more?: readonly unknown[];
  /** Set where the client wants a reply, which repeats it. */
  ref?: number;
}

/** The answer to a command. */
export type Result<R extends object = object> = ({ ok: true } & R) | { ok: false; error: Problem };

/**
 * Characters that JSON does not escape but some readers, such as Python's `splitlines`, take for the
 * end of a line.
 */
const LINE_ENDS = ['\u0085', '\u2028', '\u2029'] as const;

/**
 * A value as JSON that is one line to every reader. Three `includes` cost far less than a
 * regular expression.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value);
  return LINE_ENDS.some((end) => text.includes(end))
    ? text.replaceAll(/[\u0085\u2028\u2029]/g, unicodeEscape)
    : text;
}

/** A UTF-16 unit as JSON escapes it. */
export function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Whether a line is blank, also where it ends with CRLF. */
export function isBlank(line: string): boolean {
  return /^[ \t\r]*$/.test(line);
}

const JOINED = '["joined",';
const INBOX = '["inbox",';
const ACK = '["ack",';
const POSITION = '["position",';
const REFUSED = '{"ok":false';
/** How control lines begin. No tuple does, so a client's command cannot be mistaken for one. */
const CONTROL = '{';

/** One event as text. @param args its payload; for an undeclared signal all its arguments */
export function eventLine(name: string, ...args: readonly unknown[]): string {
  return jsonLine([name, ...args]);
}

/**
 * The JSON of pages of messages, kept because clients that join at the same time mostly get
 * the same page.
 */
const pageTexts = new WeakMap<readonly Message[], string>();

function pageText(page: readonly Message[]): string {
  const known = pageTexts.get(page);
  if (known !== undefined) return known;
  const text = jsonLine(page);
  pageTexts.set(page, text);
  return text;
}

/** The line that opens a connection. It ends with the part that is the same for many connections. */
export function joinedLine({ online, missed, messages, ...reply }: Reply<'joinRoom'>): string {
  const head = jsonLine({ ok: true, ...reply, online }).slice(0, -1);
  const missedField = missed === undefined ? '' : `,"missed":${pageText(missed)}`;
  return `${JOINED}${head}${missedField},"messages":${pageText(messages)}}]`;
}

export function ackLine(ref: number, result: Result): string {
  return jsonLine(['ack', ref, result]);
}

export function positionLine(position: string): string {
  return `${POSITION}"${position}"]`;
}

export function commandLine(command: Command): string {
  const { name, payload, more, ref } = command;
  if (more !== undefined) return JSON.stringify([name, payload, ...more, ref ?? null]);
  return JSON.stringify(ref === undefined ? [name, payload] : [name, payload, ref]);
}

/** What a link sends beside commands. */
export type ControlLine =
  /** A newer identity replaces the link's. */
  | { renew: Identity }
  /** Its client has lost an ephemeral event, because it reads too slowly. */
  | { lags: true };

export function controlLine(control: ControlLine): string {
  return JSON.stringify(control);
}

/** Reads a control line of a link; undefined for a command. */
export function readControl(line: string): ControlLine | undefined {
  return line.startsWith(CONTROL) ? (JSON.parse(line) as ControlLine) : undefined;
}

/** Events as the one event `events`, for connections that joined with `gather`. */
export function gatheredLine(lines: readonly string[]): string {
  return `["events",[${lines.join(',')}]]`;
}

/** Takes apart a frame of a room: its lines, and the position line that ends it, if there is one. */
export function splitFrame(text: string): { lines: string[]; position: string | undefined } {
  const lines = text.split('\n');
  if (lines.at(-1)?.startsWith(POSITION) !== true) return { lines, position: undefined };
  return { lines, position: lines.pop()?.slice(POSITION.length + 1, -2) };
}

/** Whether a line is a reply to one connection: to a command, a join, or the opening of an inbox. */
export function isReply(line: string): boolean {
  return line.startsWith(ACK) || line.startsWith(JOINED) || line.startsWith(INBOX);
}

export function isJoined(line: string): boolean {
  return line.startsWith(JOINED);
}

/** The `ref` of an acknowledgement; undefined for any other line. */
export function ackRef(line: string): number | undefined {
  if (!line.startsWith(ACK)) return undefined;
  return Number(line.slice(ACK.length, line.indexOf(',', ACK.length)));
}

/** The parts of a reply's line. */
export interface LineReply {
  /** The command it answers; missing in a `joined` or `inbox` line. */
  ref: number | undefined;
  /** The result as JSON text. */
  result: string;
}

/** Takes a reply's line apart; undefined for any other line. */
export function replyIn(line: string): LineReply | undefined {
  if (line.startsWith(JOINED)) return { ref: undefined, result: line.slice(JOINED.length, -1) };
  if (line.startsWith(INBOX)) return { ref: undefined, result: line.slice(INBOX.length, -1) };
  if (!line.startsWith(ACK)) return undefined;
  const comma = line.indexOf(',', ACK.length);
  return { ref: Number(line.slice(ACK.length, comma)), result: line.slice(comma + 1, -1) };
}

/** Whether the JSON text of a result is a refusal. */
export function isRefused(result: string): boolean {
  return result.startsWith(REFUSED);
}

/** The result in a reply to one of our own commands. */
export function resultIn<R extends object>(line: string): Result<R> {
  return JSON.parse(replyIn(line)!.result) as Result<R>;
}

/** The reply in the `joined` line of a join that was not refused. */
export function joinReplyIn(line: string): Reply<'joinRoom'> {
  return resultIn(line) as Reply<'joinRoom'> & { ok: true };
}

/** Why a command was refused; undefined for the JSON text of another result. */
export function problemIn(result: string): Problem | undefined {
  return isRefused(result) ? (JSON.parse(result) as { error: Problem }).error : undefined;
}

/** The name of the event in a line. */
export function eventName(line: string): EventName {
  return line.slice(2, line.indexOf('"', 2)) as EventName;
}

/** Whether a line is an application's own event, which a room sends once and does not store. */
export function isSignal(line: string): boolean {
  return !reserved.has(eventName(line));
}

/** Whether a line may be dropped for a connection that cannot keep up. */
export function isEphemeral(line: string): boolean {
  return ephemeral.has(eventName(line)) || isSignal(line);
}

/** Identifies the sender and the name of a signal: a newer line with the same key replaces it. */
export function signalKey(line: string): string {
  const [name, first, ...more] = JSON.parse(line) as [string, ...unknown[]];
  // The room adds who sent it to the first argument if that is an object, otherwise as the last one.
  const { userId } = (isObject(first) ? first : more.at(-1)) as { userId: string };
  return JSON.stringify([userId, name]);
}

/** The payload of the event in a line, as JSON text; not for a signal, which may have several arguments. */
export function payloadText(line: string): string {
  return line.slice(line.indexOf(',') + 1, -1);
}

export function payloadIn<N extends EventName>(line: string): EventPayload<N> {
  return JSON.parse(payloadText(line)) as EventPayload<N>;
}

/** The `rev` of a durable event; undefined for any other line. */
export function revOf(line: string): number | undefined {
  const name: string = eventName(line);
  return durable.has(eventName(line)) || durableInInboxes.has(name)
    ? payloadIn<'message'>(line).rev
    : undefined;
}

/** Links carry single commands that a transport has already read; the room checks their depth. */
export const LINK_LIMITS = { jsonDepth: Infinity, tuplesPerFrame: 1 };

/**
 * Reads a text frame of commands, one a line: all of them or none. The frame's size was checked before.
 * Order of checks: depth, count, JSON, tuple.
 */
export function readFrame(
  text: string,
  limits: Pick<Limits, 'jsonDepth' | 'tuplesPerFrame'>,
): Command[] {
  if (depthOfText(text) > limits.jsonDepth) {
    throw new Refusal('invalid_payload', `Nest JSON at most ${limits.jsonDepth} levels deep.`);
  }
  const lines = text.split('\n', limits.tuplesPerFrame + 1);
  if (lines.length > limits.tuplesPerFrame) {
    throw new Refusal(
      'invalid_payload',
      `Send at most ${limits.tuplesPerFrame} commands in one frame.`,
    );
  }
  return lines.map(readCommand);
}

const NO_TUPLE =
  'Send commands as JSON: ["<command>", payload] or ["<command>", payload, ref], one a line.';

function readCommand(line: string): Command {
  let tuple: unknown;
  try {
    tuple = JSON.parse(line);
  } catch {
    throw new Refusal('invalid_payload', NO_TUPLE);
  }
  if (!Array.isArray(tuple) || tuple.length < 2) throw new Refusal('invalid_payload', NO_TUPLE);
  const [name, payload, ...rest] = tuple as unknown[];
  if (typeof name !== 'string') throw new Refusal('invalid_payload', NO_TUPLE);
  const ref = rest.pop();
  const command = { name, payload, ...(rest.length > 0 && { more: rest }) };
  if (rest.length > 0 && wrongSignalName(name) !== undefined) {
    throw new Refusal('invalid_payload', NO_TUPLE);
  }
  if (ref === undefined || ref === null) return command;
  if (!Number.isSafeInteger(ref) || (ref as number) < 0) {
    throw new Refusal('invalid_payload', 'ref must be a whole number from 0 on.', { field: 'ref' });
  }
  return { ...command, ref: ref as number };
}

/**
 * Missed messages as events: `message` for what is new to the client, else `messageUpdated`.
 * @param known the highest `rev` that the client had received
 */
export function missedLines(missed: readonly Message[], known: number): string[] {
  return missed.map((row) => eventLine(row.seq > known ? 'message' : 'messageUpdated', row));
}

/** Gives a `message` command an id if its sender gave none, so that it may be sent again. */
export function withClientId(command: Command, ids: { randomUUID(): string }): Command {
  const { name, payload } = command;
  if (name !== 'message' || typeof payload !== 'object' || payload === null) return command;
  if (Array.isArray(payload)) return command;
  if (((payload as { id?: unknown }).id ?? undefined) !== undefined) return command;
  return { ...command, payload: { ...payload, id: ids.randomUUID() } };
}

/** Events of an inbox about a stored change. */
const durableInInboxes: ReadonlySet<string> = new Set([
  'conversationUpdated',
  'conversationRemoved',
]);

/** The reply in the line that opens an inbox; undefined for any other line, and for a refusal. */
export function inboxReplyIn(line: string): InboxReply<'openInbox'> | undefined {
  if (!line.startsWith(INBOX)) return undefined;
  const result = resultIn<InboxReply<'openInbox'>>(line);
  return result.ok ? result : undefined;
}

/**
 * The changes in an inbox's reply, as events. Those that are gone come first: they have no `rev`, and a
 * reader who has received the `rev` of a later one would not get them again after a break.
 */
export function inboxChangeLines({
  conversations,
  removed = [],
}: InboxReply<'openInbox'>): string[] {
  return [
    ...removed.map((roomId) => eventLine('conversationRemoved', { roomId })),
    ...conversations.map((one) => eventLine('conversationUpdated', one)),
  ];
}
