import type { Problem, Refused, Status } from '../../src/client/index.ts';
import { whenOf } from './times.ts';
import { locale, problemText, text } from './texts.ts';

/** Sentences about a room that closed the connection for good, by close code: what happened, what to do. */
const ENDS = new Map([
  [4500, 'notLetIn'],
  [4501, 'removedBefore'],
  [4502, 'bannedHere'],
  [4503, 'noSuchRoom'],
  [4504, 'protocolBroken'],
  [4505, 'openTooOften'],
] as const);

type Ended = Extract<Status, { name: 'ended' }>;

/**
 * One sentence about a room that closed the connection for good.
 * @param until when the user may join again, epoch milliseconds; undefined if they may now
 * @param wasIn whether the user had joined the room
 */
export function sentenceOfEnd({ code, problem }: Ended, until?: number, wasIn = false): string {
  if (code === 4501 && until !== undefined) {
    return text('removedUntil', { time: whenOf(until, Date.now()) });
  }
  if (code === 4503 && wasIn) return text('roomDeleted');
  if (problem.code === 'token_expired') {
    return text('tokenExpired');
  }
  if ((code === 4500 || code === 4504) && problem.message !== '') return sentenceOf(problem);
  return text(ENDS.get(code as 4500) ?? 'connectionEnded');
}

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const;

/** A duration to choose, in the largest unit in which it is a whole number. */
export function exactDurationOf(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds % size === 0) ?? ([1, 'second'] as const);
  return inUnits(seconds / size, unit);
}

/** A waiting time, rounded up: in seconds up to two minutes, then in coarser units. */
export function durationOf(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? ([1, 'second'] as const);
  const count = Math.ceil(seconds / size);
  return inUnits(count, unit);
}

function inUnits(count: number, unit: string): string {
  const format = { style: 'unit', unit, unitDisplay: 'long' } as const;
  return new Intl.NumberFormat(locale, format).format(count);
}

/** What the fields of a command are called on the page. */
const FIELDS = new Map([
  ['roomId', 'field_roomId'],
  ['username', 'field_username'],
  ['topic', 'field_topic'],
  ['emoji', 'field_emoji'],
  ['query', 'field_query'],
  ['userId', 'field_userId'],
  ['retentionDays', 'field_retentionDays'],
  ['slowModeSeconds', 'field_slowModeSeconds'],
] as const);

/** The server's sentence, with the page's own word for a field. */
export function sentenceOf({ code, message, field = '' }: Problem): string {
  const own = problemText(code);
  if (own !== undefined) return own;
  const name = FIELDS.get(field as 'roomId');
  return name !== undefined && message.startsWith(`${field} `)
    ? text(name) + message.slice(field.length)
    : message;
}

/** The sentence to show about an error of any kind. */
export function sentenceOfError(error: unknown): string {
  const { problem } = error as Partial<Refused>;
  if (problem !== undefined) return sentenceOf(problem);
  return error instanceof Error ? error.message : String(error);
}
