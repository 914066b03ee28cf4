import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CHROMIUM, COMPILE_CACHE, PROJECT } from './project.ts';
import { readReport, removeReport, REPORT } from './report.ts';
import { closingLine, tallyOf } from './tally.ts';
import { holdTool, runTool, toolFile } from './tool.ts';

/**
 * `npm test`: runs every test and, at the same time, types, lint and the other checks, whose output
 * comes afterwards. Arguments go to vitest: `npm test -- test/room`.
 */

removeReport();
process.env['NODE_COMPILE_CACHE'] ??= COMPILE_CACHE;
const checks = holdTool(join(PROJECT, 'scripts', 'check.ts'), []);
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
const code = await runTool(toolFile('vitest'), ['run', ...reporters, ...process.argv.slice(2)]);
const { code: checked, output } = await checks;
process.stdout.write(output);
const line = closingLine(tallyOf(readReport(), code), existsSync(CHROMIUM));
process.stdout.write(
  checked === 0 ? `${line}\n` : `${line} The checks beside them did not pass.\n`,
);
process.exitCode = code || checked;
