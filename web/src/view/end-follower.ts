/** Nearer to the end than this, the reader counts as being at the end; in pixels. */
const AT_END_PX = 48;

/** Whether the reader of a scrolling element is at its end, and so follows new content. */
export class EndFollower {
  isAtEnd = true;
  /** The `scrollTop` of the end that was followed last, in pixels; 0 if not known. */
  #top = 0;

  /** Pixels above what is in sight, as of the last drawing; 0 if not known. */
  get above(): number {
    return this.isAtEnd ? this.#top : 0;
  }

  /** Scrolls to the end of what is drawn. */
  toEnd(frame: HTMLElement): void {
    frame.scrollTop = frame.scrollHeight;
    this.#top = frame.scrollTop;
  }

  /** Follows the next drawing to its end, wherever the reader is. */
  follow(): void {
    this.isAtEnd = true;
    this.#top = 0;
  }

  /** @param reachesEnd whether what is drawn ends with the newest */
  scrolled({ scrollHeight, scrollTop, clientHeight }: HTMLElement, reachesEnd = true): void {
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX && reachesEnd;
    if (this.isAtEnd) this.#top = scrollTop;
  }

  /** Call it before drawing: in a window with few frames the event of scrolling up comes late. */
  beforeDrawing(frame: HTMLElement, reachesEnd = true): void {
    // Nothing to compare with, and reading `scrollTop` would force a layout.
    if (this.#top === 0 || !this.isAtEnd) return;
    if (frame.scrollTop < this.#top) this.scrolled(frame, reachesEnd);
  }
}
