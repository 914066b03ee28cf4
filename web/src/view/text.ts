import { linksIn } from '../links.ts';
import { mentionsIn, NameIndex, type Person } from '../mentions.ts';
import { element } from './dom.ts';

/** People whom a message mentions, and which of them this user is. */
export interface Mentioned {
  people: readonly Person[];
  own: string | undefined;
}

/** What was said, as text, with its links and mentions. Nothing else is ever read into it. */
export function textParts(text: string, { people, own }: Mentioned): (string | Node)[] {
  const links = linksIn(text).map(({ from, to }) => ({ from, to, make: link }));
  const mentions = mentionsIn(text, new NameIndex(people)).map(({ from, to, people: named }) => {
    const isOwn = named.some(({ userId }) => userId === own);
    return { from, to, make: (said: string) => mention(said, isOwn) };
  });
  const parts: (string | Node)[] = [];
  let end = 0;
  for (const { from, to, make } of [...links, ...mentions].toSorted((a, b) => a.from - b.from)) {
    parts.push(text.slice(end, from), make(text.slice(from, to)));
    end = to;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== '');
}

/** A text outside of the messages, with its links. */
export function linkedParts(text: string): (string | Node)[] {
  const parts = textParts(text, { people: [], own: undefined });
  for (const part of parts) if (part instanceof HTMLAnchorElement) part.tabIndex = 0;
  return parts;
}

function link(shown: string): HTMLAnchorElement {
  const made = element('a', 'link', shown);
  made.href = shown;
  made.target = '_blank';
  made.rel = 'noopener noreferrer nofollow';
  // The log is one stop for Tab; see `roving-tab-index.ts`.
  made.tabIndex = -1;
  return made;
}

function mention(said: string, isOwn: boolean): HTMLElement {
  return element('span', isOwn ? 'mention is-own' : 'mention', said);
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
