import { existsSync } from 'node:fs';
import { runChecks } from './checks.ts';
import { CHROMIUM } from './project.ts';
import { readReport, removeReport, REPORT } from './report.ts';
import { closingLine, tallyOf } from './tally.ts';
import { runTool, toolFile } from './tool.ts';

/** `npm test`: types, lint, then every test. Arguments go to vitest: `npm test -- test/room`. */

removeReport();
const isClean = await runChecks();
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
const code = await runTool(toolFile('vitest'), ['run', ...reporters, ...process.argv.slice(2)]);
const line = closingLine(tallyOf(readReport(), code), existsSync(CHROMIUM));
process.stdout.write(isClean ? `${line}\n` : `${line} The checks before them did not pass.\n`);
process.exitCode = isClean ? code : code || 1;
