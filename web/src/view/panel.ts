import { cover, uncover } from '../covers.ts';
import { byId, setText } from './dom.ts';

/** Something that stands beside the talk. */
export interface PanelContent {
  /** The same in every language. */
  name: 'People' | 'Search' | 'Thread' | 'Pins';
  title: string;
  element: HTMLElement;
  /** Where the focus goes first. */
  focus?: () => void;
  render: () => void;
  /** It is closed. */
  stop: () => void;
}

/** As in the style sheet: from here on the panel stands beside the talk, and not before it. */
const isWide = matchMedia('(min-width: 64rem)');

/** One place for whatever is looked at beside the talk. */
export class Panel {
  readonly #panel = byId('panel', HTMLElement);
  readonly #title = byId('panel-title', HTMLHeadingElement);
  readonly #body = byId('panel-body', HTMLDivElement);
  readonly #changed: () => void;
  #content: PanelContent | undefined;
  #opener: HTMLElement | undefined;

  readonly #close = () => this.close();

  /** @param changed something else is open now, or nothing */
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

  get isBesideTalk(): boolean {
    return isWide.matches;
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

  /** Makes place for the talk where there is none beside it. */
  yield(): void {
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
