import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withGeneratedTable } from './generated-table.ts';
import { policiesTable } from './policies-text.ts';
import { PROJECT } from './project.ts';
import { envExample, settingsTable } from './settings-text.ts';

/**
 * Writes `.env.example` and the tables of `docs/settings.md` from `src/settings/declarations.ts`, and
 * the table of `docs/operating.md` from `src/admission/policies.ts`.
 */

const tables = [
  ...(['required', 'security', 'tuning'] as const).map((group) => ({
    path: 'docs/settings.md',
    name: `${group} settings`,
    table: settingsTable(group),
  })),
  { path: 'docs/operating.md', name: 'policies', table: policiesTable() },
];

writeFileSync(join(PROJECT, '.env.example'), envExample());
for (const { path, name, table } of tables) {
  const file = join(PROJECT, path);
  writeFileSync(file, withGeneratedTable(readFileSync(file, 'utf8'), name, table));
}
