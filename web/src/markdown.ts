import type { Span } from './links.ts';

/** A part of a line, as a span of the text. `atom`: a link or a mention found before parsing. */
export type Leaf = (Span & { kind: 'text' | 'code' | 'atom' }) | LabelledLink;
export type LabelledLink = Span & { kind: 'link'; href: string };
export interface Styled {
  kind: 'bold' | 'italic' | 'strike';
  parts: Inline[];
}
export type Inline = Leaf | Styled;

export type Block =
  | { kind: 'lines' | 'quote'; parts: Inline[] }
  | { kind: 'fence'; language: string; code: Span }
  | { kind: 'list'; start: number | undefined; items: { isNested: boolean; parts: Inline[] }[] };

const FENCE = /^ {0,3}```[ \t]*([\w+#.-]{0,20})[ \t]*$/;
const QUOTE = /^>(?: |$)/;
const ITEM = /^( {0,8})(?:[-*+]|(\d{1,3})[.)])[ \t]+(?=\S)/;
const LABELLED = /\[([^[\]\n]{1,200})\]\((https?:\/\/[^\s()<>]{1,2000})\)/iy;
/** Signs that style the text between two of the same. */
const SIGNS = /\*{1,3}|_{1,2}|~~/y;
const STYLES: Record<string, Styled['kind']> = {
  '**': 'bold',
  __: 'bold',
  '*': 'italic',
  _: 'italic',
  '~~': 'strike',
};
const WORD = /[\p{L}\p{N}]/u;
/** Scripts without spaces between words: there, signs need no space around them. */
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}]/u;

type Line = Span;

/**
 * Parses a fixed part of Markdown: bold, italic, strike, code, fences, lists, quotes and links. Anything
 * else stays as it was typed. Takes time in proportion to the text's length, whatever the text.
 * @param atoms links and mentions, in order, without overlaps
 */
export function parseMarkdown(text: string, atoms: readonly Span[]): Block[] {
  return new Parser(text, atoms).blocks();
}

/** Closes a code fence that is still open at the end of a text, because the rest is missing. */
export function withClosedFence(text: string): string {
  const fences = text.match(/^ {0,3}```/gm)?.length ?? 0;
  return fences % 2 === 1 ? `${text}\n\`\`\`` : text;
}

/** The readable parts of a text, without Markdown's signs, in order. */
export function leavesOf(blocks: readonly Block[]): Span[] {
  return blocks.flatMap((block) => {
    if (block.kind === 'fence') return [block.code];
    const lists = block.kind === 'list' ? block.items.map(({ parts }) => parts) : [block.parts];
    return lists.flatMap((parts) => parts.flatMap(leaves));
  });
}

function leaves(part: Inline): Span[] {
  return 'parts' in part ? part.parts.flatMap(leaves) : [part];
}

class Parser {
  readonly #text: string;
  readonly #atoms: ReadonlyMap<number, Span>;
  readonly #lines: Line[];
  /** Index of the last line that can close a fence; found once, so that no fence searches in vain. */
  #lastFence: number;

  constructor(text: string, atoms: readonly Span[]) {
    this.#text = text;
    this.#atoms = new Map(atoms.map((atom) => [atom.from, atom]));
    this.#lines = linesOf(text);
    this.#lastFence = this.#lines.findLastIndex((line) => this.#fenceOf(line) === '');
  }

  blocks(): Block[] {
    const blocks: Block[] = [];
    let at = 0;
    while (at < this.#lines.length) {
      const { block, next } =
        this.#fence(at) ?? this.#quote(at) ?? this.#list(at) ?? this.#plain(at);
      blocks.push(block);
      at = next;
    }
    return blocks;
  }

  #said({ from, to }: Span): string {
    return this.#text.slice(from, to);
  }

  #fenceOf(line: Line): string | undefined {
    return FENCE.exec(this.#said(line))?.[1];
  }

  #fence(at: number) {
    const language = this.#fenceOf(this.#lines[at]!);
    if (language === undefined || at >= this.#lastFence) return undefined;
    let end = at + 1;
    while (this.#fenceOf(this.#lines[end]!) !== '') end++;
    const [first, last] = [this.#lines[at + 1]!, this.#lines[end - 1]!];
    const code =
      end === at + 1 ? { from: first.from, to: first.from } : { from: first.from, to: last.to };
    return { block: { kind: 'fence', language, code } satisfies Block, next: end + 1 };
  }

  #quote(at: number) {
    let next = at;
    const inner: Line[] = [];
    for (; next < this.#lines.length; next++) {
      const line = this.#lines[next]!;
      const sign = QUOTE.exec(this.#said(line));
      if (sign === null) break;
      inner.push({ from: line.from + sign[0].length, to: line.to });
    }
    return inner.length === 0
      ? undefined
      : { block: { kind: 'quote', parts: this.#joined(inner) } satisfies Block, next };
  }

  #list(at: number) {
    const items: { isNested: boolean; parts: Inline[] }[] = [];
    let next = at;
    let start: number | undefined;
    for (; next < this.#lines.length; next++) {
      const line = this.#lines[next]!;
      const [sign, indent = '', number] = ITEM.exec(this.#said(line)) ?? [];
      const isNested = indent.length > 1;
      if (sign === undefined) break;
      // A bullet after numbers, or a number after bullets, begins another list, except a nested one.
      if (next > at && !isNested && (start === undefined) !== (number === undefined)) break;
      if (next === at && number !== undefined) start = Number(number);
      items.push({ isNested, parts: this.#inline({ from: line.from + sign.length, to: line.to }) });
    }
    return items.length === 0
      ? undefined
      : { block: { kind: 'list', start, items } satisfies Block, next };
  }

  #plain(at: number) {
    let next = at + 1;
    while (next < this.#lines.length && !this.#beginsBlock(next)) next++;
    const parts = this.#joined(this.#lines.slice(at, next));
    return { block: { kind: 'lines', parts } satisfies Block, next };
  }

  #beginsBlock(at: number): boolean {
    const line = this.#said(this.#lines[at]!);
    return QUOTE.test(line) || ITEM.test(line) || (FENCE.test(line) && at < this.#lastFence);
  }

  /** The parts of several lines, with the line breaks between them. */
  #joined(lines: readonly Line[]): Inline[] {
    return lines.flatMap((line, at) => {
      const parts = this.#inline(line);
      // The line break alone: a quote's next line begins with a sign, which is left out.
      return at === lines.length - 1
        ? parts
        : [...parts, { kind: 'text' as const, from: line.to, to: line.to + 1 }];
    });
  }

  #inline(line: Line): Inline[] {
    const text = this.#text;
    const styling = new Styling(text, line);
    const codeEnds = endsOfCode(text, line);
    let plainFrom = line.from;
    let at = line.from;
    const take = (length: number, add: () => void) => {
      styling.leaf({ kind: 'text', from: plainFrom, to: at });
      add();
      at += length;
      plainFrom = at;
    };
    while (at < line.to) {
      const atom = this.#atoms.get(at);
      const codeTo = codeEnds.get(at);
      const found = this.#labelled(at, line.to);
      const sign = signAt(text, at, line.to);
      if (codeTo !== undefined) {
        const ticks = ticksAt(text, at, line.to);
        const code = { kind: 'code' as const, from: at + ticks, to: codeTo - ticks };
        take(codeTo - at, () => styling.leaf(code));
      } else if (atom !== undefined && atom.to <= line.to) {
        take(atom.to - at, () => styling.leaf({ kind: 'atom', ...atom }));
      } else if (found !== undefined) take(found.length, () => styling.leaf(found.link));
      else if (sign !== '') {
        const from = at;
        take(sign.length, () => styling.sign(sign, from));
      } else at += Math.max(1, ticksAt(text, at, line.to));
    }
    styling.leaf({ kind: 'text', from: plainFrom, to: line.to });
    return styling.parts();
  }

  #labelled(at: number, end: number): { link: LabelledLink; length: number } | undefined {
    if (this.#text.charAt(at) !== '[') return undefined;
    LABELLED.lastIndex = at;
    const [all, label = '', href = ''] = LABELLED.exec(this.#text) ?? [];
    // A label that looks like an address would hide where the link leads.
    if (all === undefined || at + all.length > end || /:\/\//.test(label)) return undefined;
    if (!URL.canParse(href)) return undefined;
    const link = { kind: 'link' as const, href, from: at + 1, to: at + 1 + label.length };
    return { link, length: all.length };
  }
}

/** The signs opened on a line, and the parts that follow each of them. */
class Styling {
  readonly #text: string;
  readonly #line: Line;
  readonly #open: { sign: string; from: number; parts: Inline[] }[] = [];
  readonly #parts: Inline[] = [];

  constructor(text: string, line: Line) {
    this.#text = text;
    this.#line = line;
  }

  leaf(leaf: Leaf): void {
    if (leaf.from < leaf.to) (this.#open.at(-1)?.parts ?? this.#parts).push(leaf);
  }

  /** Takes a sign; `***` opens bold and italic, or closes both. */
  sign(sign: string, from: number): void {
    const isOpening = this.#isOpening(from, from + sign.length);
    if (this.#isClosing(from, from + sign.length)) {
      const closing = sign.length === 3 ? ['*', '**'] : [sign];
      if (closing.every((one) => this.#has(one))) {
        // The inner one first: closing the outer one gives up what is open within it.
        if (this.#depth('*') < this.#depth('**')) closing.reverse();
        for (const one of closing) this.#close(one);
        return;
      }
    }
    if (!isOpening) this.leaf({ kind: 'text', from, to: from + sign.length });
    else if (sign.length === 3) {
      this.#begin('**', from);
      this.#begin('*', from + 2);
    } else this.#begin(sign, from);
  }

  /** Ends the line; a sign that was never closed stays as it was typed. */
  parts(): Inline[] {
    while (this.#open.length > 0) this.#giveUp();
    return this.#parts;
  }

  #depth(sign: string): number {
    return this.#open.findIndex((one) => one.sign === sign);
  }

  #has(sign: string): boolean {
    return this.#depth(sign) >= 0;
  }

  /** Opens a sign. The same sign is never open twice, which bounds nesting. */
  #begin(sign: string, from: number): void {
    while (this.#has(sign)) this.#giveUp();
    this.#open.push({ sign, from, parts: [] });
  }

  #close(sign: string): void {
    while (this.#open.at(-1)?.sign !== sign) this.#giveUp();
    const { from, parts } = this.#open.pop()!;
    const target = this.#open.at(-1)?.parts ?? this.#parts;
    const kind = STYLES[sign];
    if (parts.length === 0 || kind === undefined) {
      target.push({ kind: 'text', from, to: from + 2 * sign.length });
    } else target.push({ kind, parts });
  }

  #giveUp(): void {
    const { sign, from, parts } = this.#open.pop()!;
    const target = this.#open.at(-1)?.parts ?? this.#parts;
    target.push({ kind: 'text', from, to: from + sign.length });
    for (const part of parts) target.push(part);
  }

  #isOpening(from: number, to: number): boolean {
    return this.#isInside(to) && !this.#isWord(characterBefore(this.#text, from, this.#line.from));
  }

  #isClosing(from: number, to: number): boolean {
    const before = characterBefore(this.#text, from, this.#line.from);
    return /\S/u.test(before) && !this.#isWord(characterAt(this.#text, to, this.#line.to));
  }

  #isInside(at: number): boolean {
    return /\S/u.test(characterAt(this.#text, at, this.#line.to));
  }

  #isWord(character: string): boolean {
    return WORD.test(character) && !UNSPACED.test(character);
  }
}

function linesOf(text: string): Line[] {
  let from = 0;
  return text.split('\n').map((line) => {
    const span = { from, to: from + line.length };
    from = span.to + 1;
    return span;
  });
}

/** Where each code span of a line begins, and where it ends: after as many ticks as it began with. */
function endsOfCode(text: string, { from, to }: Line): Map<number, number> {
  const ends = new Map<number, number>();
  const nextOf = new Map<number, number>();
  const runs = [...text.slice(from, to).matchAll(/`+/g)].map(({ 0: run, index }) => ({
    at: from + index,
    length: run.length,
  }));
  for (const { at, length } of runs.toReversed()) {
    const end = nextOf.get(length);
    if (end !== undefined && end > at + length) ends.set(at, end + length);
    nextOf.set(length, at);
  }
  return ends;
}

function ticksAt(text: string, at: number, end: number): number {
  let to = at;
  while (to < end && text.charAt(to) === '`') to++;
  return to - at;
}

/** The sign at this index, or ''; a longer run of the same character is no sign. */
function signAt(text: string, at: number, end: number): string {
  SIGNS.lastIndex = at;
  const sign = SIGNS.exec(text)?.[0] ?? '';
  const isRun =
    text.charAt(at + sign.length) === text.charAt(at) || text.charAt(at - 1) === text.charAt(at);
  return sign === '' || at + sign.length > end || isRun ? '' : sign;
}

function characterBefore(text: string, at: number, start: number): string {
  return at <= start ? '' : (/.$/su.exec(text.slice(Math.max(start, at - 2), at))?.[0] ?? '');
}

function characterAt(text: string, at: number, end: number): string {
  return at >= end ? '' : String.fromCodePoint(text.codePointAt(at) ?? 0);
}
