/** The `keyCode` of a key that an input method takes; see UI Events, section 7.3.1. */
const TAKEN = 229;

/**
 * Hides keys that belong to an input method from the page's key listeners: the Enter that takes a
 * Japanese or Chinese candidate must not send the message. Safari ends the composition before that
 * Enter, so that `isComposing` is false and only the key's code shows it: WebKit bug 165004.
 */
export function hideInputMethodKeys(target: EventTarget = window): void {
  target.addEventListener(
    'keydown',
    (event) => {
      if (!(event instanceof KeyboardEvent)) return;
      // oxlint-disable-next-line no-deprecated -- nothing else shows it in Safari
      const isTaken = event.keyCode === TAKEN;
      if (!event.isComposing && !isTaken) return;
      event.stopPropagation();
      // Nor may it submit a form. While composing, the default action is the input method's.
      if (event.key === 'Enter' && !event.isComposing) event.preventDefault();
    },
    { capture: true },
  );
}
