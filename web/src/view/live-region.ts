import type { Message } from '../../../src/client/index.ts';
import { button, byId, element } from './dom.ts';
import { messageSummary } from './files.ts';
import { beginningOf } from './text.ts';
import { text } from '../texts.ts';

/** How many messages are kept for a screen reader to read. */
const MAX_SPOKEN = 5;
/** How many characters of a message are read. */
const MAX_SPOKEN_CHARACTERS = 400;
/** How long a text stays, in milliseconds; the user can close it earlier. */
const SHOWN_MS = 12_000;

/** Texts that are shown briefly: new messages for screen readers, and notices about what was done. */
export class LiveRegion {
  readonly #announcer = byId('announcer', HTMLDivElement);
  readonly #notice = byId('notice', HTMLDivElement);
  readonly #life: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param life ends when another room is shown; nothing is shown from then on */
  constructor(life: AbortSignal) {
    this.#life = life;
    this.#announcer.replaceChildren();
    this.#hide();
    life.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** Announces a new message to screen readers. */
  message({ sender, message, files }: Message): void {
    const said = beginningOf(messageSummary(message, files), MAX_SPOKEN_CHARACTERS);
    const spoken = element('p', '', `${sender}: ${said}`);
    this.#announcer.append(spoken);
    while (this.#announcer.childElementCount > MAX_SPOKEN)
      this.#announcer.firstElementChild?.remove();
    // A user who reads the page line by line must find it among the messages only.
    setTimeout(() => spoken.remove(), SHOWN_MS);
  }

  /** Shows one sentence about something that was done, or failed. @param choices buttons */
  sentence(sentence: string, ...choices: readonly HTMLElement[]): void {
    if (this.#life.aborted) return;
    this.#notice.hidden = false;
    this.#notice.replaceChildren(
      element('p', '', sentence),
      ...choices,
      button(text('close'), () => this.#hide()),
    );
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hide(), SHOWN_MS);
  }

  #hide(): void {
    this.#notice.hidden = true;
    this.#notice.replaceChildren();
  }
}
