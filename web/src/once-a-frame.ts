/**
 * Makes of `work` what can be called often: it is done once, at the end of the turn, for everything
 * that changes in it.
 * @param life when it has ended, nothing is done any more
 */
export function onceATurn(work: () => void, life: AbortSignal): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      if (!life.aborted) work();
    });
  };
}
