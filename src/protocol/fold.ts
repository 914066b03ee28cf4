/** Accents of Latin, Greek and Cyrillic, once NFKD has taken them off their letters. */
const ACCENTS = /[\u0300-\u036F]/gu;
const WORD_START = /(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]/gu;

/**
 * A text without case, accents and differences of width, for finding names: `josé`, `JOSE` and
 * `ｊｏｓｅ` are one. Marks that are no accents, such as vowel signs, stay. Left decomposed, so that
 * the Korean syllable that is being typed begins the one that is meant.
 */
export function foldName(text: string): string {
  // Upper case first: it makes one of ς and σ, and of ß and ss.
  return text.normalize('NFKD').replaceAll(ACCENTS, '').toUpperCase().toLowerCase();
}

/** What a name is found by: its folded rest from the beginning of each of its words on. */
export function nameKeys(name: string): string[] {
  const folded = foldName(name);
  const starts = [...folded.matchAll(WORD_START)].map(({ index }) => index);
  return [...new Set([0, ...starts])].map((start) => folded.slice(start));
}

/** What a user is found by: the words of their name, and their id. */
export function memberKeys({ userId, username }: { userId: string; username: string }): string[] {
  return [...new Set([...nameKeys(username), foldName(userId)])];
}
