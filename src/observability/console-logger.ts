import type { Settings } from '../settings/settings.ts';
import { type Level, Logger } from './logger.ts';

const consoles: Record<Level, (line: string) => void> = {
  debug: (line) => console.debug(line),
  info: (line) => console.info(line),
  warn: (line) => console.warn(line),
  error: (line) => console.error(line),
};

/** The log of the edge host; Cloudflare adds the time of each line. */
export function consoleLogger({ LOG_LEVEL }: Pick<Settings, 'LOG_LEVEL'>): Logger {
  return new Logger({ minLevel: LOG_LEVEL, write: (level, line) => consoles[level](line) });
}
