import { commandIn, type SlashCommand } from '../slash-commands.ts';
import { text } from '../texts.ts';
import { element, newId } from './dom.ts';

interface CommandListOptions {
  field: HTMLTextAreaElement;
  commands: () => readonly SlashCommand[];
  /** A command is being written out. */
  complete: (name: string) => void;
  /** Something went wrong. */
  failed: (error: unknown) => void;
}

/** Commands to choose from while a text begins with `/`, and what does them. */
export class CommandList {
  readonly element = element('div', 'mentions');
  readonly #options: CommandListOptions;
  readonly #list = element('ul', 'mention-list');
  #found: readonly SlashCommand[] = [];
  #selected = 0;

  constructor(options: CommandListOptions) {
    this.#options = options;
    this.#list.role = 'listbox';
    this.#list.ariaLabel = text('commands');
    this.#list.id = newId();
    this.#list.hidden = true;
    this.element.append(this.#list);
    options.field.addEventListener('blur', () => this.close());
  }

  update(): void {
    const begun = /^\/([a-z]*)$/u.exec(this.#options.field.value)?.[1];
    this.#found =
      begun === undefined
        ? []
        : this.#options.commands().filter(({ name }) => name.startsWith(begun) && name !== begun);
    this.#selected = 0;
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

  /** Does what a text says where it is a command. @returns whether it is one */
  run(said: string): boolean {
    const found = commandIn(said, this.#options.commands());
    if (found === undefined) return false;
    void this.#do(found.command, found.rest);
    return true;
  }

  async #do({ run }: SlashCommand, rest: string): Promise<void> {
    try {
      await run(rest);
    } catch (error) {
      this.#options.failed(error);
    }
  }

  #choose(index: number): void {
    const command = this.#found[index];
    this.#found = [];
    if (command !== undefined) this.#options.complete(command.name);
  }

  #render(): void {
    const { field } = this.#options;
    const isOpen = this.#found.length > 0;
    if (isOpen || !this.#list.hidden) {
      field.setAttribute(
        'aria-activedescendant',
        isOpen ? `${this.#list.id}-${this.#selected}` : '',
      );
    }
    this.#list.hidden = !isOpen;
    this.#list.replaceChildren(...this.#found.map((command, at) => this.#option(command, at)));
  }

  #option({ name, about }: SlashCommand, at: number): HTMLLIElement {
    const option = element(
      'li',
      'mention-option',
      element('b', '', `/${name}`),
      element('span', 'mention-id', about),
    );
    option.role = 'option';
    option.id = `${this.#list.id}-${at}`;
    option.ariaSelected = String(at === this.#selected);
    option.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      this.#choose(at);
      this.#render();
    });
    return option;
  }
}
