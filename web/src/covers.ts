/**
 * A part of the page that covers the messages on a narrow screen gets an entry in the browser's history,
 * so that Back closes it instead of leaving the room. At most one such cover is open.
 */
let closeCover: (() => void) | undefined;
/** Going back from a closed cover's entry was requested; the browser does it a little later. */
let isLeaving = false;

/** Whether the current history entry is a cover's; a room that is opened then replaces it. */
export function isCovered(): boolean {
  return (history.state as { isCover?: boolean } | null)?.isCover === true;
}

/** Adds a cover. @param close closes it, on Back or when another cover takes its place */
export function cover(close: () => void): void {
  const before = closeCover;
  closeCover = close;
  if (before !== undefined && before !== close) before();
  addEntry();
}

function addEntry(): void {
  if (!isCovered()) history.pushState({ isCover: true }, '', location.href);
}

/** Removes the entry of a cover that was not closed by Back. @param close as given to `cover` */
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
  // A cover that was opened in the meantime gets its entry now.
  if (hasLeft && closeCover !== undefined) addEntry();
  if (isCovered()) return;
  const close = closeCover;
  closeCover = undefined;
  close?.();
});

// After a reload no cover is open.
if (isCovered()) history.replaceState(null, '', location.href);
