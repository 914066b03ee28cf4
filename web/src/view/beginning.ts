import { byId, setText } from './dom.ts';
import { text } from '../texts.ts';

export interface BeginningState {
  title: string;
  /** Whether the room was joined. */
  isKnown: boolean;
  hasOlder: boolean;
  isEmpty: boolean;
  /** Whether retention has removed older messages. */
  isCut: boolean;
  /** `missed`: the first unread message is being loaded, and nothing is drawn before it is. */
  loading: 'idle' | 'loading' | 'failed' | 'missed';
}

/** The text and buttons above the first message: that the room begins here, or that more is loaded. */
export class Beginning {
  readonly #text = byId('beginning-text', HTMLParagraphElement);
  readonly #older = byId('older', HTMLButtonElement);
  readonly #offers = byId('beginning-offers', HTMLDivElement);

  constructor(loadOlder: () => void, life: AbortSignal) {
    this.#offers.replaceChildren();
    this.#older.addEventListener('click', loadOlder, { signal: life });
  }

  /** @param offers buttons for a room without messages */
  render(state: BeginningState, offers: () => readonly HTMLElement[]): void {
    const { isKnown, hasOlder, isEmpty, loading } = state;
    this.#older.hidden = !hasOlder || !isKnown || loading === 'loading' || loading === 'missed';
    setText(this.#older, text(loading === 'failed' ? 'tryAgain' : 'earlier'));
    this.#text.parentElement?.classList.toggle('is-empty', isKnown && isEmpty);
    setText(this.#text, textOf(state));
    const isOffered = isKnown && isEmpty;
    if (isOffered !== this.#offers.hasChildNodes()) {
      this.#offers.replaceChildren(...(isOffered ? offers() : []));
    }
  }
}

function textOf({ title, isKnown, hasOlder, isEmpty, isCut, loading }: BeginningState): string {
  if (loading === 'missed') return text('loadingMissed');
  if (hasOlder) {
    if (loading === 'loading') return text('loadingEarlier');
    return loading === 'failed' ? text('earlierFailed') : '';
  }
  if (!isKnown) return '';
  if (isCut && !isEmpty) return text('olderNotKept');
  return isEmpty ? text('emptyRoom') : text('beginningOf', { room: title });
}
