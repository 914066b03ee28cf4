import { element, newId } from './dom.ts';

interface ChoiceListOptions<T> {
  /** The text field that the choices are for; it keeps the focus. */
  field: HTMLTextAreaElement;
  label: string;
  /** The content of a choice's row. */
  parts: (choice: T) => readonly Node[];
  choose: (choice: T) => void;
}

/** A list to choose from with the arrow keys, Enter and Tab while a text is being written. */
export class ChoiceList<T> {
  readonly element = element('ul', 'choice-list');
  readonly #options: ChoiceListOptions<T>;
  #choices: readonly T[] = [];
  #selected = 0;

  constructor(options: ChoiceListOptions<T>) {
    this.#options = options;
    this.element.role = 'listbox';
    this.element.ariaLabel = options.label;
    this.element.id = newId();
    this.element.hidden = true;
    options.field.addEventListener('blur', () => this.show([]));
  }

  get isOpen(): boolean {
    return this.#choices.length > 0;
  }

  get selected(): T | undefined {
    return this.#choices[this.#selected];
  }

  /** Offers these choices; none closes the list. */
  show(choices: readonly T[], selected = 0): void {
    if (choices.length === 0 && !this.isOpen) return;
    this.#choices = choices;
    this.#selected = selected;
    this.#render();
  }

  /** @returns whether the key was meant for the list */
  key(event: KeyboardEvent): boolean {
    const { length } = this.#choices;
    if (length === 0) return false;
    const { key } = event;
    if (key === 'ArrowDown') this.show(this.#choices, (this.#selected + 1) % length);
    else if (key === 'ArrowUp') this.show(this.#choices, (this.#selected + length - 1) % length);
    else if (key === 'Escape') this.show([]);
    else if (key === 'Enter' || key === 'Tab') this.#choose(this.selected);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #choose(choice: T | undefined): void {
    this.show([]);
    if (choice !== undefined) this.#options.choose(choice);
  }

  #render(): void {
    const { field } = this.#options;
    this.element.hidden = !this.isOpen;
    this.element.replaceChildren(...this.#choices.map((choice, at) => this.#option(choice, at)));
    if (this.isOpen) {
      field.setAttribute('aria-controls', this.element.id);
      field.setAttribute('aria-activedescendant', `${this.element.id}-${this.#selected}`);
    } else {
      field.removeAttribute('aria-controls');
      field.removeAttribute('aria-activedescendant');
    }
  }

  #option(choice: T, at: number): HTMLLIElement {
    const option = element('li', 'choice', ...this.#options.parts(choice));
    option.role = 'option';
    option.id = `${this.element.id}-${at}`;
    option.ariaSelected = String(at === this.#selected);
    // Already on pointerdown: when the field loses the focus, the list closes.
    option.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      this.#choose(choice);
    });
    return option;
  }
}
