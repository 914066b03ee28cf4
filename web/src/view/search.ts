import type { Reply, Room } from '../../../src/client/index.ts';
import { hashOf } from '../address.ts';
import { firstSeqFrom } from '../date-search.ts';
import type { Names } from '../names.ts';
import { readSearchQuery, type SearchQuery } from '../search-query.ts';
import { sentenceOfError } from '../sentences.ts';
import { button, element, newId, setText, withOwnDirection, timeElement } from './dom.ts';
import type { PanelContent } from './panel.ts';
import { snippetParts } from './text.ts';
import { whenOf } from '../times.ts';
import { text } from '../texts.ts';

const PAGE = 20;

type Hit = Reply<'searchMessages'>['results'][number];

/** A panel that searches the room's messages. */
export class SearchPanel implements PanelContent {
  readonly name = 'Search';
  readonly title = text('search');
  readonly element = element('div', 'search');
  readonly #room: Room;
  readonly #names: Names;
  readonly #jump: (seq: number) => void;
  readonly #input = element('input', '');
  readonly #status = element('p', 'hint');
  readonly #list = element('ol', 'hits');
  readonly #more = button(text('showMore'), () => void this.#find(), 'button is-quiet');
  #query: SearchQuery = { words: '' };
  #last: number | undefined;

  constructor(room: Room, names: Names, jump: (seq: number) => void) {
    this.#room = room;
    this.#names = names;
    this.#jump = jump;
    this.#input.type = 'search';
    this.#input.id = newId();
    this.#input.enterKeyHint = 'search';
    const label = element('label', '', text('searchThis'));
    label.htmlFor = this.#input.id;
    const go = element('button', 'button is-primary', text('search'));
    go.type = 'submit';
    const hint = element('p', 'hint', text('searchHint'));
    const form = element('form', 'search-form', label, this.#input, go, hint);
    form.role = 'search';
    form.ariaLabel = text('messages');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#begin();
    });
    this.#status.role = 'status';
    this.#list.ariaLabel = text('results');
    this.#more.hidden = true;
    this.element.append(form, this.#status, this.#list, this.#more);
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  render(): void {
    // Results are not updated.
  }

  stop(): void {
    this.#query = { words: '' };
  }

  search(words: string): void {
    this.#input.value = words;
    this.#begin();
  }

  #begin(): void {
    this.#query = readSearchQuery(this.#input.value);
    this.#last = undefined;
    this.#list.replaceChildren();
    this.#more.hidden = true;
    if (this.#query.words === '') setText(this.#status, text('enterWords'));
    else void this.#find();
  }

  async #find(): Promise<void> {
    const query = this.#query;
    const before = this.#last;
    setText(this.#status, text('searching'));
    try {
      const { results, hasMore } = await this.#room.ask('searchMessages', {
        query: query.words,
        limit: PAGE,
        ...(query.from !== undefined && { from: this.#userIdOf(query.from) }),
        ...this.#before(before ?? (await this.#firstFrom(query.before))),
      });
      if (query !== this.#query) return;
      this.#list.append(...results.map((hit) => this.#item(hit)));
      this.#last = results.at(-1)?.seq;
      this.#more.hidden = !hasMore;
      setText(this.#status, foundText(this.#list.childElementCount, hasMore));
    } catch (error) {
      if (query === this.#query) setText(this.#status, sentenceOfError(error));
    }
  }

  /** The id of the person with this name; else the text itself, which may be an id. */
  #userIdOf(name: string): string {
    return this.#names.index.find(name)[0]?.userId ?? name;
  }

  async #firstFrom(moment: number | undefined): Promise<number | undefined> {
    return moment === undefined ? undefined : firstSeqFrom(this.#room, moment);
  }

  #before(seq: number | undefined): { before?: number } {
    return seq === undefined ? {} : { before: seq };
  }

  #item({ seq, sender, timestamp, snippet }: Hit): HTMLLIElement {
    const found = withOwnDirection(element('span', 'hit-text', ...snippetParts(snippet)));
    const head = element(
      'span',
      'hit-head',
      element('bdi', 'name', sender),
      ' ',
      timeElement(timestamp, whenOf(timestamp, Date.now())),
    );
    const made = element('a', 'hit', head, found);
    made.href = hashOf({ roomId: this.#room.roomId, seq });
    made.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#jump(seq);
    });
    return element('li', '', made);
  }
}

function foundText(count: number, hasMore: boolean): string {
  if (count === 0) return text('foundNone');
  if (hasMore) return text('foundNewest', { count });
  return text('foundCount', { count });
}
