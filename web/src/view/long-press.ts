/** A finger that rests for so long wants to know what can be done, in milliseconds. */
const HOLD_MS = 450;
/** Some browsers follow a finger that is lifted with a click, within so many milliseconds. */
const CLICK_MS = 300;
/** One that moves further scrolls, in pixels. */
const MOVED_PX = 10;

/**
 * A finger that rests on a message and is lifted again. Not before it is lifted: that would close
 * what is opened for it.
 */
export function onLongPress(
  list: HTMLElement,
  held: (row: HTMLElement) => void,
  life: AbortSignal,
): void {
  let pressed: { row: HTMLElement; x: number; y: number; at: number } | undefined;
  /** When a finger was lifted that had rested; times are the events' own, a busy page sees them late. */
  let liftedAt = -Infinity;
  let due: ReturnType<typeof setTimeout> | undefined;
  const cancel = () => {
    pressed = undefined;
  };
  const open = () => {
    clearTimeout(due);
    const row = pressed?.row;
    cancel();
    if (row !== undefined) held(row);
  };
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ) => list.addEventListener(name, listener, { signal: life, capture: true });
  on('pointerdown', ({ target, pointerType, clientX: x, clientY: y, timeStamp: at }) => {
    const row = target instanceof Element ? target.closest<HTMLElement>('.message') : null;
    pressed = pointerType === 'touch' && row !== null ? { row, x, y, at } : undefined;
  });
  on('pointermove', ({ clientX, clientY }) => {
    const { x, y } = pressed ?? { x: clientX, y: clientY };
    if (Math.hypot(clientX - x, clientY - y) > MOVED_PX) cancel();
  });
  on('pointercancel', cancel);
  on('contextmenu', (event) => {
    // The browser has a menu of its own for a finger that rests.
    if (pressed !== undefined) event.preventDefault();
  });
  on('pointerup', ({ timeStamp }) => {
    if (pressed === undefined || timeStamp - pressed.at < HOLD_MS) {
      cancel();
      return;
    }
    liftedAt = timeStamp;
    due = setTimeout(open, CLICK_MS);
  });
  // It would press what opens under the finger; a click that is not the user's is `held` at work.
  on('click', (event) => {
    if (!event.isTrusted || event.timeStamp - liftedAt > CLICK_MS) return;
    event.preventDefault();
    event.stopPropagation();
    open();
  });
}
