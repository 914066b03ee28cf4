import type { Message } from '../../../src/client/index.ts';
import { button, byId, element } from './dom.ts';
import { saidIn } from './files.ts';
import { beginningOf } from './text.ts';
import { text } from '../texts.ts';

/** So many spoken messages are kept for a screen reader to get through. */
const SPOKEN = 5;
/** Of a message no more is spoken, in characters. */
const SPOKEN_CHARACTERS = 400;
/** How long something is told, in milliseconds; it can be sent away before. */
const TOLD_MS = 12_000;

/** What is said once and then gone: new messages to those who listen, and how something went. */
export class LiveRegion {
  readonly #announcer = byId('announcer', HTMLDivElement);
  readonly #notice = byId('notice', HTMLDivElement);
  readonly #life: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param life ends when another room is shown; nothing is told from then on */
  constructor(life: AbortSignal) {
    this.#life = life;
    this.#announcer.replaceChildren();
    this.#hide();
    life.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** Says a new message aloud. */
  message({ sender, message, files }: Message): void {
    const said = beginningOf(saidIn(message, files), SPOKEN_CHARACTERS);
    const spoken = element('p', '', `${sender}: ${said}`);
    this.#announcer.append(spoken);
    while (this.#announcer.childElementCount > SPOKEN) this.#announcer.firstElementChild?.remove();
    // Who reads the page line by line finds it among the messages, and only there.
    setTimeout(() => spoken.remove(), TOLD_MS);
  }

  /** One sentence about something that was done, or could not be. @param choices buttons */
  sentence(sentence: string, ...choices: readonly HTMLElement[]): void {
    if (this.#life.aborted) return;
    this.#notice.hidden = false;
    this.#notice.replaceChildren(
      element('p', '', sentence),
      ...choices,
      button(text('close'), () => this.#hide()),
    );
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hide(), TOLD_MS);
  }

  #hide(): void {
    this.#notice.hidden = true;
    this.#notice.replaceChildren();
  }
}
