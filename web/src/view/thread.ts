import type { Message } from '../../../src/client/index.ts';
import { whyCannotSend } from '../rights.ts';
import { sentenceOfError } from '../sentences.ts';
import type { Composer } from './composer.ts';
import { button, element, setText } from './dom.ts';
import { EndFollower } from './end-follower.ts';
import type { PanelContent } from './panel.ts';
import { RowList } from './row-list.ts';
import { RovingTabIndex } from './roving-tab-index.ts';
import { rowsOf } from './rows.ts';
import type { RowContext } from './row-context.ts';
import { swipeToReply } from './swipe.ts';
import { text } from '../texts.ts';

const PAGE = 50;

/** A message and its replies. Follows the end while the reader is there, and keeps the place otherwise. */
export class ThreadPanel implements PanelContent {
  readonly name = 'Thread';
  readonly title = text('thread');
  readonly element = element('div', 'thread');
  readonly #seq: number;
  readonly #context: RowContext;
  readonly #rows: RowList;
  readonly #tabIndex: RovingTabIndex;
  readonly #status = element('p', 'hint');
  readonly #older = button(text('earlierReplies'), () => void this.#load(), 'button is-quiet');
  readonly #composer: Composer;
  readonly #messages = new Map<number, Message>();
  readonly #life = new AbortController();
  readonly #resized = new ResizeObserver(() => this.#follow());
  /** Messages after this `seq` were new when the thread was opened. */
  readonly #newAfter: number;
  readonly #end = new EndFollower();
  #isLoaded = false;
  #isWatching = false;

  /** @param composer where replies and edits of this thread are written */
  constructor(context: RowContext, seq: number, composer: Composer) {
    const { room, actions } = context;
    this.#context = {
      ...context,
      actions: { ...actions, jump: (to) => this.#jump(to, actions.jump) },
    };
    this.#seq = seq;
    this.#composer = composer;
    this.#newAfter = room.state.readUpTo;
    const list = element('ol', 'messages thread-messages');
    list.ariaLabel = text('thread');
    this.#rows = new RowList(list);
    this.#tabIndex = new RovingTabIndex(list, this.#life.signal);
    swipeToReply(list, this.#context, this.#life.signal);
    this.#status.role = 'status';
    this.#older.hidden = true;
    this.element.append(this.#older, list, this.#status, composer.element);
    const off = [
      room.on('message', (message) => this.#takeReply(message)),
      room.on('messageUpdated', (message) => this.#takeReply(message)),
      room.on('reactionsUpdated', ({ seq: of, rev, reactions }) => {
        const known = this.#messages.get(of);
        if (known !== undefined) this.#messages.set(of, { ...known, rev, reactions });
      }),
    ];
    this.#life.signal.addEventListener('abort', () => {
      this.#resized.disconnect();
      for (const end of off) end();
    });
    void this.#load();
  }

  focus(): void {
    if (!this.#composer.element.hidden) this.#composer.focus();
  }

  stop(): void {
    this.#life.abort();
  }

  /** Call it when the user has sent a reply: it must be in sight. */
  messageSent(): void {
    this.#end.follow();
    this.render();
  }

  /** This user's newest message here that can still be changed. */
  lastOwn(): Message | undefined {
    const { you } = this.#context.room.state;
    return this.#shown.findLast(
      ({ senderId, deletedAt }) => senderId === you?.userId && deletedAt === undefined,
    );
  }

  render(): void {
    if (this.#life.signal.aborted) return;
    this.#watch();
    const frame = this.#frame;
    if (frame !== null) this.#end.beforeDrawing(frame);
    const { state } = this.#context.room;
    const hasEnded = state.status.name === 'ended';
    this.#composer.element.hidden = hasEnded || whyCannotSend(state, Date.now()) !== undefined;
    this.#composer.render();
    const messages = this.#shown;
    if (this.#isLoaded) {
      const isEmpty = !messages.some(({ seq }) => seq !== this.#seq);
      setText(this.#status, isEmpty ? text('noReplies') : '');
    }
    const rows = rowsOf(this.#context, {
      messages,
      now: Date.now(),
      newAfter: this.#newAfter > 0 ? this.#newAfter : undefined,
      unsent: state.outgoing.filter(({ payload }) => payload.replyTo === this.#seq),
      isThread: true,
    });
    this.#rows.draw(rows);
    this.#tabIndex.update();
    this.#follow();
  }

  /** The first message and its replies, as far as they are loaded, by `seq`. */
  get #shown(): Message[] {
    const { messages } = this.#context.room.state;
    const known = new Map(messages.map((message) => [message.seq, message]));
    const root = known.get(this.#seq) ?? this.#context.replyTargets.of(this.#seq);
    const answers = new Map(this.#messages);
    for (const message of messages) {
      if (message.replyTo === this.#seq) answers.set(message.seq, message);
    }
    return [...(root ? [root] : []), ...answers.values()]
      .map((message) => known.get(message.seq) ?? message)
      .toSorted((a, b) => a.seq - b.seq);
  }

  /** The element that scrolls: the panel, once this content is in it. */
  get #frame(): HTMLElement | null {
    return this.element.parentElement;
  }

  #watch(): void {
    const frame = this.#frame;
    if (frame === null || this.#isWatching) return;
    this.#isWatching = true;
    this.#resized.observe(frame);
    this.#resized.observe(this.element);
    frame.addEventListener('scroll', () => this.#end.scrolled(frame), {
      passive: true,
      signal: this.#life.signal,
    });
  }

  #follow(): void {
    const frame = this.#frame;
    if (frame !== null && this.#end.isAtEnd) this.#end.toEnd(frame);
  }

  #jump(seq: number, elsewhere: (seq: number) => void): void {
    const row = this.#rows.element(`seq ${seq}`);
    if (row === undefined) {
      elsewhere(seq);
      return;
    }
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'center' });
  }

  #takeReply(message: Message): void {
    if (message.replyTo === this.#seq) this.#messages.set(message.seq, message);
  }

  async #load(): Promise<void> {
    const before = Math.min(...this.#messages.keys());
    const isFirst = !Number.isFinite(before);
    try {
      const { messages, hasMore } = await this.#context.room.ask('getHistory', {
        thread: this.#seq,
        limit: PAGE,
        ...(!isFirst && { before }),
      });
      for (const message of messages) this.#messages.set(message.seq, message);
      this.#isLoaded = true;
      const height = this.#frame?.scrollHeight ?? 0;
      this.#older.hidden = !hasMore;
      this.render();
      if (isFirst) this.#begin();
      else this.#keepPlace(height);
    } catch (error) {
      setText(this.#status, sentenceOfError(error));
    }
  }

  /** Opens at the first new reply if there is one, else at the end. */
  #begin(): void {
    const line = this.#rows.element('new');
    const frame = this.#frame;
    if (line === undefined || frame === null) return;
    const fromTop = line.getBoundingClientRect().top - frame.getBoundingClientRect().top;
    if (fromTop >= 0) return;
    this.#end.isAtEnd = false;
    frame.scrollTop += fromTop - frame.clientHeight / 4;
  }

  /** Keeps the place after earlier replies were added above. @param height the total height before */
  #keepPlace(height: number): void {
    const frame = this.#frame;
    if (frame !== null) frame.scrollTop += frame.scrollHeight - height;
  }
}
