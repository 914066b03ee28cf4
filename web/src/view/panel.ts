import { cover, uncover } from '../covers.ts';
import { byId, setText } from './dom.ts';

/** What the panel shows beside the messages. */
export interface PanelContent {
  /** The same in every language. */
  name: 'People' | 'Search' | 'Thread' | 'Pins';
  title: string;
  element: HTMLElement;
  /** Where the focus goes first. */
  focus?: () => void;
  render: () => void;
  /** Called when it is closed. */
  stop: () => void;
}

/** As in the style sheet: from this width on the panel is beside the messages, and does not cover them. */
const isWide = matchMedia('(min-width: 64rem)');

/** The place beside the messages, for one content at a time. */
export class Panel {
  readonly #panel = byId('panel', HTMLElement);
  readonly #title = byId('panel-title', HTMLHeadingElement);
  readonly #body = byId('panel-body', HTMLDivElement);
  readonly #changed: () => void;
  #content: PanelContent | undefined;
  #opener: HTMLElement | undefined;

  readonly #close = () => this.close();

  /** @param changed called when another content is open, or none */
  constructor(changed: () => void, life: AbortSignal) {
    this.#changed = changed;
    const options = { signal: life };
    byId('panel-close', HTMLButtonElement).addEventListener('click', () => this.close(), options);
    this.#panel.addEventListener(
      'keydown',
      (event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) this.close();
      },
      options,
    );
    life.addEventListener('abort', () => {
      this.#leave();
      uncover(this.#close);
    });
    this.#panel.hidden = true;
  }

  get name(): PanelContent['name'] | undefined {
    return this.#content?.name;
  }

  /** @param opener gets the focus back when it is closed; without, the focus stays where it is */
  open(content: PanelContent, opener?: HTMLElement): void {
    this.#leave();
    this.#content = content;
    this.#opener = opener;
    setText(this.#title, content.title);
    this.#body.replaceChildren(content.element);
    this.#body.scrollTop = 0;
    this.#panel.hidden = false;
    if (!isWide.matches) cover(this.#close);
    content.render();
    if (opener !== undefined) {
      if (content.focus === undefined) this.#title.focus();
      else content.focus();
    }
    this.#changed();
  }

  close(): void {
    const opener = this.#opener;
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#leave();
    this.#panel.hidden = true;
    uncover(this.#close);
    if (hadFocus) opener?.focus();
    this.#changed();
  }

  /** Closes the panel if it covers the messages. */
  closeIfCovering(): void {
    if (!isWide.matches) this.close();
  }

  render(): void {
    this.#content?.render();
  }

  #leave(): void {
    this.#content?.stop();
    this.#content = undefined;
    this.#body.replaceChildren();
  }
}
