import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PROJECT } from '../support/program.ts';

/** Locks a folder as a user without special rights, after loading what that takes. */
const LOCK = `
import { lockData } from ${JSON.stringify(join(PROJECT, 'local-server', 'data-lock.ts'))};
if (process.getuid() === 0) process.setuid(65534);
try {
  lockData(process.argv[1]);
  console.log('locked');
} catch (error) {
  console.log(error.message);
}
`;

test('a lock that cannot be written to, so that it would exclude nobody, is refused', () => {
  // The folder of all tests is closed to other users.
  const folder = mkdtempSync('/tmp/parlor-lock-');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'lock'), '', { mode: 0o444 });
  const args = ['--input-type=module', '--eval', LOCK, folder];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
  expect(said).toBe(
    `${folder} cannot be written to (EACCES: permission denied, access '${join(folder, 'lock')}'): set DATA_DIR to a folder of your own.\n`,
  );
});
