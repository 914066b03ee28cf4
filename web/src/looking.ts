/** Whether somebody can be reading this window: it is in sight and has the keyboard. */
export function isLooking(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

/** @param changed may be called more often than `isLooking` changes @param life ends it */
export function onLooking(changed: () => void, life: AbortSignal): void {
  document.addEventListener('visibilitychange', changed, { signal: life });
  window.addEventListener('focus', changed, { signal: life });
  window.addEventListener('blur', changed, { signal: life });
}
