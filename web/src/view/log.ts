import type { Message, Room } from '../../../src/client/index.ts';
import { Excerpt } from '../excerpt.ts';
import { indexFrom } from '../originals.ts';
import { byId, setText } from './dom.ts';
import { RowList } from './row-list.ts';
import { RowReach } from './row-reach.ts';
import { rowsOf } from './rows.ts';
import type { Scene, Shown } from './scene.ts';

/** Nearer to the end than this, the log follows what is new; in pixels. */
const AT_END_PX = 48;
/** Nearer to either end of what is drawn than this, more is drawn or loaded; in pixels. */
const NEAR_PX = 800;
/** So many messages are drawn at first, and so many more each time. */
const STEP = 100;
/** More than so many are never drawn: what is far out of sight is let go. */
const MOST = 200;
/** More than so many loaded messages, and the oldest are let go; in steps, so that it is seldom. */
const KEEP_MOST = 1_000;
const KEEP = 300;
const OLDER_PAGE = 100;
/** How long a message that was jumped to stays marked, in milliseconds. */
const MARKED_MS = 2_000;

interface Mark {
  key: string;
  top: number;
}

/**
 * The messages. Follows the end while one is there, and keeps its place otherwise. Of all that is
 * loaded only a stretch around the place is drawn, so that a long room scrolls like a short one.
 */
export class LogView {
  readonly #scene: Scene;
  readonly #room: Room;
  readonly #log = byId('log', HTMLDivElement);
  readonly #list = byId('messages', HTMLOListElement);
  readonly #beginning = byId('beginning-text', HTMLParagraphElement);
  readonly #older = byId('older', HTMLButtonElement);
  readonly #newer = byId('newer', HTMLButtonElement);
  readonly #rows: RowList;
  readonly #reach: RowReach;
  readonly #resized: ResizeObserver;
  readonly #life: AbortSignal;
  #isAtEnd = true;
  /** `seq` of the first message that is drawn. */
  #from = 0;
  /** `seq` of the last one; Infinity: up to the newest. */
  #to = Infinity;
  /** What is shown where it is not the newest. */
  #excerpt: Excerpt | undefined;
  #loading: 'idle' | 'loading' | 'failed' = 'idle';
  /** What is behind this was new when the reader came, or looked away. */
  #newAfter: number | undefined;
  #hasBegun = false;
  /** The newest message that has been in sight. */
  #seen = 0;

  /** @param life ends when another room is shown; what was still to be loaded is then not drawn */
  constructor(scene: Scene, life: AbortSignal) {
    this.#life = life;
    this.#scene = scene;
    this.#room = scene.room;
    this.#rows = new RowList(this.#list);
    this.#reach = new RowReach(this.#list, life);
    const options = { signal: life };
    this.#log.addEventListener('scroll', () => this.#scrolled(), { ...options, passive: true });
    this.#older.addEventListener('click', () => void this.#loadOlder(), options);
    this.#newer.addEventListener('click', () => this.toEnd(), options);
    document.addEventListener('visibilitychange', () => this.#looked(), options);
    this.#resized = new ResizeObserver(() => {
      if (this.#isAtEnd) this.#scrollToEnd();
      this.#scrolled();
    });
    this.#resized.observe(this.#log);
    const off = [
      this.#room.on('message', ({ replyTo }) => this.#recount(replyTo)),
      this.#room.on('messageUpdated', (message) => {
        this.#updateExcerpt(message);
        this.#recount(message.replyTo);
      }),
      this.#room.on('reactionsUpdated', ({ seq, rev, reactions }) => {
        const known = this.#excerpt?.messages.find((message) => message.seq === seq);
        if (known !== undefined) this.#updateExcerpt({ ...known, rev, reactions });
      }),
      this.#room.on('reset', () => this.toEnd()),
    ];
    life.addEventListener('abort', () => {
      this.#resized.disconnect();
      for (const end of off) end();
    });
  }

  render(): void {
    if (this.#life.aborted) return;
    this.#begin();
    const { messages } = this.#room.state;
    const isFollowing = this.#isAtEnd && this.#excerpt === undefined;
    if (isFollowing && messages.length > KEEP_MOST) {
      this.#room.trim(KEEP);
      return;
    }
    const mark = this.#mark();
    this.#draw();
    this.#renderBeginning();
    if (isFollowing) this.#scrollToEnd();
    else this.#keepPlace(mark);
    this.#settle();
  }

  /** Goes to the newest message. */
  toEnd(): void {
    this.#excerpt = undefined;
    this.#isAtEnd = true;
    this.#to = Infinity;
    this.#from = 0;
    this.#draw();
    this.#renderBeginning();
    this.#scrollToEnd();
    this.#settle();
  }

  /** Said something oneself: all before it has been seen. */
  said(): void {
    this.#newAfter = undefined;
    this.toEnd();
  }

  /** Shows a message, wherever it stands. @throws Refused */
  async jump(seq: number): Promise<void> {
    const isLoaded = (messages: readonly Message[]) => messages.some((one) => one.seq === seq);
    if (!isLoaded(this.#messages)) {
      this.#excerpt = isLoaded(this.#room.state.messages)
        ? undefined
        : await Excerpt.around(this.#room, seq);
      if (this.#life.aborted) return;
    }
    this.#isAtEnd = false;
    const at = indexFrom(this.#messages, seq);
    this.#show(at - STEP / 2, at + STEP / 2);
    this.#draw();
    this.#renderBeginning();
    const row = this.focusOn(seq);
    row?.scrollIntoView({ block: 'center' });
    row?.classList.add('is-marked');
    setTimeout(() => row?.classList.remove('is-marked'), MARKED_MS);
    this.#settle();
  }

  /** Puts the focus on a message, where it is drawn. */
  focusOn(seq: number): HTMLElement | undefined {
    const row = this.#rows.element(`seq ${seq}`);
    row?.focus({ preventScroll: true });
    return row;
  }

  get #messages(): readonly Shown[] {
    return this.#excerpt?.messages ?? this.#room.state.messages;
  }

  get #reachesEnd(): boolean {
    return this.#to === Infinity && this.#excerpt?.hasNewer !== true;
  }

  /** Once the room is known: are there new messages, and where do they begin? */
  #begin(): void {
    const { you, readUpTo, unread } = this.#room.state;
    if (this.#hasBegun || you === undefined) return;
    this.#hasBegun = true;
    this.#seen = readUpTo;
    if (unread === 0) return;
    this.#newAfter = readUpTo;
    this.#draw();
    const line = this.#rows.element('new');
    if (line === undefined) return;
    this.#scrollToEnd();
    if (line.offsetTop >= this.#log.scrollTop) return;
    this.#isAtEnd = false;
    this.#log.scrollTop = line.offsetTop - this.#log.clientHeight / 4;
  }

  /** Draws the messages from one place in the list to another. */
  #show(from: number, to: number): void {
    const list = this.#messages;
    this.#from = list[Math.max(0, from)]?.seq ?? 0;
    this.#to = to >= list.length ? Infinity : (list[to - 1]?.seq ?? Infinity);
  }

  #draw(): void {
    const list = this.#messages;
    const end = this.#to === Infinity ? list.length : indexFrom(list, this.#to + 1);
    let start = this.#from === 0 ? end - STEP : indexFrom(list, this.#from);
    if (this.#isAtEnd && this.#excerpt === undefined && end - start > MOST) start = end - STEP;
    start = Math.max(0, start);
    this.#from = list[start]?.seq ?? 0;
    // While one reads further up, what comes in is not drawn without bounds.
    if (!this.#isAtEnd && end - start > 2 * MOST) this.#to = list[end - 1]?.seq ?? Infinity;
    this.#rows.draw(
      rowsOf(this.#scene, {
        messages: list.slice(start, end),
        now: Date.now(),
        newAfter: this.#newAfter,
        unsent: this.#reachesEnd ? this.#room.state.outgoing : [],
      }),
    );
    this.#reach.update();
  }

  /**
   * A row in sight by which the place is kept. Not the very first message: it is drawn anew, and
   * smaller, when earlier ones of its sender come before it.
   */
  #mark(): Mark | undefined {
    if (this.#isAtEnd && this.#excerpt === undefined) return undefined;
    const { scrollTop } = this.#log;
    const [, ...rows] = this.#list.querySelectorAll<HTMLLIElement>('li.message');
    const row = rows.find(({ offsetTop, offsetHeight }) => offsetTop + offsetHeight > scrollTop);
    return row && { key: row.dataset['key'] ?? '', top: row.offsetTop };
  }

  /** Brings a row back to where it stood. */
  #keepPlace(mark: Mark | undefined): void {
    const row = this.#rows.element(mark?.key ?? '');
    if (mark !== undefined && row !== undefined) this.#log.scrollTop += row.offsetTop - mark.top;
  }

  #renderBeginning(): void {
    const { you, roomId, outgoing, messages } = this.#room.state;
    const hasOlder = this.#hasOlder();
    const isLoading = this.#loading === 'loading';
    this.#older.hidden = !hasOlder || isLoading || you === undefined;
    setText(this.#older, this.#loading === 'failed' ? 'Try again' : 'Show earlier messages');
    const isEmpty =
      you !== undefined && !hasOlder && messages.length === 0 && outgoing.length === 0;
    this.#beginning.parentElement?.classList.toggle('is-empty', isEmpty);
    let text = '';
    if (hasOlder) {
      if (isLoading) text = 'Loading earlier messages…';
      if (this.#loading === 'failed') text = 'Earlier messages could not be loaded.';
    } else if (you !== undefined) {
      text = isEmpty
        ? 'Nothing was said here yet. Say hello, or send this page’s address to somebody.'
        : `This is the beginning of ${roomId}.`;
    }
    setText(this.#beginning, text);
  }

  /** Whether there is anything before what is drawn. */
  #hasOlder(): boolean {
    const first = this.#messages[0]?.seq ?? 0;
    return this.#from > first || (this.#excerpt ?? this.#room.state).hasOlder;
  }

  #scrollToEnd(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX && this.#reachesEnd;
    if (this.#isAtEnd) this.#excerpt = undefined;
    this.#settle();
  }

  /** After everything that moves: what is read, what is offered, what is to be loaded. */
  #settle(): void {
    this.#read();
    this.#renderNewer();
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    // In a window without height everything would seem near.
    if (clientHeight === 0 || this.#loading !== 'idle') return;
    if (scrollTop < NEAR_PX) void this.#extendUp();
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) void this.#extendDown();
  }

  async #extendUp(): Promise<void> {
    const list = this.#messages;
    const at = indexFrom(list, this.#from);
    if (at === 0) return this.#loadOlder();
    const end = this.#to === Infinity ? list.length : indexFrom(list, this.#to + 1);
    this.#show(at - STEP, Math.min(end, at - STEP + MOST));
    this.render();
  }

  async #extendDown(): Promise<void> {
    const list = this.#messages;
    if (this.#to === Infinity) {
      if (this.#excerpt?.hasNewer !== true) return;
      await this.#load(() => this.#excerpt?.loadNewer());
      return;
    }
    const end = indexFrom(list, this.#to + 1) + STEP;
    this.#show(Math.max(indexFrom(list, this.#from), end - MOST), end);
    this.render();
  }

  async #loadOlder(): Promise<void> {
    const source = this.#excerpt ?? this.#room.state;
    if (!source.hasOlder || this.#room.state.you === undefined) return;
    await this.#load(() => (this.#excerpt ?? this.#room).loadOlder(OLDER_PAGE));
  }

  /** Loads what is beside the stretch, and draws some of it. */
  async #load(work: () => Promise<void> | undefined): Promise<void> {
    if (this.#loading === 'loading') return;
    this.#loading = 'loading';
    this.#renderBeginning();
    try {
      await work();
      this.#loading = 'idle';
    } catch {
      this.#loading = 'failed';
    }
    this.render();
  }

  #renderNewer(): void {
    const isHidden =
      this.#isAtEnd || (this.#excerpt === undefined && this.#distance() < NEAR_PX / 2);
    const { messages, you } = this.#room.state;
    const count = messages
      .slice(indexFrom(messages, this.#seen + 1))
      .filter(({ senderId }) => senderId !== you?.userId).length;
    this.#newer.hidden = isHidden && count === 0;
    setText(this.#newer, newerText(count));
  }

  #distance(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return this.#to === Infinity ? scrollHeight - scrollTop - clientHeight : Infinity;
  }

  /** What is in sight has been read, if somebody looks. */
  #read(): void {
    const { messages, unread, readUpTo } = this.#room.state;
    if (document.visibilityState !== 'visible' || !this.#hasBegun) return;
    const newest = this.#isAtEnd ? messages.at(-1)?.seq : this.#lastInSight();
    if (newest === undefined) return;
    this.#seen = Math.max(this.#seen, newest);
    if (unread > 0 && newest > readUpTo) this.#room.markRead(newest);
  }

  /** `seq` of the last message that is in sight, as far as nothing before it is left out. */
  #lastInSight(): number | undefined {
    if (this.#excerpt !== undefined) return undefined;
    const bottom = this.#log.scrollTop + this.#log.clientHeight;
    const rows = [...this.#list.querySelectorAll<HTMLElement>('li.message[data-seq]')];
    const row = rows.findLast(({ offsetTop, offsetHeight }) => offsetTop + offsetHeight <= bottom);
    return row === undefined ? undefined : Number(row.dataset['seq']);
  }

  /** From when one looks away on, what comes is new. */
  #looked(): void {
    if (document.visibilityState === 'visible') {
      this.#read();
      this.#renderNewer();
    } else {
      this.#newAfter = this.#room.state.messages.at(-1)?.seq;
    }
  }

  #updateExcerpt(message: Message): void {
    if (this.#excerpt?.update(message) === true) this.render();
  }

  /** A reply to this message was sent or has changed. */
  #recount(replyTo = 0): void {
    if (this.#excerpt?.has(replyTo) !== true) return;
    void this.#excerpt.recount(replyTo).then(
      () => this.render(),
      () => undefined,
    );
  }
}

function newerText(count: number): string {
  if (count === 0) return 'Back to the newest';
  return count === 1 ? '1 new message' : `${count} new messages`;
}
