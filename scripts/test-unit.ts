import { runTool, toolFile } from './tool.ts';

/** `npm run test:unit`: the unit tests, which take seconds. Arguments go to vitest. */
process.exitCode = await runTool(toolFile('vitest'), [
  'run',
  '--project=unit',
  ...process.argv.slice(2),
]);
