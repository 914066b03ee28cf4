import type { Message } from '../../../src/client/index.ts';
import { sentenceOfError } from '../sentences.ts';
import { Composer, type ComposerOptions } from './composer.ts';
import { button, element, setText } from './dom.ts';
import type { PanelContent } from './panel.ts';
import { RowList } from './row-list.ts';
import { RowReach } from './row-reach.ts';
import { rowsOf } from './rows.ts';
import type { Scene } from './scene.ts';

const PAGE = 50;

/** A message and its answers. */
export class ThreadPanel implements PanelContent {
  readonly title = 'Thread';
  readonly element = element('div', 'thread');
  readonly #seq: number;
  readonly #scene: Scene;
  readonly #rows: RowList;
  readonly #reach: RowReach;
  readonly #status = element('p', 'hint');
  readonly #older = button('Show earlier replies', () => void this.#load(), 'button is-quiet');
  readonly #composer: Composer | undefined;
  readonly #messages = new Map<number, Message>();
  readonly #life = new AbortController();
  readonly #off: (() => void)[];

  /** @param write how to answer here; undefined where this user may not */
  constructor(scene: Scene, seq: number, write: ComposerOptions | undefined) {
    this.#scene = scene;
    this.#seq = seq;
    const list = element('ol', 'messages thread-messages');
    list.ariaLabel = 'Thread';
    this.#rows = new RowList(list);
    this.#reach = new RowReach(list, this.#life.signal);
    this.#status.role = 'status';
    this.#older.hidden = true;
    this.element.append(this.#older, list, this.#status);
    if (write !== undefined) {
      this.#composer = new Composer({ ...write, thread: seq });
      this.element.append(this.#composer.element);
    }
    const { room } = scene;
    this.#off = [
      room.on('message', (message) => this.#heard(message)),
      room.on('messageUpdated', (message) => this.#heard(message)),
      room.on('reactionsUpdated', ({ seq, rev, reactions }) => {
        const known = this.#messages.get(seq);
        if (known !== undefined) this.#messages.set(seq, { ...known, rev, reactions });
      }),
    ];
    void this.#load();
  }

  focus(): void {
    this.#composer?.focus();
  }

  stop(): void {
    this.#life.abort();
    for (const end of this.#off) end();
  }

  render(): void {
    const { room } = this.#scene;
    const known = new Map(room.state.messages.map((message) => [message.seq, message]));
    const root = known.get(this.#seq) ?? this.#scene.originals.of(this.#seq);
    const answers = new Map(this.#messages);
    for (const message of known.values()) {
      if (message.replyTo === this.#seq) answers.set(message.seq, message);
    }
    const newer = (message: Message) => known.get(message.seq) ?? message;
    const messages = [...(root ? [root] : []), ...answers.values()]
      .map(newer)
      .toSorted((a, b) => a.seq - b.seq);
    const waiting = room.state.outgoing.filter(({ payload }) => payload.replyTo === this.#seq);
    const rows = rowsOf(this.#scene, {
      messages,
      now: Date.now(),
      newAfter: undefined,
      unsent: waiting,
      isThread: true,
    });
    this.#rows.draw(rows);
    this.#reach.update();
  }

  #heard(message: Message): void {
    if (message.replyTo === this.#seq) this.#messages.set(message.seq, message);
  }

  async #load(): Promise<void> {
    const before = Math.min(...this.#messages.keys());
    try {
      const { messages, hasMore } = await this.#scene.room.ask('getHistory', {
        thread: this.#seq,
        limit: PAGE,
        ...(before < Infinity && { before }),
      });
      for (const message of messages) this.#messages.set(message.seq, message);
      this.#older.hidden = !hasMore;
      setText(
        this.#status,
        this.#messages.size === 0 ? 'No replies yet; write the first one.' : '',
      );
      this.render();
      if (before === Infinity) this.element.lastElementChild?.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      setText(this.#status, sentenceOfError(error));
    }
  }
}
