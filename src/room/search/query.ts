import { invalidField } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { fold } from './fold.ts';
import { characterToken, senderToken } from './index-text.ts';
import { type Token, tokensOf } from './tokens.ts';

/** A condition of a query: tokens that a message must hold in a row. */
export interface Term {
  tokens: readonly string[];
  /**
   * `beginning`: the last token is a prefix; `character`: the only token is one character of a longer
   * run.
   */
  kind: 'whole' | 'beginning' | 'character';
}

/** Quoted texts, and words. An opening quote without a closing one is punctuation. */
const PIECES = /["“”„](?<quoted>[^"“”„]*)["“”„]|(?<word>[^\s"“”„]+)/gu;

/**
 * The terms of a query, each once: words, and quoted texts as phrases. The last word may be a prefix.
 * @throws Refusal `invalid_payload` for more terms than a search takes
 */
export function readQuery(query: string): Term[] {
  const pieces = [...query.matchAll(PIECES)].map(({ groups }) => groups ?? {});
  const terms = new Map<string, Term>();
  for (const [at, { word, quoted = '' }] of pieces.entries()) {
    const isLastWord = word !== undefined && at === pieces.length - 1;
    const term = termOf(tokensOf(fold(word ?? quoted)), isLastWord);
    if (term !== undefined) terms.set(`${term.kind} ${term.tokens.join(' ')}`, term);
  }
  if (terms.size > fixed.searchTerms) {
    throw invalidField('query', `must be at most ${fixed.searchTerms} words`);
  }
  return [...terms.values()];
}

function termOf(tokens: Token[], mayBePrefix: boolean): Term | undefined {
  const [first, second] = tokens;
  const last = tokens.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (first.kind === 'first' && second === undefined) {
    return { tokens: [first.text], kind: 'character' };
  }
  // Where the query begins or ends within a run, the run may go on in the message.
  const from = first.kind === 'first' && second?.kind === 'pair' ? 1 : 0;
  const to = last.kind === 'last' ? -1 : tokens.length;
  const isBeginning =
    mayBePrefix && last.kind === 'word' && Array.from(last.text).length >= fixed.searchBeginning;
  return {
    tokens: tokens.slice(from, to).map(({ text }) => text),
    kind: isBeginning ? 'beginning' : 'whole',
  };
}

/**
 * The terms as an FTS5 query. Tokens hold nothing that has a meaning in its syntax.
 * @param words all indexed words with the last term's prefix; undefined when they are too many to be
 * named
 */
export function matchText(
  terms: readonly Term[],
  from: string | undefined,
  words: readonly string[] | undefined,
): string {
  const parts = terms.map(({ tokens, kind }) => {
    if (kind === 'character') return `"${characterToken(tokens[0] ?? '')}"`;
    const text = tokens.join(' ');
    return kind === 'whole' ? `"${text}"` : beginningText(text, tokens.at(-1) ?? '', words);
  });
  if (from !== undefined) parts.push(`"${senderToken(from)}"`);
  return parts.join(' AND ');
}

/**
 * The FTS5 query for a prefix. For a prefix FTS5 collects all matches before it returns the first one;
 * for words that are named it reads only what it returns.
 */
function beginningText(text: string, beginning: string, words: readonly string[] = []): string {
  if (words.length === 0) return `"${text}"*`;
  const before = text.slice(0, text.length - beginning.length);
  return `(${words.map((word) => `"${before}${word}"`).join(' OR ')})`;
}

/**
 * Whether a message holds all terms, judged by its indexed text, so with the same result as in the
 * index.
 */
export function holdsAll(indexed: string, terms: readonly Term[]): boolean {
  const spaced = ` ${indexed} `;
  return terms.every(({ tokens, kind }) => {
    const text = kind === 'character' ? characterToken(tokens[0] ?? '') : tokens.join(' ');
    return spaced.includes(kind === 'beginning' ? ` ${text}` : ` ${text} `);
  });
}
