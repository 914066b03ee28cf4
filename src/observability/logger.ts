import { unicodeEscape } from '../protocol/frames.ts';
import type { Log } from '../room/ports.ts';

/** From the least to the most urgent. `LOG_LEVEL` is the lowest that is written. */
export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];

/**
 * The fields of a line beside its event: ids, codes and numbers; never a text of users, a
 * name or a token.
 */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A log that also takes events; where `event` is absent, as in tests, only failures are logged. */
export interface HostLog extends Log {
  event?(level: Level, event: string, fields?: Fields): void;
}

export interface LoggerOptions {
  minLevel: Level;
  /** Writes one line, given without a line end. */
  write: (level: Level, line: string) => void;
  /** Epoch milliseconds; set where lines need a time. */
  now?: () => number;
  /** Fields of every line. */
  about?: Fields;
}

/** Writes events for operators as JSON, one a line. */
export class Logger implements HostLog {
  readonly #options: LoggerOptions;

  constructor(options: LoggerOptions) {
    this.#options = options;
  }

  event(level: Level, event: string, fields: Fields = {}): void {
    const { write, now, about } = this.#options;
    if (!this.writes(level)) return;
    const time = now === undefined ? {} : { time: new Date(now()).toISOString() };
    write(level, lineOf({ ...time, level, event, ...about, ...fields }));
  }

  /** Whether lines of this level are written. */
  writes(level: Level): boolean {
    return levels.indexOf(level) >= levels.indexOf(this.#options.minLevel);
  }

  /** Logs a defect: an error other than a refusal was thrown. */
  failure(what: string, error: unknown): void {
    this.event('error', 'failure', { what, ...describeError(error) });
  }

  /** The same log with these fields added to every line. */
  about(fields: Fields): Logger {
    return new Logger({ ...this.#options, about: { ...this.#options.about, ...fields } });
  }
}

/** The longest text of a field, in characters; longer ones are cut. */
const LONGEST = 300;

/** One line of JSON that is safe for terminals and readers of lines. */
function lineOf(fields: Fields): string {
  const text = JSON.stringify(fields, (_, value: unknown) =>
    typeof value === 'string' && value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value,
  );
  return text.replaceAll(UNSEEN, unicodeEscape);
}

/**
 * Characters that JSON does not escape and that a terminal or viewer interprets: C1 controls, line
 * ends, bidi controls, and invisible characters.
 */
const UNSEEN = /[\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g;

/** How many of the innermost calls a failure is logged with. */
const FRAMES = 3;

/**
 * An error as a log may show it. Parsers quote their input in messages, which may be a user's text, so
 * quoted parts are left out.
 */
export function describeError(error: unknown): { error: string; at?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const { name, message, stack } = error;
  // Stack frames have a line and a column; the message, which may precede them, has not.
  const frames = stack?.split('\n').filter((line) => /^ +at .*:\d+:\d+\)?$/.test(line)) ?? [];
  const at = frames.slice(0, FRAMES).map((line) => line.trim().slice('at '.length));
  return {
    error: `${name}: ${message.replaceAll(/(["'`]).*?\1/gs, '$1…$1')}`,
    ...(at.length > 0 && { at: at.join(' < ') }),
  };
}
