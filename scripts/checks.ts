import { checkBundles } from './bundles.ts';
import { checkPage } from './page-size.ts';
import { runTool, toolFile } from './tool.ts';

const checks = [
  { name: 'types', run: () => runTool(toolFile('typescript', 'tsc'), ['-b']) },
  { name: 'lint', run: () => runTool(toolFile('oxlint'), []) },
  { name: 'format', run: () => runTool(toolFile('oxfmt'), ['--check', '.']) },
  {
    name: 'bindings (npx wrangler types --include-runtime=false writes them)',
    run: () => runTool(toolFile('wrangler'), ['types', '--include-runtime=false', '--check']),
  },
  { name: 'bundles (minified and compressed)', run: checkBundles },
  { name: 'page (compressed)', run: checkPage },
] as const;

/** Checks types, lint, format, the Worker's bindings, the sizes of bundles and page; prints what failed. */
export async function runChecks(): Promise<boolean> {
  const failed: string[] = [];
  for (const { name, run } of checks) {
    if ((await run()) !== 0) failed.push(name);
  }
  process.stdout.write(
    failed.length === 0
      ? 'Types, lint, format, bindings, bundles and page are fine.\n'
      : `These checks did not pass: ${failed.join(', ')}.\n`,
  );
  return failed.length === 0;
}
