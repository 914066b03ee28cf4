import type { VisibleRange } from '../read-tracker.ts';

type Rows = HTMLCollectionOf<HTMLElement>;

/** The messages in sight, the last one to its end. @param newest the last one, if the reader is at the end */
export function visibleRangeOf(
  log: HTMLElement,
  list: HTMLElement,
  newest: number | undefined,
): VisibleRange | undefined {
  const rows = list.children as Rows;
  const top = log.scrollTop;
  const bottom = top + log.clientHeight;
  const first = seqNear(
    rows,
    firstRow(rows, (row) => bottomOf(row) > top),
    1,
  );
  const last = newest ?? seqNear(rows, firstRow(rows, (row) => bottomOf(row) > bottom) - 1, -1);
  return first === undefined || last === undefined ? undefined : { first, last };
}

/**
 * A message in sight by which the reader's place is kept. Not the very first one: it is drawn again, and
 * smaller, when earlier messages of its sender are added before it.
 */
export function anchorRow(log: HTMLElement, list: HTMLElement): HTMLElement | undefined {
  const rows = list.children as Rows;
  const { scrollTop } = log;
  let at = Math.max(
    2,
    firstRow(rows, (row) => bottomOf(row) > scrollTop),
  );
  while (rows[at]?.matches('.message') === false) at++;
  return rows[at];
}

/**
 * Index of the first row, from top to bottom, for which `holds` is true; the number of rows if none.
 * A binary search, since reading a position is slow.
 */
function firstRow(rows: Rows, holds: (row: HTMLElement) => boolean): number {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const row = rows[middle];
    if (row !== undefined && !holds(row)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function bottomOf({ offsetTop, offsetHeight }: HTMLElement): number {
  return offsetTop + offsetHeight;
}

/** `seq` of the message at this index, or of the next one in this direction. */
function seqNear(rows: Rows, from: number, step: 1 | -1): number | undefined {
  for (let at = from; rows[at] !== undefined; at += step) {
    const seq = rows[at]?.dataset['seq'];
    if (seq !== undefined) return Number(seq);
  }
  return undefined;
}
