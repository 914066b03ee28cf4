import type { Problem, Refused, Status } from '../../src/client/index.ts';
import { whenOf } from './view/times.ts';

/** What a user reads about an end that is final, by close code: what happened, and the next step. */
const ENDS = new Map([
  [4500, 'The server did not let you in; sign in with another token.'],
  [4501, 'You were removed from this room; you may join again.'],
  [4502, 'You are banned from this room; choose another one.'],
  [4503, 'There is no such room; choose another one.'],
  [4504, 'This page and the server do not understand each other; reload the page.'],
  [4505, 'This room is open too often under your name; close another window, then join again.'],
]);

type Ended = Extract<Status, { name: 'ended' }>;

/**
 * One sentence about an end that is final.
 * @param until from when on one may come in again, epoch milliseconds; undefined where that is now
 */
export function sentenceOfEnd({ code, problem }: Ended, until?: number): string {
  if (code === 4501 && until !== undefined) {
    return `You were removed from this room until ${whenOf(until, Date.now())}.`;
  }
  if (problem.code === 'token_expired') {
    return 'Your token has expired; paste a new one to join again.';
  }
  if ((code === 4500 || code === 4504) && problem.message !== '') return sentenceOf(problem);
  return ENDS.get(code) ?? 'The server ended the connection; join again later.';
}

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const;

/** A time to wait as people say it: seconds up to two minutes, then coarser. */
export function durationOf(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? ([1, 'second'] as const);
  const count = Math.ceil(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** What the fields of a command are called on the page. */
const FIELDS = new Map([
  ['roomId', 'The room'],
  ['username', 'Your name'],
  ['topic', 'The topic'],
  ['emoji', 'The reaction'],
  ['query', 'What you search for'],
  ['userId', 'The user id'],
  ['retentionDays', 'The number of days'],
  ['slowModeSeconds', 'The time between messages'],
]);

/** The server's sentence, with the page's own word for a field. */
export function sentenceOf({ message, field = '' }: Problem): string {
  const name = FIELDS.get(field);
  return name !== undefined && message.startsWith(`${field} `)
    ? name + message.slice(field.length)
    : message;
}

/** What to tell about something that went wrong, whatever it is. */
export function sentenceOfError(error: unknown): string {
  const { problem } = error as Partial<Refused>;
  if (problem !== undefined) return sentenceOf(problem);
  return error instanceof Error ? error.message : String(error);
}
