/** Nearer to the end than this, a reader follows what is new; in pixels. */
const AT_END_PX = 48;

/** Whether the reader of something that scrolls is at its end, and so follows what is new. */
export class EndFollower {
  isAtEnd = true;
  /** Where the end was followed to, in pixels from the top. */
  #top = 0;

  /** Pixels above what is in sight, as it was drawn last; 0 where that is not known. */
  get above(): number {
    return this.isAtEnd ? this.#top : 0;
  }

  /** Goes to the end of what is drawn. */
  toEnd(frame: HTMLElement): void {
    frame.scrollTop = frame.scrollHeight;
    this.#top = frame.scrollTop;
  }

  /** What is drawn next is to be followed to its end, wherever the reader is. */
  follow(): void {
    this.isAtEnd = true;
    this.#top = 0;
  }

  /** @param reachesEnd whether what is drawn ends with the newest */
  scrolled({ scrollHeight, scrollTop, clientHeight }: HTMLElement, reachesEnd = true): void {
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX && reachesEnd;
    if (this.isAtEnd) this.#top = scrollTop;
  }

  /** Call it before drawing: a window that shows few frames says late that one has scrolled up. */
  beforeDrawing(frame: HTMLElement, reachesEnd = true): void {
    // At the top already: asking where it stands would lay out the page.
    if (this.#top === 0 || !this.isAtEnd) return;
    if (frame.scrollTop < this.#top) this.scrolled(frame, reachesEnd);
  }
}
