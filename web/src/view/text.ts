import { mentionPattern } from '../names.ts';
import { element } from './dom.ts';

/** Names that a message may mention, and whose own this window is. */
export interface Mentioned {
  names: readonly string[];
  own: string | undefined;
}

const LINK = String.raw`https?:\/\/[^\s<>"“”]+`;
/** What follows an address in a sentence, and is seldom part of it. */
const TRAILING = /[.,;:!?'’)\]}]+$/;

/** What was said, as text, with its links and mentions. Nothing else is ever read into it. */
export function textParts(text: string, { names, own }: Mentioned): (string | Node)[] {
  const mentions = names.toSorted((a, b) => b.length - a.length).map(mentionPattern);
  const parts: (string | Node)[] = [];
  let from = 0;
  for (const match of text.matchAll(new RegExp([LINK, ...mentions].join('|'), 'gu'))) {
    const [found] = match;
    const shown = found.startsWith('@') ? found : withoutTrail(found);
    const part = found.startsWith('@') ? mention(found, own) : link(shown);
    if (part === undefined) continue;
    parts.push(text.slice(from, match.index), part);
    from = match.index + shown.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== '');
}

/** Without the punctuation behind it; a closing bracket stays where an opening one is inside. */
function withoutTrail(found: string): string {
  const trail = TRAILING.exec(found)?.[0] ?? '';
  const bare = found.slice(0, found.length - trail.length);
  return trail.startsWith(')') && bare.includes('(') ? `${bare})` : bare;
}

function link(shown: string): HTMLAnchorElement | undefined {
  if (!URL.canParse(shown)) return undefined;
  const made = element('a', 'link', shown);
  made.href = shown;
  made.target = '_blank';
  made.rel = 'noopener noreferrer nofollow';
  return made;
}

function mention(found: string, own: string | undefined): HTMLElement {
  return element('span', found === `@${own}` ? 'mention is-own' : 'mention', found);
}

/** A hit of a search, with what was found marked: it stands between U+0002 and U+0003. */
export function snippetParts(snippet: string): (string | Node)[] {
  return snippet.split('\u0002').flatMap((part, at) => {
    if (at === 0) return [part];
    const [hit = '', ...rest] = part.split('\u0003');
    return [element('mark', '', hit), rest.join('')];
  });
}

/** The beginning of a text, in one line. */
export function beginningOf(text: string, most = 120): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  const shown = Array.from(line.slice(0, 4 * most));
  return shown.length > most ? `${shown.slice(0, most).join('')}…` : line;
}
