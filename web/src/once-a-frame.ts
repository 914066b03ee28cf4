/** The longest wait for a frame, as in a hidden window, and the longest rest; in milliseconds. */
const MAX_WAIT_MS = 100;
/** Drawing is followed by a rest this many times as long, in which typed letters can show. */
const REST_FACTOR = 3;

interface Drawing {
  draw: () => void;
  isLast: boolean;
}

const due = new Set<Drawing>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
/** When the rest after the last drawing ends, as a `performance.now()`. */
let restedAt = 0;
let isDrawing = false;

/**
 * Returns a function to call for every change. It does `work` at most once a frame, and less often on a
 * slow processor, so that a busy room leaves time for typing and scrolling. All work that is due is done
 * together. A hidden window has no frames: a timer does it there, for the title and for screen readers.
 * @param life ends it; work that is still due is then not done
 * @param isLast done after all other work, because it draws what that has changed
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
    timer = setTimeout(drawAll, MAX_WAIT_MS);
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
  restedAt = now + Math.min(REST_FACTOR * (now - begunAt), MAX_WAIT_MS);
  isDrawing = false;
  if (due.size > 0) schedule();
}
