import { type Declaration, declarations, type Group } from '../src/settings/declarations.ts';
import { EXAMPLE_SECRET } from '../src/settings/keys.ts';

/** `.env.example` and the tables of `docs/settings.md`, made from the list of settings. */

const shown = (declarations as readonly Declaration[]).filter(({ group }) => group !== 'internal');

const HEADER = `# Settings of Parlor. Copy this file to .env, or set them in the environment, which takes precedence.
# Made from src/settings/declarations.ts by: node scripts/run.mjs scripts/write-settings.ts
`;

/** The whole of `.env.example`: settings with an example are set, the others are comments with their default. */
export function envExample(): string {
  return [HEADER, ...shown.map((declaration) => entry(declaration))].join('\n');
}

function entry(declaration: Declaration): string {
  const { name, about } = declaration;
  const bounds = boundsOf(declaration);
  const lines = [`# ${about}${bounds === '' ? '' : ` Values: ${bounds}.`}`];
  const given = exampleOf(declaration);
  if (given === EXAMPLE_SECRET) lines.push('# Production refuses this example.');
  lines.push(given === undefined ? `# ${name}=${defaultOf(declaration)}` : `${name}=${given}`);
  return `${lines.join('\n')}\n`;
}

/** Value that the example file sets: those of `PORT`, `JWT_SECRET` and `CLIENT_URL`. */
function exampleOf(declaration: Declaration): string | undefined {
  if (declaration.kind === 'text') return declaration.example;
  return declaration.name === 'PORT' ? String(declaration.default) : undefined;
}

function defaultOf(declaration: Declaration): string {
  return String(declaration.default ?? '');
}

function boundsOf(declaration: Declaration): string {
  switch (declaration.kind) {
    case 'whole':
      return `${declaration.min} to ${declaration.max}${unitOf(declaration)}`;
    case 'choice':
      return declaration.choices.join(' or ');
    case 'switch':
      return 'true or false';
    default:
      return declaration.unit ?? '';
  }
}

function unitOf({ unit }: Declaration): string {
  return unit === undefined ? '' : ` ${unit}`;
}

/** The table of one group. */
export function settingsTable(group: Group): string {
  const rows = shown
    .filter((declaration) => declaration.group === group)
    .map((declaration) => {
      const given = defaultOf(declaration);
      const cells = [
        `\`${declaration.name}\``,
        declaration.about,
        boundsOf(declaration),
        given === '' ? '' : `\`${given}\``,
        declaration.hosts.length === 2 ? 'both' : declaration.hosts.join(),
      ];
      return `| ${cells.join(' | ')} |`;
    });
  return [
    '| setting | meaning | values | default | host |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
