import { existsSync } from 'node:fs';
import { CHROMIUM } from './project.ts';
import { readReport } from './report.ts';
import { strictly, tallyOf } from './tally.ts';

/** For `.ci/run`: prints the last run's passed, failed and skipped, given its exit code. */
const tally = strictly(tallyOf(readReport(), Number(process.argv[2])), existsSync(CHROMIUM));
process.stdout.write(`${tally.passed} ${tally.failed} ${tally.skipped}\n`);
