import { graphemesOf } from './graphemes.ts';
import { linksIn, type Span } from './links.ts';

export interface Person {
  userId: string;
  name: string;
}

/** A person who was chosen from the list: `at` is the index of their `@` in the text. */
export interface ChosenPerson extends Person {
  at: number;
}

/** A part of a text that mentions a person; several people if they share the name. */
export interface Mention extends Span {
  people: readonly Person[];
}

/** An `@`, in half or full width. */
const AT = /[@＠]/gu;
/** Scripts without spaces around a name; in Korean a particle is attached to the name. */
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}]/u;
const KATAKANA = /\p{scx=Katakana}/u;
const WORD = /[\p{L}\p{N}]/u;
/** Characters that combine with the one before. */
const MARK = /[\p{M}\u200C\u200D]/u;
/** A word after `@` that is meant as a name. */
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_.'’-]*[\p{L}\p{M}\p{N}])?/u;
/** The longest name, in UTF-16 units: 64 characters, with some combining marks each. */
const MAX_NAME_UNITS = 256;

/** Finds people by their whole name, else by its first word. */
export class NameIndex {
  readonly #full = new Map<string, Person[]>();
  readonly #first = new Map<string, Person[]>();
  #longest = 0;

  constructor(people: Iterable<Person>) {
    for (const person of people) {
      const { name } = person;
      const first = /^\S+(?=\s)/u.exec(name)?.[0];
      this.#put(this.#full, name, person);
      if (first !== undefined) this.#put(this.#first, first, person);
    }
  }

  /** The people whose name follows the `@` at this index; the longest matching name wins. */
  mentionAt(text: string, at: number): Mention | undefined {
    let found: Mention | undefined;
    let name = '';
    for (const { key, to } of clusters(text, at + 1)) {
      name += key;
      if (name.length > this.#longest) break;
      const people = this.#full.get(name) ?? this.#first.get(name);
      if (people !== undefined && !isOneWord(text, to)) found = { from: at, to, people };
    }
    return found;
  }

  /** Everyone whose whole name is this. */
  find(name: string): readonly Person[] {
    return this.#full.get(foldedName(name)) ?? [];
  }

  #put(names: Map<string, Person[]>, name: string, person: Person): void {
    const key = foldedName(name);
    names.set(key, [...(names.get(key) ?? []), person]);
    this.#longest = Math.max(this.#longest, key.length);
  }
}

/** Where a text mentions people; never within a link or an e-mail address. */
export function mentionsIn(
  text: string,
  names: NameIndex,
  chosen: readonly ChosenPerson[] = [],
): Mention[] {
  return startsIn(text).flatMap((at) => {
    const person = chosen.find((one) => one.at === at);
    if (person !== undefined && isStillNamed(text, person)) {
      return [{ from: at, to: at + 1 + person.name.length, people: [person] }];
    }
    return names.mentionAt(text, at) ?? [];
  });
}

/** The places of each `@word` in a text that is no known name. */
export function unknownNamesIn(text: string, mentions: readonly Mention[]): Span[] {
  return startsIn(text).flatMap((at) => {
    const word = NAME.exec(text.slice(at + 1))?.[0];
    const isKnown = mentions.some(({ from }) => from === at);
    return word === undefined || isKnown ? [] : [{ from: at, to: at + 1 + word.length }];
  });
}

/** The part of a name typed after an `@` at the end of `before`; undefined if no name is being typed. */
export function nameBeingTyped(before: string): string | undefined {
  const begun = /[@＠]([^\n@＠]{0,64})$/u.exec(before);
  if (begun === null || !startsIn(before).includes(begun.index)) return undefined;
  return begun[1];
}

/** The people chosen in a text, after it has changed: those whose name was changed are left out. */
export function moveChosen(
  chosen: readonly ChosenPerson[],
  before: string,
  after: string,
): ChosenPerson[] {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return chosen.flatMap((person) => {
    const { at, name } = person;
    if (at + 1 + name.length <= head) return person;
    return at >= before.length - tail ? { ...person, at: at + after.length - before.length } : [];
  });
}

/** Indexes of each `@` that can begin a name. */
function startsIn(text: string): number[] {
  const links = linksIn(text);
  return [...text.matchAll(AT)]
    .map(({ index }) => index)
    .filter((at) => !links.some(({ from, to }) => from <= at && at < to))
    .filter((at) => !isSpacedWord(characterBefore(text, at)));
}

function isStillNamed(text: string, { at, name }: ChosenPerson): boolean {
  const to = at + 1 + name.length;
  return text.slice(at + 1, to) === name && !isOneWord(text, to);
}

/** Whether a word continues across this index, so that no name ends here. */
function isOneWord(text: string, at: number): boolean {
  const before = characterBefore(text, at);
  const after = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (MARK.test(after) || /[@＠]/u.test(after)) return true;
  if (/_/u.test(after)) return WORD.test(text.charAt(at + 1));
  if (WORD.test(after) && KATAKANA.test(before) && KATAKANA.test(after)) return true;
  return isSpacedWord(before) && isSpacedWord(after);
}

/** Whether a character is part of a word in a script that writes spaces between words. */
function isSpacedWord(character: string): boolean {
  return (WORD.test(character) || MARK.test(character)) && !UNSPACED.test(character);
}

function characterBefore(text: string, at: number): string {
  return /.$/su.exec(text.slice(Math.max(0, at - 2), at))?.[0] ?? '';
}

/** The graphemes of a text from an index on, folded, each with the index after it. */
function* clusters(text: string, from: number): Iterable<{ key: string; to: number }> {
  const part = text.slice(from, from + MAX_NAME_UNITS);
  for (const { segment, index } of graphemesOf(part)) {
    yield { key: folded(segment), to: from + index + segment.length };
  }
}

function foldedName(name: string): string {
  return Array.from(graphemesOf(name), ({ segment }) => folded(segment)).join('');
}

/** Folds case and normal form. Accents count: José is another name than Jose. */
function folded(segment: string): string {
  // Upper case first: it makes one of ς and σ, and of ß and ss.
  return segment.normalize().toUpperCase().toLowerCase();
}
