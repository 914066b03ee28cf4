/** A window that shows no frames is drawn after so long, and no rest is longer; in milliseconds. */
const LONGEST_MS = 100;
/** After a drawing the page rests so many times as long as it took: a letter shows between two. */
const REST = 3;

interface Drawing {
  draw: () => void;
  isLast: boolean;
}

const due = new Set<Drawing>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
/** When the page has rested, by `performance.now()`. */
let restedAt = 0;
let isDrawing = false;

/**
 * Makes a function that can be called for every change and does `work` at most once a frame, on a slow
 * processor less often, so that a busy room leaves time for typing and scrolling. All that is due is
 * drawn together, so that nothing comes in between. A hidden window has no frames: a timer draws
 * there, for the title and for screen readers.
 * @param life ends it; what is still due is then not done
 * @param isLast draws after all others, from what they have changed
 */
export function onceAFrame(work: () => void, life: AbortSignal, isLast = false): () => void {
  const drawing: Drawing = {
    draw: () => {
      if (!life.aborted) work();
    },
    isLast,
  };
  return () => {
    if (life.aborted) return;
    if (due.size === 0 && !isDrawing) schedule();
    due.add(drawing);
  };
}

function schedule(): void {
  const rest = restedAt - performance.now();
  if (rest > 0) timer = setTimeout(schedule, rest);
  else {
    frame = requestAnimationFrame(drawAll);
    timer = setTimeout(drawAll, LONGEST_MS);
  }
}

function drawAll(): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  const all = [...due].toSorted((a, b) => Number(a.isLast) - Number(b.isLast));
  due.clear();
  isDrawing = true;
  const begunAt = performance.now();
  for (const { draw } of all) {
    try {
      draw();
    } catch (error) {
      // One that fails must not keep the others from being drawn.
      reportError(error);
    }
  }
  const now = performance.now();
  restedAt = now + Math.min(REST * (now - begunAt), LONGEST_MS);
  isDrawing = false;
  if (due.size > 0) schedule();
}
