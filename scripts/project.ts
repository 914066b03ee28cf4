import { join } from 'node:path';

/** The folder of this project. */
export const PROJECT = join(import.meta.dirname, '..');

/** Keeps wrangler to this machine: no reports, no look-ups of updates or of example places. */
export const WRANGLER_QUIET = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};

/** Where Node keeps compiled code of what the tests start again and again. */
export const COMPILE_CACHE = join(PROJECT, 'dist', 'compile-cache');

/** Where the browser of the tests lies, unless `CHROMIUM_PATH` says otherwise. */
export const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
