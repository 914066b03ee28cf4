/** What `keyCode` is while an input method takes the key; see UI Events, section 7.3.1. */
const TAKEN = 229;

/**
 * Keeps keys that belong to an input method from everything on the page that listens to keys: Enter
 * that takes a Japanese or Chinese candidate sends nothing. Safari ends the composition before that
 * Enter, so that `isComposing` is false and only the key's code tells: WebKit bug 165004.
 */
export function leaveToInputMethod(target: EventTarget = window): void {
  target.addEventListener(
    'keydown',
    (event) => {
      if (!(event instanceof KeyboardEvent)) return;
      // oxlint-disable-next-line no-deprecated -- nothing else tells it in Safari
      const isTaken = event.keyCode === TAKEN;
      if (!event.isComposing && !isTaken) return;
      event.stopPropagation();
      // Nor does a form send itself. While composing, the default is the input method's.
      if (event.key === 'Enter' && !event.isComposing) event.preventDefault();
    },
    { capture: true },
  );
}
