import { whySilent } from '../rights.ts';
import { icon } from './dom.ts';
import type { RowContext } from './row-context.ts';

/** A finger that has moved less may still scroll, in pixels. */
const BEGIN_PX = 12;
/** Moved this far, a message is answered when the finger is lifted; in pixels. */
const REPLY_PX = 64;
/** At the edges of the screen browsers and phones have gestures of their own, in pixels. */
const EDGE_PX = 24;
/** These take a sideways finger for themselves. */
const OWN = 'pre, audio, video';

interface Swipe {
  row: HTMLElement;
  seq: number;
  pointerId: number;
  x: number;
  y: number;
  /** How far it is from the beginning of the line, in pixels; undefined while it may still scroll. */
  by: number | undefined;
}

/**
 * A finger that moves a message away from the beginning of its line answers it: to the right, and to
 * the left where the page is right-to-left. The style sheet leaves up and down to the browser
 * (`touch-action`), which cancels the pointer when it scrolls.
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
      if (whySilent(room.state, Date.now()) !== undefined) swipe = undefined;
    },
    { signal: life },
  );
  on('pointermove', move);
  on('pointerup', lift);
  on('pointercancel', end);
  life.addEventListener('abort', end);
}

/** @returns undefined for what is no swipe: a mouse, a second finger, or where something else swipes */
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
  if (row === null || isAtEdge || isDeleted || target.closest(OWN) !== null) return undefined;
  return { row, seq: Number(row.dataset['seq']), pointerId, x, y, by: undefined };
}
