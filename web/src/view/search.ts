import type { Reply, Room } from '../../../src/client/index.ts';
import { sentenceOfError } from '../sentences.ts';
import { button, element, newId, setText, withOwnDirection, timeElement } from './dom.ts';
import type { PanelContent } from './panel.ts';
import { snippetParts } from './text.ts';
import { whenOf } from '../times.ts';
import { text } from '../texts.ts';

const PAGE = 20;

type Hit = Reply<'searchMessages'>['results'][number];

/** Finds what was said. */
export class SearchPanel implements PanelContent {
  readonly title = text('search');
  readonly element = element('div', 'search');
  readonly #room: Room;
  readonly #jump: (seq: number) => void;
  readonly #input = element('input', '');
  readonly #status = element('p', 'hint');
  readonly #list = element('ol', 'hits');
  readonly #more = button(text('showMore'), () => void this.#find(), 'button is-quiet');
  #query = '';
  #last: number | undefined;

  constructor(room: Room, jump: (seq: number) => void) {
    this.#room = room;
    this.#jump = jump;
    this.#input.type = 'search';
    this.#input.id = newId();
    this.#input.enterKeyHint = 'search';
    const label = element('label', '', text('searchThis'));
    label.htmlFor = this.#input.id;
    const go = element('button', 'button is-primary', text('search'));
    go.type = 'submit';
    const form = element('form', 'search-form', label, this.#input, go);
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
    // Results stand as they were found.
  }

  stop(): void {
    this.#query = '';
  }

  #begin(): void {
    this.#query = this.#input.value.trim();
    this.#last = undefined;
    this.#list.replaceChildren();
    this.#more.hidden = true;
    if (this.#query === '') setText(this.#status, text('enterWords'));
    else void this.#find();
  }

  async #find(): Promise<void> {
    const query = this.#query;
    const before = this.#last;
    setText(this.#status, text('searching'));
    try {
      const { results, hasMore } = await this.#room.ask('searchMessages', {
        query,
        limit: PAGE,
        ...(before !== undefined && { before }),
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

  #item({ seq, sender, timestamp, snippet }: Hit): HTMLLIElement {
    const found = withOwnDirection(element('span', 'hit-text', ...snippetParts(snippet)));
    const head = element(
      'span',
      'hit-head',
      element('bdi', 'name', sender),
      ' ',
      timeElement(timestamp, whenOf(timestamp, Date.now())),
    );
    const made = button('', () => this.#jump(seq), 'hit');
    made.append(head, found);
    return element('li', '', made);
  }
}

function foundText(count: number, hasMore: boolean): string {
  if (count === 0) return text('foundNone');
  if (hasMore) return text('foundNewest', { count });
  return text('foundCount', { count });
}
