/** Draws at least this often in a window that shows no frames, in milliseconds. */
const HIDDEN_MS = 100;

/**
 * Makes a function that can be called for every change and does `work` at most once a frame, so that
 * a busy room leaves time for typing and scrolling. A hidden window has no frames: a timer draws
 * there, for the title and for screen readers.
 * @param life ends it; what is still due is then not done
 */
export function onceAFrame(work: () => void, life: AbortSignal): () => void {
  let isDue = false;
  return () => {
    if (isDue || life.aborted) return;
    isDue = true;
    const run = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      isDue = false;
      if (!life.aborted) work();
    };
    const frame = requestAnimationFrame(run);
    const timer = setTimeout(run, HIDDEN_MS);
  };
}
