import { byId, setText } from './dom.ts';
import { text } from '../texts.ts';

export interface PillActions {
  toEnd: () => void;
  toFirstUnread: () => void;
  readAll: () => void;
  /** Shows a message. */
  jump: (seq: number) => void;
}

export interface PillState {
  /** New messages below those in sight, 100 meaning "or more"; undefined while the reader is at the end. */
  newer: number | undefined;
  isUnreadAbove: boolean;
  /** Mentions out of sight, the nearest ones first. */
  mentions: { above: readonly number[]; below: readonly number[] };
}

/** Buttons that float over the log, and lead to new messages and mentions. */
export class Pills {
  readonly #newer = byId('newer', HTMLButtonElement);
  readonly #unread = byId('unread-above', HTMLDivElement);
  readonly #mention = byId('mention', HTMLButtonElement);
  #mentioned: number | undefined;

  constructor(actions: PillActions, life: AbortSignal) {
    const options = { signal: life };
    this.#newer.addEventListener('click', () => actions.toEnd(), options);
    byId('first-unread', HTMLButtonElement).addEventListener(
      'click',
      () => actions.toFirstUnread(),
      options,
    );
    byId('read-all', HTMLButtonElement).addEventListener('click', () => actions.readAll(), options);
    this.#mention.addEventListener(
      'click',
      () => {
        if (this.#mentioned !== undefined) actions.jump(this.#mentioned);
      },
      options,
    );
  }

  render({ newer, isUnreadAbove, mentions: { above, below } }: PillState): void {
    // Setting `hidden` to the value it already has would cause another layout.
    this.#newer.toggleAttribute('hidden', newer === undefined);
    setText(this.#newer, newerText(newer ?? 0));
    this.#unread.toggleAttribute('hidden', !isUnreadAbove);
    const isAbove = above.length > 0;
    const mentions = isAbove ? above : below;
    this.#mentioned = mentions[0];
    this.#mention.toggleAttribute('hidden', this.#mentioned === undefined);
    const count = capped(mentions.length);
    setText(this.#mention, text(isAbove ? 'mentionsAbove' : 'mentionsBelow', { count }));
  }
}

function newerText(count: number): string {
  return count === 0 ? text('backToNewest') : text('newCount', { count: capped(count) });
}

function capped(count: number): number | string {
  return count >= 100 ? '100+' : count;
}
