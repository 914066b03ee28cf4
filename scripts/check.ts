import { runChecks } from './checks.ts';

/** `npm run check`: all checks but the tests. */
process.exitCode = (await runChecks()) ? 0 : 1;
