import { commandIn, type SlashCommand } from '../slash-commands.ts';
import { text } from '../texts.ts';
import { ChoiceList } from './choice-list.ts';
import { element } from './dom.ts';

interface CommandListOptions {
  field: HTMLTextAreaElement;
  commands: () => readonly SlashCommand[];
  /** Completes the text to the command that was chosen. */
  complete: (name: string) => void;
  /** Shows the error of a command. */
  failed: (error: unknown) => void;
}

/** Offers commands while a text begins with `/`, and runs them. */
export class CommandList {
  readonly list: ChoiceList<SlashCommand>;
  readonly #options: CommandListOptions;

  constructor(options: CommandListOptions) {
    this.#options = options;
    this.list = new ChoiceList({
      field: options.field,
      label: text('commands'),
      parts: ({ name, about }) => [
        element('b', '', `/${name}`),
        element('span', 'choice-detail', about),
      ],
      choose: ({ name }) => options.complete(name),
    });
  }

  update(): void {
    const { field, commands } = this.#options;
    const begun = /^\/([a-z]*)$/u.exec(field.value)?.[1];
    const fits = ({ name }: SlashCommand) => name !== begun && name.startsWith(begun ?? '');
    this.list.show(begun === undefined ? [] : commands().filter(fits));
  }

  /** Runs the command in a text. @returns whether the text is a command */
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
}
