import type { Present, Room } from '../../../src/client/index.ts';
import type { Names } from '../names.ts';
import { element, newId, setText } from './dom.ts';
import { avatar } from './person.ts';

const MOST = 6;

/** Names to choose from while somebody is being mentioned in a text. */
export class MentionList {
  readonly element = element('div', 'mentions');
  readonly #text: HTMLTextAreaElement;
  readonly #room: Room;
  readonly #names: Names;
  readonly #list = element('ul', 'mention-list');
  readonly #told = element('p', 'aside');
  #found: readonly Pick<Present, 'userId' | 'username'>[] = [];
  #at = 0;
  /** Where in the text the name begins, behind its `@`. */
  #from = 0;

  constructor(text: HTMLTextAreaElement, room: Room, names: Names) {
    this.#text = text;
    this.#room = room;
    this.#names = names;
    this.#list.role = 'listbox';
    this.#list.ariaLabel = 'People to mention';
    this.#list.id = newId();
    this.#list.hidden = true;
    this.#told.ariaLive = 'polite';
    this.element.append(this.#list, this.#told);
    text.setAttribute('aria-autocomplete', 'list');
    text.addEventListener('blur', () => this.close());
  }

  /** Looks at what stands before the cursor. */
  update(): void {
    const before = this.#text.value.slice(0, this.#text.selectionStart);
    const [, begun] = /(?:^|\s)@([^\n@]{0,64})$/u.exec(before) ?? [];
    this.#found =
      begun === undefined ? [] : this.#beginningWith(begun.trimEnd().toLocaleLowerCase());
    this.#from = before.length - (begun?.length ?? 0);
    this.#at = 0;
    this.#render();
  }

  close(): void {
    this.#found = [];
    this.#render();
  }

  /** @returns whether the key was meant for the list */
  key(event: KeyboardEvent): boolean {
    const { length } = this.#found;
    if (length === 0) return false;
    const { key } = event;
    if (key === 'ArrowDown') this.#at = (this.#at + 1) % length;
    else if (key === 'ArrowUp') this.#at = (this.#at + length - 1) % length;
    else if (key === 'Escape') this.#found = [];
    else if (key === 'Enter' || key === 'Tab') this.#choose(this.#at);
    else return false;
    this.#render();
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** Those who are here first; whoever was spoken with comes behind them. */
  #beginningWith(begun: string): Pick<Present, 'userId' | 'username'>[] {
    const { online, you } = this.#room.state;
    const all = new Map(online.map(({ userId, username }) => [userId, username]));
    for (const [userId, name] of this.#names.all) if (!all.has(userId)) all.set(userId, name);
    const found = [...all]
      .filter(([userId, name]) => {
        return userId !== you?.userId && name.toLocaleLowerCase().startsWith(begun);
      })
      .map(([userId, username]) => ({ userId, username }));
    // A whole name needs no help, and Enter is to send it.
    const isWhole = found.some(({ username }) => username.toLocaleLowerCase() === begun);
    return isWhole ? [] : found.slice(0, MOST);
  }

  #choose(at: number): void {
    const chosen = this.#found[at];
    if (chosen === undefined) return;
    const { userId, username } = chosen;
    this.#names.learn(userId, username);
    this.#text.setRangeText(`${username} `, this.#from, this.#text.selectionStart, 'end');
    this.close();
    this.#text.focus();
  }

  #render(): void {
    const isOpen = this.#found.length > 0;
    this.#list.hidden = !isOpen;
    this.#list.replaceChildren(
      ...this.#found.map(({ userId, username }, at) => {
        const option = element(
          'li',
          'mention-option',
          avatar(userId, username),
          element('bdi', 'name', username),
        );
        option.role = 'option';
        option.id = `${this.#list.id}-${at}`;
        option.ariaSelected = String(at === this.#at);
        // Before the field loses the focus, and with it the list.
        option.addEventListener('pointerdown', (event) => {
          event.preventDefault();
          this.#choose(at);
        });
        return option;
      }),
    );
    if (isOpen) {
      this.#text.setAttribute('aria-controls', this.#list.id);
      this.#text.setAttribute('aria-activedescendant', `${this.#list.id}-${this.#at}`);
    } else {
      this.#text.removeAttribute('aria-controls');
      this.#text.removeAttribute('aria-activedescendant');
    }
    const { length } = this.#found;
    const people = length === 1 ? '1 person' : `${length} people`;
    setText(this.#told, isOpen ? `${people} to mention; arrow keys and Enter choose.` : '');
  }
}
