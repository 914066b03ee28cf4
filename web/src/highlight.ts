/** What a piece of code is coloured as. */
export type CodeKind = 'comment' | 'string' | 'number' | 'keyword';

/** Keywords of many languages in one list, which is good enough to read code of any of them. */
const KEYWORDS = new Set(
  `abstract as async await break case catch class const continue def default defer delete do elif else
  end enum except export extends extern false False final finally fn for foreach from func function go
  if impl implements import in instanceof interface is lambda let loop match mod module mut namespace
  new nil None not null of or package pass private protected pub public raise readonly return select
  self static struct super switch then this throw throws trait true True try type typeof undefined
  union unless until use using val var void where while with yield and begin elsif local echo fi done
  esac int float double char long short bool boolean string byte
  SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE ALTER DROP JOIN LEFT RIGHT INNER
  ON GROUP ORDER BY LIMIT AND OR NOT NULL PRIMARY KEY INDEX`.split(/\s+/),
);

/** No alternative backtracks, so that matching takes time in proportion to the text. */
const SLASHES =
  /(\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?|<!--[^>]*>?)|("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\[^])*`?)|(\b\d[\w.]*)|([A-Za-z_$][\w$]*)/g;
const HASHES =
  /(#[^\n]*)|("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\[^])*`?)|(\b\d[\w.]*)|([A-Za-z_$][\w$-]*)/g;
const DASHES =
  /(--[^\n]*)|("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|(\b\d[\w.]*)|([A-Za-z_][\w]*)/g;

const HASHED =
  /^(?:bash|sh|shell|zsh|py|python|rb|ruby|yaml|yml|toml|ini|conf|perl|r|make|dockerfile|nix)$/i;
const DASHED = /^(?:sql|lua|haskell|hs|elm|ada)$/i;

/** Splits code into parts to be coloured, in order. @param language the name at the code's fence */
export function highlight(code: string, language: string): { said: string; kind?: CodeKind }[] {
  const parts: { said: string; kind?: CodeKind }[] = [];
  let end = 0;
  for (const found of code.matchAll(patternOf(language))) {
    const kind = kindOf(found);
    if (kind === undefined) continue;
    if (found.index > end) parts.push({ said: code.slice(end, found.index) });
    parts.push({ said: found[0], kind });
    end = found.index + found[0].length;
  }
  parts.push({ said: code.slice(end) });
  return parts;
}

function patternOf(language: string): RegExp {
  if (HASHED.test(language)) return HASHES;
  return DASHED.test(language) ? DASHES : SLASHES;
}

function kindOf([, comment, string, number, word]: RegExpExecArray): CodeKind | undefined {
  if (comment !== undefined) return 'comment';
  if (string !== undefined) return 'string';
  if (number !== undefined) return 'number';
  return word !== undefined && KEYWORDS.has(word) ? 'keyword' : undefined;
}
