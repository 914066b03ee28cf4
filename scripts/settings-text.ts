import { type Declaration, declarations } from '../src/settings/declarations.ts';
import { EXAMPLE_SECRET } from '../src/settings/keys.ts';

/** `.env.example` and the README's table, as the list of settings makes them. */

const all = declarations as readonly Declaration[];

const HEADER = `# Settings of Parlor. Copy this file to .env, or set them in the environment, which wins.
# Made from src/settings/settings.ts by: node scripts/run.mjs scripts/write-settings.ts
`;

/** The whole of `.env.example`: what has an example is set, the rest stands there with its default. */
export function envExample(): string {
  return [HEADER, ...all.map((declaration) => entry(declaration))].join('\n');
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

/** What is set in the example file: the three that everybody has had since the first server. */
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
      return `${declaration.least} to ${declaration.most}${unitOf(declaration)}`;
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

/** The README's table, without its surroundings. */
export function settingsTable(): string {
  const rows = all.map((declaration) => {
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
