import type { ErrorCode } from '../../src/protocol/codes/errors.ts';
import { once } from './once.ts';
import { texts as english } from './texts/en.ts';
import type { texts as extras } from './texts/en-extras.ts';

type English = typeof english & typeof extras;
type Key = keyof English;
type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Every text of one language, by the keys of English. */
export type Texts = Record<Key, string | Plural>;

/** Sentences for the server's error codes; without one, the server's own sentence is shown. */
export type Problems = Partial<Record<ErrorCode, string>>;

type Form<T> = T extends { other: infer Other } ? Other : T;
type Placeholder<T> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;
type PlaceholderOf<K extends Key> = Placeholder<Form<English[K]>>;
type Values<K extends Key, V> = [PlaceholderOf<K>] extends [never]
  ? []
  : [values: Record<PlaceholderOf<K>, V>];

interface Language {
  texts: Texts;
  problems: Problems;
}

/** Languages beside English, each loaded when it is needed. */
const LANGUAGES: Record<string, () => Promise<Language>> = {
  de: () => import('./texts/de.ts'),
};

/** The first of the user's languages that the page has; dates and numbers use it too. */
export const locale =
  navigator.languages.find((one) => languageOf(one) === 'en' || languageOf(one) in LANGUAGES) ??
  'en';

/** The texts of rarely opened views are added when those are loaded. */
let current: Language = { texts: english as English, problems: {} };
const plurals = once(() => new Intl.PluralRules(locale));
const numbers = once(() => new Intl.NumberFormat(locale));

/** Loads the user's language. @throws what loading a file throws */
export async function loadTexts(): Promise<void> {
  current = (await LANGUAGES[languageOf(locale)]?.()) ?? current;
}

/** Adds English texts that were loaded later; other languages are loaded with all their texts. */
export function addTexts(more: typeof extras): void {
  current = { ...current, texts: { ...more, ...current.texts } };
}

/** A text in the user's language. A plural chooses by `count`. */
export function text<K extends Key>(key: K, ...[values]: Values<K, string | number>): string {
  return parts(key, values ?? {}).join('');
}

/** A text with elements in it, in parts. */
export function textWith<V extends object>(key: Key, values: Record<string, V>): (string | V)[] {
  return parts(key, values);
}

/** A sentence about an error code, where the language has its own. */
export function problemText(code: ErrorCode): string | undefined {
  return current.problems[code];
}

function parts<V>(key: Key, values: Record<string, V>): (string | Exclude<V, number>)[] {
  const found = form(current.texts[key], values['count']);
  if (!found.includes('{')) return [found];
  return found.split(/\{(\w+)\}/).map((part, at) => (at % 2 === 0 ? part : shown(values[part])));
}

function shown<V>(value: V | undefined): string | Exclude<V, number> {
  if (value === undefined) return '';
  if (typeof value !== 'number') return value as Exclude<V, number>;
  // Making the format takes as long as drawing thirty messages, and is only needed for separators.
  return value < 1_000 ? String(value) : numbers().format(value);
}

function form(found: string | Plural, count: unknown): string {
  if (typeof found === 'string') return found;
  // A count such as `100+` is a text.
  const category = typeof count === 'number' ? plurals().select(count) : 'other';
  return found[category] ?? found.other;
}

function languageOf(tag: string): string {
  return tag.split('-', 1)[0] ?? '';
}
