import { unicodeEscape } from '../protocol/frames.ts';
import type { Log } from '../room/ports.ts';

/** From the least to the most urgent. `LOG_LEVEL` is the first that is written. */
export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];

/** What a line says beyond its event: ids, codes and numbers; never a text of users, a name or a token. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A log that takes more than failures; a host without it, such as a test's, is told of failures alone. */
export interface HostLog extends Log {
  event?(level: Level, event: string, fields?: Fields): void;
}

export interface LoggerOptions {
  least: Level;
  /** Takes one line, without its end. */
  write: (level: Level, line: string) => void;
  /** Epoch milliseconds, where lines are to carry their time. */
  now?: () => number;
  /** What every line of it says. */
  about?: Fields;
}

/** Writes what operators need as JSON, one line an event. */
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
    return levels.indexOf(level) >= levels.indexOf(this.#options.least);
  }

  /** A defect: something that is no refusal was thrown. */
  failure(what: string, error: unknown): void {
    this.event('error', 'failure', { what, ...describeError(error) });
  }

  /** The same log with more to say in every line. */
  about(fields: Fields): Logger {
    return new Logger({ ...this.#options, about: { ...this.#options.about, ...fields } });
  }
}

/** The longest text a field may hold, in characters; what is longer is cut. */
const LONGEST = 300;

/** One line of JSON that no terminal and no reader of lines takes for anything else. */
function lineOf(fields: Fields): string {
  const text = JSON.stringify(fields, (_, value: unknown) =>
    typeof value === 'string' && value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value,
  );
  return text.replaceAll(UNSEEN, unicodeEscape);
}

/**
 * What JSON leaves as it is and a terminal or viewer obeys: C1 controls, line ends, bidi controls,
 * and characters that show as nothing.
 */
const UNSEEN = /[\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g;

/** The innermost calls that a failure is shown with. */
const FRAMES = 3;

/**
 * An error as a log may show it. Messages of parsers quote what they were given, which may be what
 * somebody said, so quoted pieces are left out.
 */
export function describeError(error: unknown): { error: string; at?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const { name, message, stack } = error;
  // Frames have a line and a column; a message, which may come before them, has not.
  const frames = stack?.split('\n').filter((line) => /^ +at .*:\d+:\d+\)?$/.test(line)) ?? [];
  const at = frames.slice(0, FRAMES).map((line) => line.trim().slice('at '.length));
  return {
    error: `${name}: ${message.replaceAll(/(["'`]).*?\1/gs, '$1…$1')}`,
    ...(at.length > 0 && { at: at.join(' < ') }),
  };
}
