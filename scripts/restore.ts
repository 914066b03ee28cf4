import { restore } from '../local-server/backup.ts';
import { readEnvFile } from '../local-server/env-file.ts';
import { readSettings } from '../src/settings/settings.ts';

/** `npm run restore -- FOLDER`: puts a backup into an empty data folder, with the server stopped. */

try {
  const [from, ...more] = process.argv.slice(2);
  if (from === undefined || more.length > 0) throw new Error('Usage: npm run restore -- FOLDER');
  const { settings } = readSettings({ ...readEnvFile(process.cwd()), ...process.env });
  const count = await restore(from, settings.DATA_DIR);
  process.stdout.write(`Restored ${count} rooms from ${from} to ${settings.DATA_DIR}.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
