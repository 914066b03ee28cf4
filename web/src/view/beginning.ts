import { byId, setText } from './dom.ts';

export interface BeginningState {
  roomId: string;
  /** Whether the room was joined. */
  isKnown: boolean;
  hasOlder: boolean;
  isEmpty: boolean;
  /** Retention has removed what was older. */
  isCut: boolean;
  /** `missed`: the first unread message, before anything is drawn. */
  loading: 'idle' | 'loading' | 'failed' | 'missed';
}

/** What stands above the first message: where the room begins, or what is loaded. */
export class Beginning {
  readonly #text = byId('beginning-text', HTMLParagraphElement);
  readonly #older = byId('older', HTMLButtonElement);

  constructor(loadOlder: () => void, life: AbortSignal) {
    this.#older.addEventListener('click', loadOlder, { signal: life });
  }

  render(state: BeginningState): void {
    const { isKnown, hasOlder, isEmpty, loading } = state;
    this.#older.hidden = !hasOlder || !isKnown || loading === 'loading' || loading === 'missed';
    setText(this.#older, loading === 'failed' ? 'Try again' : 'Show earlier messages');
    this.#text.parentElement?.classList.toggle('is-empty', isKnown && isEmpty);
    setText(this.#text, textOf(state));
  }
}

function textOf({ roomId, isKnown, hasOlder, isEmpty, isCut, loading }: BeginningState): string {
  if (loading === 'missed') return 'Loading what you missed…';
  if (hasOlder) {
    if (loading === 'loading') return 'Loading earlier messages…';
    return loading === 'failed' ? 'Earlier messages could not be loaded.' : '';
  }
  if (!isKnown) return '';
  if (isCut && !isEmpty) return 'Older messages are not kept in this room.';
  return isEmpty
    ? 'Nothing was said here yet. Say hello, or send this page’s address to somebody.'
    : `This is the beginning of ${roomId}.`;
}
