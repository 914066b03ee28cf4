/**
 * @import { Session } from '../room/session.js'
 * @import { Row } from './rows.js'
 */
import { byId, setText } from './elements.js';
import { rowsOf } from './rows.js';

/** Nearer to the end than this, the log follows what is new; in pixels. */
const AT_END_PX = 48;
/** Nearer to the beginning than this, earlier messages are fetched; in pixels. */
const NEAR_BEGINNING_PX = 240;

/** The messages: keeps its place while reading, follows the end otherwise. */
export class LogView {
  #session;
  #onEdit;
  #log = byId('log', HTMLDivElement);
  #list = byId('messages', HTMLOListElement);
  #beginning = byId('beginning-text', HTMLParagraphElement);
  #older = byId('older', HTMLButtonElement);
  #newer = byId('newer', HTMLButtonElement);
  /** @type {Map<string, { state: string, element: HTMLLIElement }>} */
  #drawn = new Map();
  #isAtEnd = true;
  /** The newest message that has been in sight. */
  #seenSeq = 0;
  #life = new AbortController();
  #resized;

  /**
   * @param {Session} session
   * @param {(id: string) => void} onEdit an unsent message is to be written anew
   */
  constructor(session, onEdit) {
    this.#session = session;
    this.#onEdit = onEdit;
    const { signal } = this.#life;
    this.#list.replaceChildren();
    this.#log.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    this.#older.addEventListener('click', () => session.loadOlder(), { signal });
    this.#newer.addEventListener('click', () => this.toEnd(), { signal });
    this.#resized = new ResizeObserver(() => {
      if (this.#isAtEnd) this.#scrollToEnd();
    });
    this.#resized.observe(this.#log);
  }

  stop() {
    this.#life.abort();
    this.#resized.disconnect();
  }

  render() {
    if (this.#isAtEnd) this.#session.forgetOld();
    const mark = this.#mark();
    this.#draw(rowsOf(this.#session, Date.now(), this.#onEdit));
    this.#renderBeginning();
    if (this.#isAtEnd) this.#scrollToEnd();
    else this.#keepPlace(mark);
    this.#renderNewer();
    this.#loadNear();
  }

  /** Goes to the newest message. */
  toEnd() {
    this.#isAtEnd = true;
    this.#scrollToEnd();
    this.#renderNewer();
  }

  /** Changes as few elements as possible: what stands stays, selection and focus with it. @param {Row[]} rows */
  #draw(rows) {
    /** @type {Element | null} */
    let at = this.#list.firstElementChild;
    const kept = new Set();
    for (const row of rows) {
      kept.add(row.key);
      const known = this.#drawn.get(row.key);
      if (known !== undefined && known.state === row.state && known.element === at) {
        at = at.nextElementSibling;
        continue;
      }
      const isStale = known === undefined || known.state !== row.state;
      const made = isStale ? row.draw() : known.element;
      if (known?.element === at) at = at.nextElementSibling;
      if (isStale) known?.element.remove();
      this.#list.insertBefore(made, at);
      made.dataset['key'] = row.key;
      this.#drawn.set(row.key, { state: row.state, element: made });
    }
    for (const [key, { element }] of this.#drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
  }

  /**
   * A row in sight by which the place is kept. Not the very first message: it is drawn anew, and
   * smaller, when earlier ones of its sender come before it.
   */
  #mark() {
    if (this.#isAtEnd) return undefined;
    const { scrollTop } = this.#log;
    const [, ...rows] = this.#list.querySelectorAll('li.message');
    for (const row of rows) {
      if (row instanceof HTMLLIElement && row.offsetTop + row.offsetHeight > scrollTop) {
        return { key: row.dataset['key'] ?? '', top: row.offsetTop };
      }
    }
    return undefined;
  }

  /** Brings a row back to where it stood. @param {{ key: string, top: number } | undefined} mark */
  #keepPlace(mark) {
    const row = this.#drawn.get(mark?.key ?? '')?.element;
    if (mark !== undefined && row !== undefined) this.#log.scrollTop += row.offsetTop - mark.top;
  }

  #renderBeginning() {
    const { messages, older, you, roomId, unsent } = this.#session;
    this.#older.hidden = !messages.hasOlder || older === 'loading';
    setText(this.#older, older === 'failed' ? 'Try again' : 'Show earlier messages');
    const isEmpty = you !== undefined && messages.list.length === 0 && unsent.length === 0;
    this.#beginning.parentElement?.classList.toggle('is-empty', isEmpty);
    let text = '';
    if (messages.hasOlder) {
      if (older === 'loading') text = 'Loading earlier messages…';
      if (older === 'failed') text = 'Earlier messages could not be loaded.';
    } else if (you !== undefined) {
      text = isEmpty
        ? 'Nothing was said here yet. Say hello, or send this page’s address to somebody.'
        : `This is the beginning of ${roomId}.`;
    }
    setText(this.#beginning, text);
  }

  #renderNewer() {
    const { list } = this.#session.messages;
    if (this.#isAtEnd) this.#seenSeq = list.at(-1)?.seq ?? this.#seenSeq;
    const count = list.length - 1 - list.findLastIndex(({ seq }) => seq <= this.#seenSeq);
    this.#newer.hidden = this.#isAtEnd || count === 0;
    setText(this.#newer, count === 1 ? '1 new message' : `${count} new messages`);
  }

  #scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    this.#renderNewer();
    this.#loadNear();
  }

  #loadNear() {
    const { older } = this.#session;
    if (older === 'idle' && this.#log.scrollTop < NEAR_BEGINNING_PX) this.#session.loadOlder();
  }
}
