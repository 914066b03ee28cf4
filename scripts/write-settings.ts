import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './project.ts';
import { envExample, withTable } from './settings-text.ts';

/** Writes `.env.example` and the README's table of settings from `src/settings/settings.ts`. */

const readme = join(PROJECT, 'README.md');
writeFileSync(join(PROJECT, '.env.example'), envExample());
writeFileSync(readme, withTable(readFileSync(readme, 'utf8')));
