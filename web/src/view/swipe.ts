import { whyCannotSend } from '../rights.ts';
import { icon } from './dom.ts';
import type { RowContext } from './row-context.ts';

/** A finger that has moved less than this may still scroll, in pixels. */
const BEGIN_PX = 12;
/** A message that is moved this far is replied to when the finger is lifted; in pixels. */
const REPLY_PX = 64;
/** How wide the screen's edges are, where browsers and phones have their own gestures; in pixels. */
const EDGE_PX = 24;
/** Elements with sideways gestures of their own. */
const SIDEWAYS = 'pre, audio, video';

interface Swipe {
  row: HTMLElement;
  seq: number;
  pointerId: number;
  x: number;
  y: number;
  /** How far the finger has moved from where it began, in pixels; undefined while it may still scroll. */
  by: number | undefined;
}

/**
 * Replies to a message that a finger moves sideways: to the right, or to the left on a right-to-left
 * page. The style sheet leaves vertical movement to the browser (`touch-action`), which cancels the
 * pointer when it scrolls.
 */
export function swipeToReply(list: HTMLElement, context: RowContext, life: AbortSignal): void {
  const { room, actions, replyTargets } = context;
  const mark = icon('reply');
  mark.classList.add('swipe-mark');
  let swipe: Swipe | undefined;
  const end = () => {
    swipe?.row.style.removeProperty('translate');
    mark.remove();
    swipe = undefined;
  };
  const lift = () => {
    const { seq = 0, by = 0 } = swipe ?? {};
    end();
    const message = by < REPLY_PX ? undefined : replyTargets.of(seq);
    if (message !== undefined) actions.reply(message);
  };
  const move = ({ clientX, clientY }: PointerEvent) => {
    if (swipe === undefined) return;
    const sign = getComputedStyle(list).direction === 'rtl' ? -1 : 1;
    const by = sign * (clientX - swipe.x);
    const isSideways = by > BEGIN_PX && by > 2 * Math.abs(clientY - swipe.y);
    if (swipe.by === undefined && !isSideways) {
      if (Math.hypot(by, clientY - swipe.y) > BEGIN_PX) end();
      return;
    }
    swipe.by = by;
    swipe.row.style.translate = `${sign * Math.min(REPLY_PX, Math.max(0, by))}px`;
    mark.classList.toggle('is-far', by >= REPLY_PX);
    if (mark.parentElement !== swipe.row) swipe.row.append(mark);
  };
  const on = (name: 'pointermove' | 'pointerup' | 'pointercancel', listener: typeof move) => {
    const ofSwipe = (event: PointerEvent) => {
      if (event.pointerId === swipe?.pointerId) listener(event);
    };
    list.addEventListener(name, ofSwipe, { signal: life });
  };
  list.addEventListener(
    'pointerdown',
    (event) => {
      end();
      swipe = begun(event);
      if (whyCannotSend(room.state, Date.now()) !== undefined) swipe = undefined;
    },
    { signal: life },
  );
  on('pointermove', move);
  on('pointerup', lift);
  on('pointercancel', end);
  life.addEventListener('abort', end);
}

/** @returns undefined where no swipe begins: for a mouse, a second finger, or over another gesture */
function begun({
  target,
  isPrimary,
  pointerType,
  pointerId,
  clientX: x,
  clientY: y,
}: PointerEvent) {
  if (pointerType !== 'touch' || !isPrimary || !(target instanceof Element)) return undefined;
  const row = target.closest<HTMLElement>('.message[data-seq]');
  const isAtEdge = x < EDGE_PX || x > innerWidth - EDGE_PX;
  const isDeleted = row?.querySelector('.is-deleted') !== null;
  if (row === null || isAtEdge || isDeleted || target.closest(SIDEWAYS) !== null) return undefined;
  return { row, seq: Number(row.dataset['seq']), pointerId, x, y, by: undefined };
}
