import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withGeneratedTable } from './generated-table.ts';
import { policiesTable } from './policies-text.ts';
import { PROJECT } from './project.ts';
import { envExample, settingsTable } from './settings-text.ts';

/**
 * Writes `.env.example` and the README's table of settings from `src/settings/settings.ts`, and the
 * table of `docs/operating.md` from `src/admission/policies.ts`.
 */

const tables = [
  { path: 'README.md', name: 'settings', table: settingsTable() },
  { path: 'docs/operating.md', name: 'policies', table: policiesTable() },
];

writeFileSync(join(PROJECT, '.env.example'), envExample());
for (const { path, name, table } of tables) {
  const file = join(PROJECT, path);
  writeFileSync(file, withGeneratedTable(readFileSync(file, 'utf8'), name, table));
}
