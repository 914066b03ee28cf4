import { backUp } from '../local-server/backup.ts';
import { readEnvFile } from '../local-server/env-file.ts';
import { readSettings } from '../src/settings/settings.ts';

/** `npm run backup -- FOLDER`: copies all rooms of the Node host, which may keep running. */

const USAGE = 'Usage: npm run backup -- FOLDER, where FOLDER is not there yet.';

try {
  const [to, ...more] = process.argv.slice(2);
  if (to === undefined || more.length > 0) throw new Error(USAGE);
  const { settings } = readSettings({ ...readEnvFile(process.cwd()), ...process.env });
  const count = await backUp(settings.DATA_DIR, to);
  process.stdout.write(`Copied ${count} rooms from ${settings.DATA_DIR} to ${to}.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
