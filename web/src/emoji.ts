import { foldName } from '../../src/protocol/fold.ts';
import { permanentStorage } from './memory.ts';
import { locale } from './texts.ts';

/** One emoji: its name, the words that find it, and whether it has skin tones. */
export interface Emoji {
  emoji: string;
  name: string;
  hasTones: boolean;
  /** Its name and keywords, folded for the search. */
  key: string;
}

/** A file of `emoji/`: groups of lines, `😀 grinning face|happy laugh`; a `+` after an emoji with tones. */
type Lines = readonly (readonly string[])[];

export const TONES = ['', '🏻', '🏼', '🏽', '🏾', '🏿'] as const;
const MAX_RECENT = 16;

let loaded: Promise<readonly (readonly Emoji[])[]> | undefined;

/** Every emoji by group, in Unicode's order. Loaded once. @throws TypeError offline */
export function allEmoji(): Promise<readonly (readonly Emoji[])[]> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(): Promise<readonly (readonly Emoji[])[]> {
  const file = locale.startsWith('de')
    ? await import('./emoji/de.json')
    : await import('./emoji/en.json');
  const lines: Lines = file.default;
  return lines.map((group) => group.map(readLine));
}

function readLine(line: string): Emoji {
  const space = line.indexOf(' ');
  const sign = line.slice(0, space);
  const [name = '', more = ''] = line.slice(space + 1).split('|');
  const hasTones = sign.endsWith('+');
  return {
    emoji: hasTones ? sign.slice(0, -1) : sign,
    name,
    hasTones,
    key: foldName(`${name} ${more}`),
  };
}

/** The emoji that have, for each typed word, a word in their name or keywords that begins with it. */
export function findEmoji(groups: readonly (readonly Emoji[])[], typed: string): Emoji[] {
  const words = foldName(typed.trim()).split(/\s+/u);
  return groups
    .flat()
    .filter(({ key }) => words.every((word) => key.startsWith(word) || key.includes(` ${word}`)));
}

/** An emoji in the skin tone that this user has chosen. */
export function toned({ emoji, hasTones }: Emoji): string {
  const tone = chosenTone();
  if (!hasTones || tone === '') return emoji;
  const [first = '', ...rest] = Array.from(emoji);
  return first + tone + rest.join('').replace(/^\uFE0F/, '');
}

export function chosenTone(): string {
  return permanentStorage.getItem('tone') ?? '';
}

export function chooseTone(tone: string): void {
  permanentStorage.set('tone', tone === '' ? undefined : tone);
}

/** The emoji that were chosen last, newest first. */
export function recentEmoji(): string[] {
  return (permanentStorage.getItem('emoji') ?? '').split(' ').filter((one) => one !== '');
}

export function noteEmoji(emoji: string): void {
  const others = recentEmoji().filter((one) => one !== emoji);
  permanentStorage.set('emoji', [emoji, ...others].slice(0, MAX_RECENT).join(' '));
}
