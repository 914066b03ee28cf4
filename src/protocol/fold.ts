/** Accents of Latin, Greek and Cyrillic, once NFKD has separated them from their letters. */
const ACCENTS = /[\u0300-\u036F]/gu;
const WORD_START = /(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]/gu;

/**
 * Removes case, accents and differences of width, for finding names: `josé`, `JOSE` and `ｊｏｓｅ` become
 * the same. Other marks, such as vowel signs, stay. The result stays decomposed, so that a Korean
 * syllable that is still being typed is a prefix of the complete one.
 */
export function foldName(text: string): string {
  // Upper case first: it makes ς and σ the same, and ß and ss.
  return text.normalize('NFKD').replaceAll(ACCENTS, '').toUpperCase().toLowerCase();
}

/** The keys by which a name is found: its folded text from the beginning of each word to the end. */
export function nameKeys(name: string): string[] {
  const folded = foldName(name);
  const starts = [...folded.matchAll(WORD_START)].map(({ index }) => index);
  return [...new Set([0, ...starts])].map((start) => folded.slice(start));
}

/** The keys by which a user is found: the words of their name, and their id. */
export function memberKeys({ userId, username }: { userId: string; username: string }): string[] {
  return [...new Set([...nameKeys(username), foldName(userId)])];
}
