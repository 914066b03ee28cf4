import type { Span } from '../links.ts';
import { linksIn } from '../links.ts';
import { type Block, type Inline, leavesOf, parseMarkdown, withClosedFence } from '../markdown.ts';
import { mentionsIn, NameIndex, type Person } from '../mentions.ts';
import { codeBlock } from './code.ts';
import { element, withOwnDirection } from './dom.ts';
import { graphemesOf } from '../graphemes.ts';

/** The people whom a message mentions, and this user's own id. */
export interface Mentioned {
  people: readonly Person[];
  own: string | undefined;
}

type Atom = Span & { make: (said: string) => HTMLElement };

const NO_ONE: Mentioned = { people: [], own: undefined };
/** A message of at most this many emoji, and nothing else, is drawn large. */
const MAX_LARGE = 8;
/** How many UTF-16 units an emoji has at most, as a rule. */
const MAX_EMOJI_UNITS = 16;
/** Characters of which each grapheme that is shown as an emoji has one. */
const EMOJI = /\p{Emoji_Presentation}|\uFE0F|\u20E3/u;
const TAGS = { bold: 'strong', italic: 'em', strike: 's' } as const;

/** A message's text as elements: Markdown, links and mentions. Nothing is ever read as HTML. */
export function messageParts(said: string, mentioned: Mentioned): (string | Node)[] {
  const atoms = atomsIn(said, mentioned);
  return parseMarkdown(said, atoms).map((block) => blockElement(said, block, atoms));
}

/** Whether a message is a few emoji and nothing else. */
export function isLargeEmoji(said: string): boolean {
  const text = said.trim();
  // Most texts have no emoji, and splitting them into graphemes is expensive.
  if (!EMOJI.test(text) || text.length > MAX_LARGE * MAX_EMOJI_UNITS) return false;
  const shown = Array.from(graphemesOf(text), ({ segment }) => segment).filter(
    (segment) => segment.trim() !== '',
  );
  return shown.length <= MAX_LARGE && shown.every(isEmoji);
}

/** A text that is not a message, such as a topic, with its links. */
export function linkedParts(said: string): (string | Node)[] {
  let end = 0;
  const parts = atomsIn(said, NO_ONE).flatMap(({ from, to, make }) => {
    const made = make(said.slice(from, to));
    made.tabIndex = 0;
    const before = said.slice(end, from);
    end = to;
    return [before, made];
  });
  return [...parts, said.slice(end)].filter((part) => part !== '');
}

function isEmoji(segment: string): boolean {
  return /^[\p{Emoji}\p{Emoji_Component}]+$/u.test(segment) && EMOJI.test(segment);
}

function atomsIn(said: string, { people, own }: Mentioned): Atom[] {
  const links = linksIn(said).map(({ from, to }) => ({ from, to, make: link }));
  const mentions = mentionsIn(said, new NameIndex(people)).map(({ from, to, people: named }) => {
    const isOwn = named.some(({ userId }) => userId === own);
    return { from, to, make: (name: string) => mention(name, isOwn) };
  });
  return [...links, ...mentions].toSorted((a, b) => a.from - b.from);
}

function blockElement(said: string, block: Block, atoms: readonly Atom[]): Node {
  const makeOf = new Map(atoms.map(({ from, make }) => [from, make]));
  const inline = (parts: readonly Inline[]) =>
    parts.map((part) => inlineElement(said, part, makeOf));
  switch (block.kind) {
    case 'fence':
      return codeBlock(said.slice(block.code.from, block.code.to), block.language);
    case 'quote':
      return element('blockquote', 'quotation', ...inline(block.parts));
    case 'list': {
      const { start, items } = block;
      // Its bullets are on the side where its own text begins.
      const list = withOwnDirection(element(start === undefined ? 'ul' : 'ol', 'list'));
      if (start !== undefined) list.setAttribute('start', String(start));
      list.append(
        ...items.map(({ isNested, parts }) =>
          element('li', isNested ? 'is-nested' : '', ...inline(parts)),
        ),
      );
      return list;
    }
    default:
      return element('div', 'lines', ...inline(block.parts));
  }
}

function inlineElement(
  said: string,
  part: Inline,
  makeOf: ReadonlyMap<number, Atom['make']>,
): Node {
  if ('parts' in part) {
    const parts = part.parts.map((each) => inlineElement(said, each, makeOf));
    return element(TAGS[part.kind], '', ...parts);
  }
  const shown = said.slice(part.from, part.to);
  switch (part.kind) {
    case 'code':
      return element('code', 'code', shown);
    case 'link': {
      const made = link(part.href);
      made.textContent = shown;
      made.title = part.href;
      return made;
    }
    case 'atom':
      return makeOf.get(part.from)?.(shown) ?? document.createTextNode(shown);
    default:
      return document.createTextNode(shown);
  }
}

function link(shown: string): HTMLAnchorElement {
  const made = element('a', 'link', shown);
  made.href = shown;
  // A link to a room or a message of this page opens in this window.
  if (!shown.startsWith(`${location.origin}${location.pathname}#`)) made.target = '_blank';
  made.rel = 'noopener noreferrer nofollow';
  // The log is one stop for Tab; see `roving-tab-index.ts`.
  made.tabIndex = -1;
  return made;
}

function mention(said: string, isOwn: boolean): HTMLElement {
  return element('span', isOwn ? 'mention is-own' : 'mention', said);
}

/** The text of a search hit, with the matches marked: they are between U+0002 and U+0003. */
export function snippetParts(snippet: string): (string | Node)[] {
  return snippet.split('\u0002').flatMap((part, at) => {
    if (at === 0) return [part];
    const [hit = '', ...rest] = part.split('\u0003');
    return [element('mark', '', hit), rest.join('')];
  });
}

/** The beginning of a text in one line, without Markdown's signs. */
export function beginningOf(said: string, most = 120): string {
  const begun = withClosedFence(said.slice(0, 8 * most));
  const blocks = parseMarkdown(begun, linksIn(begun));
  const read = blocks.map((block) =>
    leavesOf([block])
      .map(({ from, to }) => begun.slice(from, to))
      .join(block.kind === 'list' ? ' ' : ''),
  );
  const line = read.join(' ').replaceAll(/\s+/gu, ' ').trim();
  const shown = Array.from(line.slice(0, 4 * most));
  return shown.length > most ? `${shown.slice(0, most).join('')}…` : line;
}
