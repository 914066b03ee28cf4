import { onLongPress } from './long-press.ts';

/** The controls of a row that Tab skips in other rows; the buttons of a failed message are not skipped. */
const CONTROLS =
  '.quote, .reaction, .replies, .unfold, .copy-code, .actions button, .link, .file > *';

/** Sets whether Tab reaches a row and its controls. */
export function setReachable(row: HTMLElement, isReached: boolean): void {
  row.tabIndex = isReached ? 0 : -1;
  for (const control of row.querySelectorAll<HTMLElement>(CONTROLS)) {
    control.tabIndex = isReached ? 0 : -1;
  }
}

/**
 * Makes a list of messages one stop for Tab: arrow keys go from one message to the next, Tab into
 * the one that has the focus, and Enter opens its menu.
 */
export class RovingTabIndex {
  readonly #list: HTMLElement;
  #reached: HTMLElement | undefined;
  /** Whether the focus has been in the list. */
  #isKnown = false;

  constructor(list: HTMLElement, life: AbortSignal) {
    this.#list = list;
    const options = { signal: life };
    list.addEventListener('focusin', ({ target }) => this.#focused(target), options);
    list.addEventListener('keydown', (event) => this.#key(event), options);
    onLongPress(list, openActions, life);
  }

  /** Call it after drawing. Until the focus has been in the list, Tab reaches the newest message. */
  update(): void {
    // The row may have been replaced.
    const reached = this.#list.querySelector<HTMLElement>('.message[tabindex="0"]');
    this.#reached = reached ?? undefined;
    if (!this.#isKnown || reached === null) this.#reach(this.#rows.at(-1));
  }

  get #rows(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>('.message[data-seq]')];
  }

  #reach(row: HTMLElement | undefined): void {
    if (row === this.#reached) return;
    if (this.#reached !== undefined) setReachable(this.#reached, false);
    this.#reached = row;
    if (row !== undefined) setReachable(row, true);
  }

  #focused(target: EventTarget | null): void {
    const row =
      target instanceof Element ? target.closest<HTMLElement>('.message[data-seq]') : null;
    if (row === null) return;
    this.#isKnown = true;
    this.#reach(row);
  }

  #key(event: KeyboardEvent): void {
    const { target, key } = event;
    if (!(target instanceof HTMLElement) || !target.matches('.message')) return;
    const rows = this.#rows;
    const at = rows.indexOf(target);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[key];
    if (key === 'Enter' || key === ' ') {
      openActions(target);
    } else if (to === undefined) return;
    else rows[to]?.focus();
    event.preventDefault();
  }
}

function openActions(row: HTMLElement): void {
  row.querySelector<HTMLElement>('[data-place="more"]')?.click();
}
