/**
 * What covers the talk on a narrow screen gets an entry in the browser's history, so that Back closes
 * it instead of leaving the room. Only one thing covers at a time.
 */
let closeCover: (() => void) | undefined;
/** An entry is on its way out: the browser goes back a little later. */
let isLeaving = false;

/** Whether the entry one is at belongs to a cover; a room that is opened takes its place. */
export function isCovered(): boolean {
  return (history.state as { isCover?: boolean } | null)?.isCover === true;
}

/** Something covers the talk from now on. @param close what Back does */
export function cover(close: () => void): void {
  const before = closeCover;
  closeCover = close;
  if (before !== undefined && before !== close) before();
  addEntry();
}

function addEntry(): void {
  if (!isCovered()) history.pushState({ isCover: true }, '', location.href);
}

/** It was closed by something else than Back: its entry goes. @param close as it was given */
export function uncover(close: () => void): void {
  if (closeCover !== close) return;
  closeCover = undefined;
  if (!isCovered() || isLeaving) return;
  isLeaving = true;
  history.back();
}

window.addEventListener('popstate', () => {
  const hasLeft = isLeaving;
  isLeaving = false;
  // What has begun to cover meanwhile gets an entry of its own.
  if (hasLeft && closeCover !== undefined) addEntry();
  if (isCovered()) return;
  const close = closeCover;
  closeCover = undefined;
  close?.();
});

// After a reload nothing covers any more.
if (isCovered()) history.replaceState(null, '', location.href);
