export interface Shortcuts {
  switchRoom: () => void;
  /** Opens the next room of the list, or the previous one. */
  step: (by: 1 | -1) => void;
  search: () => void;
  firstUnread: () => void;
  /** Shows the list of all shortcuts. */
  list: () => void;
}

/** Listens for shortcuts anywhere on the page; those of a single key do not work in text fields. */
export function listenToShortcuts(shortcuts: Shortcuts, life: AbortSignal): void {
  window.addEventListener(
    'keydown',
    (event) => {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      const work = workOf(event, shortcuts);
      if (work === undefined) return;
      event.preventDefault();
      work();
    },
    { signal: life },
  );
}

function workOf(event: KeyboardEvent, shortcuts: Shortcuts): (() => void) | undefined {
  const { key, ctrlKey, metaKey, altKey, target } = event;
  if ((ctrlKey || metaKey) && key.toLowerCase() === 'k') return shortcuts.switchRoom;
  if (ctrlKey || metaKey) return undefined;
  if (altKey && key === 'ArrowDown') return () => shortcuts.step(1);
  if (altKey && key === 'ArrowUp') return () => shortcuts.step(-1);
  if (altKey || (target instanceof Element && target.matches('input, textarea, select'))) {
    return undefined;
  }
  const letters: Record<string, () => void> = {
    '?': shortcuts.list,
    '/': shortcuts.search,
    u: shortcuts.firstUnread,
  };
  return letters[key];
}
