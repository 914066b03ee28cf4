import type { Message, Room } from '../../../src/client/index.ts';
import { DrawnRange, FIRST } from '../drawn-range.ts';
import { HistoryWindow } from '../history-window.ts';
import { onceAFrame } from '../once-a-frame.ts';
import { aroundUnread, isEnough, loadFirst } from '../first-messages.ts';
import { isWindowActive, onWindowActivity } from '../window-activity.ts';
import { indexFrom } from '../reply-targets.ts';
import { ReadTracker, type Run, type VisibleRange } from '../read-tracker.ts';
import { UnreadMentions } from '../unread-mentions.ts';
import { Beginning } from './beginning.ts';
import { byId } from './dom.ts';
import { EndFollower } from './end-follower.ts';
import { lazy } from './lazy.ts';
import { Pills } from './pills.ts';
import { RowList } from './row-list.ts';
import { RovingTabIndex } from './roving-tab-index.ts';
import { anchorRow, visibleRangeOf } from './row-places.ts';
import { rowsOf } from './rows.ts';
import type { RowContext, Shown } from './row-context.ts';

/** Whether to load the swipe that replies. */
const hasTouch = matchMedia('(any-pointer: coarse)');
/** Nearer than this to either end of the drawn messages, more are drawn or loaded; in pixels. */
const NEAR_PX = 800;
/** How many messages are drawn on either side of one that the reader goes to. */
const AROUND = 50;
/** With more messages loaded than `MAX_LOADED`, all but the newest `KEEP` are dropped: rarely, then many. */
const MAX_LOADED = 1_000;
const KEEP = 300;
const OLDER_PAGE = 100;
/** How long a message that was jumped to stays marked, in milliseconds. */
const MARKED_MS = 2_000;

/**
 * The messages of a room. Follows the end while the reader is there, and keeps the reader's place
 * otherwise. Only the loaded messages around that place are drawn, so that a long room scrolls like a
 * short one.
 */
export class LogView {
  readonly #context: RowContext;
  readonly #room: Room;
  readonly #log = byId('log', HTMLDivElement);
  readonly #list = byId('messages', HTMLOListElement);
  readonly #beginning: Beginning;
  readonly #offers: () => readonly HTMLElement[];
  readonly #pills: Pills;
  readonly #reading: ReadTracker;
  readonly #mentions: UnreadMentions;
  readonly #rows: RowList;
  readonly #tabIndex: RovingTabIndex;
  readonly #life: AbortSignal;
  readonly #end = new EndFollower();
  readonly #range = new DrawnRange();
  /** How many messages were in sight. */
  #inSight = 0;
  /** The messages that are shown instead of the newest ones; undefined while those are shown. */
  #window: HistoryWindow | undefined;
  #loading: 'idle' | 'loading' | 'failed' = 'idle';
  /** Messages after this `seq` were new when the reader came, or arrived while the reader looked away. */
  #newAfter: number | undefined;
  /** `loading`: the first unread message is not loaded yet, and nothing is drawn before it is. */
  #phase: 'waiting' | 'loading' | 'begun' = 'waiting';
  #wasHidden = false;
  /** Draw or load more messages, in the next frame: those in sight already must not wait. */
  readonly #extendUp: () => void;
  readonly #extendDown: () => void;

  /**
   * @param offers buttons for a room without messages
   * @param life ends when another room is shown; pages that are loaded later are not drawn
   */
  constructor(context: RowContext, offers: () => readonly HTMLElement[], life: AbortSignal) {
    this.#offers = offers;
    this.#life = life;
    this.#context = context;
    this.#room = context.room;
    this.#reading = new ReadTracker(context.room);
    this.#mentions = new UnreadMentions(context.room);
    this.#pills = new Pills(
      {
        toEnd: () => this.toEnd(),
        toFirstUnread: () => void this.toFirstUnread(),
        readAll: () => this.#reading.readAll(),
        jump: (seq) => void this.jump(seq).catch(() => undefined),
      },
      life,
    );
    this.#rows = new RowList(this.#list);
    this.#extendUp = onceAFrame(() => {
      if (this.#range.growUp(this.#messages, this.#inSight)) this.render();
      else void this.#loadOlder();
    }, life);
    this.#extendDown = onceAFrame(() => {
      if (this.#range.growDown(this.#messages, this.#inSight)) this.render();
      else if (this.#window?.hasNewer === true) void this.#load(() => this.#window?.loadNewer());
    }, life);
    this.#tabIndex = new RovingTabIndex(this.#list, life);
    if (hasTouch.matches) void lazy.swipe(this.#list, context, life).catch(() => undefined);
    this.#log.addEventListener('scroll', () => this.#scrolled(), { signal: life, passive: true });
    this.#beginning = new Beginning(() => void this.#loadOlder(), life);
    onWindowActivity(() => this.#lookChanged(), life);
    const resized = new ResizeObserver(() => {
      if (this.#end.isAtEnd) this.#end.toEnd(this.#log);
      this.#scrolled();
    });
    resized.observe(this.#log);
    const off = [
      this.#room.on('message', (message) => {
        this.#mentions.learn(message);
        this.#recount(message.replyTo);
      }),
      this.#room.on('messageUpdated', (message) => {
        this.#mentions.learn(message);
        this.#updateWindow(message);
        this.#recount(message.replyTo);
      }),
      this.#room.on('reactionsUpdated', ({ seq, rev, reactions }) => {
        const known = this.#window?.messages.find((message) => message.seq === seq);
        if (known !== undefined) this.#updateWindow({ ...known, rev, reactions });
      }),
      this.#room.on('reset', () => this.toEnd()),
    ];
    life.addEventListener('abort', () => {
      resized.disconnect();
      for (const end of off) end();
    });
  }

  render(): void {
    if (this.#life.aborted) return;
    this.#begin();
    if (this.#phase === 'loading') {
      this.#renderBeginning();
      return;
    }
    const { messages } = this.#room.state;
    this.#end.beforeDrawing(this.#log, this.#reachesEnd);
    const isFollowing = this.#end.isAtEnd && this.#window === undefined;
    if (isFollowing && messages.length > MAX_LOADED) {
      this.#room.trim(KEEP);
      return;
    }
    const mark = this.#mark();
    this.#draw();
    this.#renderBeginning();
    if (isFollowing) this.#end.toEnd(this.#log);
    else this.#keepPlace(mark);
    this.#settle();
  }

  /** Goes to the newest message. */
  toEnd(): void {
    this.#reading.jumped();
    this.#window = undefined;
    this.#end.follow();
    this.#range.toEnd();
    this.#draw();
    this.#renderBeginning();
    this.#end.toEnd(this.#log);
    this.#settle();
  }

  /** Call it when the user has sent a message. */
  messageSent(): void {
    if (this.#room.state.unread === 0) this.#newAfter = undefined;
    this.toEnd();
  }

  /** Whether the reader's place has been found. */
  get hasBegun(): boolean {
    return this.#phase === 'begun';
  }

  /** Shows a message, after loading it if necessary. @throws Refused */
  async jump(seq: number): Promise<void> {
    const isLoaded = (messages: readonly Message[]) => messages.some((one) => one.seq === seq);
    if (!isLoaded(this.#messages)) {
      this.#window = isLoaded(this.#room.state.messages)
        ? undefined
        : await HistoryWindow.around(this.#room, seq);
      if (this.#life.aborted) return;
    }
    this.#reading.jumped();
    this.#end.isAtEnd = false;
    const at = indexFrom(this.#messages, seq);
    this.#range.show(this.#messages, at - AROUND, at + AROUND);
    this.#draw();
    this.#renderBeginning();
    const row = this.focusOn(seq);
    row?.scrollIntoView({ block: 'center' });
    row?.classList.add('is-marked');
    setTimeout(() => row?.classList.remove('is-marked'), MARKED_MS);
    this.#settle();
  }

  /** Puts the focus on a message, if it is drawn. */
  focusOn(seq: number): HTMLElement | undefined {
    const row = this.#rows.element(`seq ${seq}`);
    row?.focus({ preventScroll: true });
    return row;
  }

  get #messages(): readonly Shown[] {
    return this.#window?.messages ?? this.#room.state.messages;
  }

  get #run(): Run {
    return { messages: this.#messages, hasOlder: (this.#window ?? this.#room.state).hasOlder };
  }

  get #reachesEnd(): boolean {
    return this.#range.reachesEnd && this.#window?.hasNewer !== true;
  }

  /** Finds the reader's place, once the room is joined: the first unread message or the end. */
  #begin(): void {
    const { you, status, unread, readUpTo } = this.#room.state;
    const canLoad = status.name === 'open';
    // Without a connection nothing can be loaded: the messages that are there are shown.
    if (this.#phase === 'loading' && !canLoad) this.#beginReading();
    if (this.#phase !== 'waiting' || you === undefined) return;
    if (unread > 0) this.#newAfter = readUpTo;
    if (canLoad && !isEnough(this.#room, this.#reading)) {
      this.#phase = 'loading';
      void this.#loadFirst();
    } else this.#beginReading();
  }

  async #loadFirst(): Promise<void> {
    await loadFirst(this.#room, this.#reading);
    await this.#loadAroundUnread();
    if (this.#phase !== 'loading' || this.#life.aborted) return;
    this.#beginReading();
    this.render();
  }

  /** Shows the messages around the first unread one, if it is not among the newest. */
  async #loadAroundUnread(): Promise<void> {
    if (!this.#reading.hasGap(this.#run)) return;
    this.#window = await aroundUnread(this.#room, this.#reading).catch(() => this.#window);
  }

  #beginReading(): void {
    this.#phase = 'begun';
    void this.#lookForMentions();
    this.#placeAtUnread();
  }

  async #lookForMentions(): Promise<void> {
    await this.#mentions.begin(!this.#reading.hasGap(this.#room.state));
    if (!this.#life.aborted) this.#settle();
  }

  /** Goes to where the unread messages begin. */
  async toFirstUnread(): Promise<void> {
    this.#newAfter = this.#room.state.readUpTo;
    await this.#loadAroundUnread();
    if (this.#life.aborted) return;
    this.#placeAtUnread();
    this.#renderBeginning();
    this.#settle();
  }

  /** Scrolls to the line where the new messages begin, high enough to read on from there. */
  #placeAtUnread(): void {
    const first = this.#reading.firstUnread(this.#run);
    if (this.#newAfter === undefined || first === undefined) return;
    const list = this.#messages;
    const at = indexFrom(list, first);
    this.#range.show(list, at - FIRST, at + AROUND);
    const isNearEnd = this.#window === undefined && this.#range.reachesEnd;
    this.#end.isAtEnd = isNearEnd;
    this.#draw();
    this.#end.toEnd(this.#log);
    const line = this.#rows.element('new');
    if (line === undefined || (isNearEnd && line.offsetTop >= this.#log.scrollTop)) return;
    this.#end.isAtEnd = false;
    this.#log.scrollTop = line.offsetTop - this.#log.clientHeight / 4;
  }

  #draw(): void {
    const isFollowing = this.#end.isAtEnd && this.#window === undefined;
    const isTrimming = isFollowing && this.#end.above > 2 * NEAR_PX;
    const messages = this.#range.cut(this.#messages, isTrimming, this.#end.isAtEnd);
    this.#rows.draw(
      rowsOf(this.#context, {
        messages,
        now: Date.now(),
        newAfter: this.#newAfter,
        unsent: this.#reachesEnd ? this.#room.state.outgoing : [],
      }),
    );
    this.#tabIndex.update();
  }

  /** A row in sight and its position, by which the reader's place is kept. */
  #mark(): { key: string; top: number } | undefined {
    if (this.#end.isAtEnd && this.#window === undefined) return undefined;
    const row = anchorRow(this.#log, this.#list);
    return row && { key: row.dataset['key'] ?? '', top: row.offsetTop };
  }

  /** Scrolls so that a row is where it was before. */
  #keepPlace(mark: { key: string; top: number } | undefined): void {
    const row = this.#rows.element(mark?.key ?? '');
    if (mark !== undefined && row !== undefined) this.#log.scrollTop += row.offsetTop - mark.top;
  }

  #renderBeginning(): void {
    const { you, outgoing, messages, room } = this.#room.state;
    const hasOlder = this.#hasOlder();
    this.#beginning.render(
      {
        title: this.#context.title(),
        isKnown: you !== undefined,
        hasOlder,
        isCut: (room?.horizon ?? 0) > 1,
        isEmpty: !hasOlder && messages.length === 0 && outgoing.length === 0,
        loading: this.#phase === 'loading' ? 'missed' : this.#loading,
      },
      this.#offers,
    );
  }

  /** Whether there is anything before what is drawn. */
  #hasOlder(): boolean {
    return this.#range.leavesOut(this.#messages) || this.#run.hasOlder;
  }

  #scrolled(): void {
    this.#end.scrolled(this.#log, this.#reachesEnd);
    if (this.#end.isAtEnd && this.#window !== undefined) {
      // First, while no message is missing between the last read one and the newest.
      this.#read(this.#sight());
      this.#window = undefined;
    }
    this.#settle();
  }

  /** Call it after anything has moved: marks messages as read, draws the pills, loads more. */
  #settle(): void {
    if (this.#phase !== 'begun') return;
    const sight = this.#sight();
    this.#inSight = sight === undefined ? 0 : sight.last - sight.first + 1;
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#read(sight);
    this.#renderPills(sight);
    // In a window without height everything would seem near.
    if (clientHeight === 0 || this.#loading !== 'idle') return;
    if (scrollTop < NEAR_PX) this.#extendUp();
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) this.#extendDown();
  }

  async #loadOlder(): Promise<void> {
    if (!this.#run.hasOlder || this.#room.state.you === undefined) return;
    await this.#load(() => (this.#window ?? this.#room).loadOlder(OLDER_PAGE));
  }

  /** Loads messages before or after those that are loaded, and draws again. */
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

  #renderPills(sight: VisibleRange | undefined): void {
    const isAtNewest =
      this.#end.isAtEnd || (this.#window === undefined && this.#distance() < NEAR_PX / 2);
    const isUnreadAbove = this.#reading.isUnreadAbove(this.#run, sight);
    const newer = this.#reading.countNewer(isUnreadAbove);
    this.#pills.render({
      newer: isAtNewest && newer === 0 ? undefined : newer,
      isUnreadAbove: isUnreadAbove && this.#room.state.status.name !== 'ended',
      mentions: sight === undefined ? { above: [], below: [] } : this.#mentions.outOfSight(sight),
    });
  }

  #distance(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return this.#range.reachesEnd ? scrollHeight - scrollTop - clientHeight : Infinity;
  }

  /** Marks the messages in sight as read, if the user is looking. */
  #read(sight: VisibleRange | undefined): void {
    if (sight === undefined || !isWindowActive()) return;
    this.#mentions.markSeen(sight);
    this.#reading.markSeen(this.#run, sight);
  }

  #sight(): VisibleRange | undefined {
    return visibleRangeOf(
      this.#log,
      this.#list,
      this.#end.isAtEnd ? this.#messages.at(-1)?.seq : undefined,
    );
  }

  /** Call it when the user looks away or back: messages that arrive in between are new. */
  #lookChanged(): void {
    const { messages, unread } = this.#room.state;
    const newest = messages.at(-1)?.seq;
    if (!isWindowActive()) {
      this.#wasHidden ||= document.visibilityState === 'hidden';
      if (unread === 0) this.#newAfter = newest;
      return;
    }
    if (this.#phase !== 'begun') return;
    // Nothing arrived in between: the next message is seen as it arrives.
    if (this.#newAfter === newest) this.#newAfter = undefined;
    if (this.#reading.isUnreadAbove(this.#run, this.#sight())) {
      this.#reading.jumped();
      if (this.#wasHidden && this.#end.isAtEnd) void this.toFirstUnread();
    }
    this.#wasHidden = false;
    this.#settle();
  }

  #updateWindow(message: Message): void {
    if (this.#window?.update(message) === true) this.render();
  }

  /** Counts the replies of this message again, after one was sent or has changed. */
  #recount(replyTo = 0): void {
    if (this.#window?.has(replyTo) !== true) return;
    void this.#window.recount(replyTo).then(
      () => this.render(),
      () => undefined,
    );
  }
}
