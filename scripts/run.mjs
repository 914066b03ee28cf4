// Starts one of Parlor's TypeScript files with the Node it needs. Plain JavaScript, so that an old
// Node can read it and say what is missing. Usage: node scripts/run.mjs FILE [arguments]
import { pathToFileURL } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 9)) {
  process.stderr.write(
    `Parlor needs Node 24.9 or later and this is Node ${process.versions.node}: install Node 24 from https://nodejs.org and run the command again.\n`,
  );
  process.exit(1);
}

if (process.env['npm_lifecycle_event'] !== undefined) {
  const { endWithParent } = await import('./end-with-parent.ts');
  endWithParent();
}

const [file = '', ...rest] = process.argv.slice(2);
process.argv = [process.argv[0] ?? 'node', file, ...rest];
await import(pathToFileURL(file).href);
