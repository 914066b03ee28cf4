import type { Limits } from '../protocol/codes/limits.ts';
import { type Declaration, declarations, type HostName } from './declarations.ts';

type Declarations = (typeof declarations)[number];
export type SettingName = Declarations['name'];

type ValueOf<D> = D extends { kind: 'whole' }
  ? number
  : D extends { kind: 'switch' }
    ? boolean | undefined
    : D extends { kind: 'choice'; choices: readonly (infer C)[] }
      ? C
      : D extends { default: string }
        ? string
        : string | undefined;

/** Every setting's value, by its name. */
export type Values = { [D in Declarations as D['name']]: ValueOf<D> };

export interface Settings extends Values {
  limits: Limits;
}

export interface Reading {
  settings: Settings;
  /** One sentence for each invalid value. */
  problems: string[];
}

/**
 * Reads settings by name; an empty text counts as unset. A Worker's variable may also be a number or
 * a boolean, which counts as its text.
 */
export function readSettings(from: Record<string, unknown>): Reading {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const limits: Record<string, unknown> = {};
  for (const declaration of declarations as readonly Declaration[]) {
    const text = textOf(from[declaration.name]);
    const given = text === '' ? undefined : text;
    const why = text === undefined ? NO_TEXT : given && wrongValue(declaration, given);
    if (why !== undefined) problems.push(`${declaration.name} ${why}.`);
    const value =
      given === undefined || why !== undefined ? declaration.default : valueOf(declaration, given);
    values[declaration.name] = value;
    if ('limit' in declaration && declaration.limit !== undefined)
      limits[declaration.limit] = value;
  }
  limits['tokenRoomsOnly'] = values['ROOM_ACCESS'] === 'token';
  limits['openSignals'] = values['SIGNALS'] === 'open';
  return { settings: { ...values, limits } as unknown as Settings, problems };
}

/** One sentence for each name that is no setting, or none of this host if `host` is given. */
export function unknownSettings(names: Iterable<string>, host?: HostName): string[] {
  const sentences: string[] = [];
  for (const name of names) {
    const known = declarations.find((declaration) => declaration.name === name);
    if (known === undefined) sentences.push(`${name} is not a setting of Parlor.`);
    else if (host !== undefined && !known.hosts.some((one) => one === host)) {
      sentences.push(`${name} has no meaning on the ${host} host.`);
    }
  }
  return sentences;
}

const NO_TEXT = 'must be a text, a number, true or false';

/** @returns undefined for a value that is no text, number or boolean */
function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.trim();
    case 'number':
    case 'boolean':
      return String(value);
    case 'undefined':
      return '';
    default:
      return undefined;
  }
}

const ON = new Set(['true', 'on', 'yes', '1']);
const OFF = new Set(['false', 'off', 'no', '0']);

function wrongValue(declaration: Declaration, given: string): string | undefined {
  switch (declaration.kind) {
    case 'whole': {
      const { min, max } = declaration;
      const value = Number(given);
      return /^\d+$/.test(given) && value >= min && value <= max
        ? undefined
        : `must be a whole number from ${min} to ${max}`;
    }
    case 'choice':
      return declaration.choices.includes(given)
        ? undefined
        : `must be one of ${declaration.choices.join(', ')}`;
    case 'switch':
      return ON.has(given) || OFF.has(given) ? undefined : 'must be true or false';
    case 'text':
      return declaration.wrong?.(given);
    default:
      return undefined;
  }
}

function valueOf(declaration: Declaration, given: string): unknown {
  if (declaration.kind === 'whole') return Number(given);
  return declaration.kind === 'switch' ? ON.has(given) : given;
}
