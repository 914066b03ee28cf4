import { join } from 'node:path';

/** The folder of this project. */
export const PROJECT = join(import.meta.dirname, '..');

/** Keeps wrangler from using the network: no reports, no look-ups of updates or of sample locations. */
export const WRANGLER_QUIET = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};

/** Where Node keeps the compiled code of programs that the tests start again and again. */
export const COMPILE_CACHE = join(PROJECT, 'dist', 'compile-cache');

/** The path of the tests' browser, unless `CHROMIUM_PATH` gives another. */
export const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
