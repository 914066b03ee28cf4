export interface Shortcuts {
  switchRoom: () => void;
  /** One room further in the list, or back. */
  step: (by: 1 | -1) => void;
  search: () => void;
  firstUnread: () => void;
  /** Lists all keys. */
  list: () => void;
}

/** Listens to the keys that work everywhere; those of a letter work where nothing is written. */
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
