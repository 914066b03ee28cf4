import { foldName, memberKeys } from '../../../src/protocol/fold.ts';
import type { Room } from '../../../src/client/index.ts';
import type { MemberSearch } from '../member-search.ts';
import { nameBegun, type Person } from '../mentions.ts';
import type { Names } from '../names.ts';
import { element, newId, setText } from './dom.ts';
import { avatar } from './person.ts';
import { text } from '../texts.ts';

const MOST = 6;

export interface MentionListOptions {
  field: HTMLTextAreaElement;
  room: Room;
  names: Names;
  search: MemberSearch;
  /** @param at where the `@` stands that the name belongs to */
  choose: (person: Person, at: number) => void;
  /** Whether somebody was chosen for the `@` that stands there. */
  isChosen: (at: number) => boolean;
}

/** People to choose from while somebody is being mentioned in a text. */
export class MentionList {
  readonly element = element('div', 'mentions');
  readonly #options: MentionListOptions;
  readonly #list = element('ul', 'mention-list');
  readonly #told = element('p', 'aside');
  #found: readonly Person[] = [];
  #selected = 0;
  /** Where in the text the `@` stands. */
  #at = 0;

  constructor(options: MentionListOptions) {
    this.#options = options;
    this.#list.role = 'listbox';
    this.#list.ariaLabel = text('peopleToMention');
    this.#list.id = newId();
    this.#list.hidden = true;
    this.#told.ariaLive = 'polite';
    this.element.append(this.#list, this.#told);
    options.field.setAttribute('aria-autocomplete', 'list');
    options.field.addEventListener('blur', () => this.close());
  }

  get isOpen(): boolean {
    return this.#found.length > 0;
  }

  /** Looks at what stands before the cursor. */
  update(): void {
    const { field, search } = this.#options;
    const before = field.value.slice(0, field.selectionStart);
    const begun = nameBegun(before);
    const selected = this.#found[this.#selected];
    this.#at = before.length - (begun?.length ?? 0) - 1;
    this.#found = begun === undefined ? [] : this.#beginningWith(begun);
    // Names that the room has just told do not move what was selected.
    const same = this.#found.findIndex(({ userId }) => userId === selected?.userId);
    this.#selected = Math.max(0, same);
    if (begun !== undefined) search.find(begun);
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
    if (key === 'ArrowDown') this.#selected = (this.#selected + 1) % length;
    else if (key === 'ArrowUp') this.#selected = (this.#selected + length - 1) % length;
    else if (key === 'Escape') this.#found = [];
    else if (key === 'Enter' || key === 'Tab') this.#choose(this.#selected);
    else return false;
    this.#render();
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** Users who are here first; those who were spoken with, or whom the room named, come after. */
  #beginningWith(begun: string): Person[] {
    const { room, names, isChosen } = this.#options;
    const { online, you } = room.state;
    const key = foldName(begun.trim());
    const all = new Map(online.map(({ userId, username }) => [userId, username]));
    for (const [userId, name] of names.all) if (!all.has(userId)) all.set(userId, name);
    const found = [...all]
      .filter(([userId, name]) => userId !== you?.userId && isFoundBy(key, userId, name))
      .map(([userId, name]) => ({ userId, name }));
    // A whole name needs no help, and Enter is to send it; two people of that name do need it.
    const called = names.index.called(begun.trim()).length;
    return isChosen(this.#at) || called === 1 ? [] : found.slice(0, MOST);
  }

  #choose(index: number): void {
    const person = this.#found[index];
    if (person === undefined) return;
    this.close();
    this.#options.choose(person, this.#at);
  }

  #render(): void {
    const { field } = this.#options;
    const { isOpen } = this;
    this.#list.hidden = !isOpen;
    this.#list.replaceChildren(...this.#found.map((person, index) => this.#option(person, index)));
    if (isOpen) {
      field.setAttribute('aria-controls', this.#list.id);
      field.setAttribute('aria-activedescendant', `${this.#list.id}-${this.#selected}`);
    } else {
      field.removeAttribute('aria-controls');
      field.removeAttribute('aria-activedescendant');
    }
    const count = this.#found.length;
    setText(this.#told, isOpen ? text('mentionHelp', { count }) : '');
  }

  #option(person: Person, index: number): HTMLLIElement {
    const { userId, name } = person;
    const about = element('span', 'mention-about', element('bdi', 'name', name));
    const difference = this.#difference(person);
    if (difference !== '') about.append(element('bdi', 'mention-id', difference));
    const option = element('li', 'mention-option', avatar(userId, name), about);
    option.role = 'option';
    option.id = `${this.#list.id}-${index}`;
    option.ariaSelected = String(index === this.#selected);
    // Before the field loses the focus, and with it the list.
    option.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      this.#choose(index);
    });
    return option;
  }

  /** What tells a person from others of the same name. */
  #difference({ userId, name }: Person): string {
    const { names, search } = this.#options;
    if (names.index.called(name).length < 2) return '';
    const role = search.roleOf(userId) ?? 'none';
    return role === 'none' || role === 'member' ? userId : `${text(`role_${role}`)} · ${userId}`;
  }
}

function isFoundBy(key: string, userId: string, username: string): boolean {
  return memberKeys({ userId, username }).some((one) => one.startsWith(key));
}
