import { clockOf, fullTimeOf } from '../times.ts';

/** The element of the page with this id. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${id}.`);
}

/** Makes an element that holds text, which is never read as markup, or other elements. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (string | Node)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

export function button(label: string, onPress: () => void, className = 'button is-small') {
  const made = element('button', className, label);
  made.type = 'button';
  made.addEventListener('click', onPress);
  return made;
}

/** A picture of the page's own set; see the symbols in `index.html`. */
export function icon(name: string): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const made = document.createElementNS(space, 'svg');
  made.classList.add('icon', `icon-${name}`);
  made.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', `#icon-${name}`);
  made.append(use);
  return made;
}

/** A button that shows an icon; its label is for screen readers, and for users who point at it. */
export function iconButton(label: string, name: string, onPress: () => void, className = '') {
  const made = button('', onPress, `button is-icon ${className}`.trim());
  made.append(icon(name));
  made.ariaLabel = label;
  made.title = label;
  return made;
}

/** A time of day; pointing at it shows the date as well. @param timestamp epoch milliseconds */
export function timeElement(timestamp: number, shown = clockOf(timestamp)): HTMLTimeElement {
  const made = element('time', 'time', shown);
  made.dateTime = new Date(timestamp).toISOString();
  const name = () => {
    made.title = fullTimeOf(timestamp);
  };
  made.addEventListener('pointerenter', name, { once: true });
  return made;
}

/** Sets a text only when it differs, so that a screen reader does not read it again. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Focuses a control that may be in a message row. The row is focused first: its controls are only drawn
 * while the row is pointed at or holds the focus.
 */
export function focusInRow(target: HTMLElement): void {
  target.closest<HTMLElement>('.message')?.focus({ preventScroll: true });
  target.focus({ preventScroll: true });
}

/** Sets a text's direction from its own content. */
export function withOwnDirection<T extends HTMLElement>(target: T): T {
  target.dir = 'auto';
  return target;
}

let made = 0;

/** A new id, for an element that other elements refer to. */
export function newId(): string {
  made++;
  return `made-${made}`;
}
