import { focusInRow } from './dom.ts';
import { setReachable } from './roving-tab-index.ts';

/** One row of a list. */
export interface Row {
  key: string;
  /** Changes whenever the row must be drawn again. */
  state: string;
  draw: () => HTMLLIElement;
  /** Changes whenever `update` must bring the drawn row up to date. */
  version?: string;
  update?: (row: HTMLLIElement) => void;
}

interface Drawn extends Pick<Row, 'state' | 'version'> {
  element: HTMLLIElement;
}

/** A list that is drawn with as few changes as possible, so that selection and focus stay. */
export class RowList {
  readonly #list: HTMLElement;
  readonly #drawn = new Map<string, Drawn>();

  constructor(list: HTMLElement) {
    this.#list = list;
    list.replaceChildren();
  }

  element(key: string): HTMLLIElement | undefined {
    return this.#drawn.get(key)?.element;
  }

  draw(rows: readonly Row[]): void {
    this.#removeOthers(rows);
    let at = this.#list.firstElementChild;
    for (const row of rows) {
      const known = this.#drawn.get(row.key);
      if (known !== undefined && known.state === row.state) {
        if (known.element === at) at = at.nextElementSibling;
        else this.#list.insertBefore(known.element, at);
        update(known, row);
        continue;
      }
      const made = row.draw();
      made.dataset['key'] = row.key;
      const { state, version } = row;
      this.#drawn.set(row.key, { state, element: made, ...(version !== undefined && { version }) });
      if (known?.element === at) at = at?.nextElementSibling ?? null;
      this.#list.insertBefore(made, at);
      if (known !== undefined) replace(known.element, made);
    }
  }

  /** Removes rows before others are drawn: a row that stays would lose its focus if it were moved. */
  #removeOthers(rows: readonly Row[]): void {
    const kept = new Set(rows.map(({ key }) => key));
    for (const [key, { element }] of this.#drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
  }
}

function update(known: Drawn, { version, update: bringUpToDate }: Row): void {
  if (version === undefined || known.version === version) return;
  known.version = version;
  bringUpToDate?.(known.element);
  if (known.element.tabIndex === 0) setReachable(known.element, true);
}

/** Removes the old row; a focus inside it moves to the same place in the new one. */
function replace(old: HTMLElement, made: HTMLElement): void {
  const { activeElement } = document;
  const hadFocus = activeElement !== null && old.contains(activeElement);
  const place = (activeElement as HTMLElement | null)?.dataset['place'] ?? '';
  const isActive = old.tabIndex === 0;
  old.remove();
  if (isActive) setReachable(made, true);
  if (!hadFocus) return;
  // A row makes its buttons when it gets the focus.
  focusInRow(made);
  const same =
    place === '' ? null : made.querySelector<HTMLElement>(`[data-place="${CSS.escape(place)}"]`);
  same?.focus({ preventScroll: true });
}
