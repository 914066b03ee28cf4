import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET_BYTES } from '../src/settings/keys.ts';

/**
 * Development mode's own secret: made once, readable by its owner only.
 * @throws Error with one sentence for the operator
 */
export function developmentSecret(dataDir: string): { secret: string; path: string } {
  const path = join(dataDir, 'dev-secret');
  try {
    mkdirSync(dataDir, { recursive: true });
    makeOnce(path);
    chmodSync(path, 0o600);
    const secret = readFileSync(path, 'utf8').trim();
    if (secret.length >= SECRET_BYTES) return { secret, path };
  } catch (error) {
    throw new Error(
      `${dataDir} cannot be written to (${(error as Error).message}): set DATA_DIR to a folder of your own.`,
      { cause: error },
    );
  }
  throw new Error(`${path} holds no usable secret: delete it, and a new one is made.`);
}

/** Of two that start at once, one makes the secret and both use it. */
function makeOnce(path: string): void {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  try {
    writeFileSync(path, Buffer.from(bytes).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
