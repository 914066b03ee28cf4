import { runChecks } from './checks.ts';

/** `npm run check`: what takes seconds. */
process.exitCode = (await runChecks()) ? 0 : 1;
