/** Whether the user can be reading this window: it is visible and has the focus. */
export function isWindowActive(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

/** @param changed may be called more often than `isWindowActive` changes @param life ends it */
export function onWindowActivity(changed: () => void, life: AbortSignal): void {
  document.addEventListener('visibilitychange', changed, { signal: life });
  window.addEventListener('focus', changed, { signal: life });
  window.addEventListener('blur', changed, { signal: life });
}
