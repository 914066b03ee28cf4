/** How long a finger must rest for a long press, in milliseconds. */
const HOLD_MS = 450;
/** Some browsers send a click after a finger is lifted, within this time; in milliseconds. */
const CLICK_MS = 300;
/** A finger that moves further is scrolling, in pixels. */
const MOVED_PX = 10;

/**
 * Calls `held` for a message on which a finger has rested, once the finger is lifted: lifting it would
 * close a menu that was opened before.
 */
export function onLongPress(
  list: HTMLElement,
  held: (row: HTMLElement) => void,
  life: AbortSignal,
): void {
  let pressed: { row: HTMLElement; x: number; y: number; at: number } | undefined;
  /** When a resting finger was lifted. Times are those of the events: a busy page handles them late. */
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
    // The browser would open its own menu on a long press.
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
  // The click would press what opens under the finger. Clicks that are not trusted are made by `held`.
  on('click', (event) => {
    if (!event.isTrusted || event.timeStamp - liftedAt > CLICK_MS) return;
    event.preventDefault();
    event.stopPropagation();
    open();
  });
}
