import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/**
 * What `.env` in `folder` sets; nothing if there is no such file.
 * @throws Error with one sentence for the operator
 */
export function readEnvFile(folder: string): Record<string, string> {
  const path = join(folder, '.env');
  if (!existsSync(path)) return {};
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>;
  } catch (error) {
    throw new Error(`.env cannot be read (${(error as Error).message}).`, { cause: error });
  }
}
