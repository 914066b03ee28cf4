import type { Message, Room } from '../../../src/client/index.ts';
import { hashOf } from '../address.ts';
import { isModerator } from '../rights.ts';
import { sentenceOfError } from '../sentences.ts';
import { whenOf } from '../times.ts';
import { text } from '../texts.ts';
import { button, byId, element, icon, setText, timeElement, withOwnDirection } from './dom.ts';
import { messageSummary } from './files.ts';
import type { PanelContent } from './panel.ts';
import { beginningOf } from './text.ts';

/** The most characters of a message that the line and the list show. */
const EXCERPT = 300;

export interface PinActions {
  jump: (seq: number) => void;
  open: (content: PanelContent, opener: HTMLElement) => void;
  say: (sentence: string) => void;
}

/** Shows the pins of a room for as long as its view lives. */
export function showPins(room: Room, actions: PinActions, life: AbortSignal): void {
  if (life.aborted) return;
  const pins = new Pins(room, actions);
  life.addEventListener('abort', () => pins.end());
}

/** The pinned messages: a line above the messages shows the one pinned last, and opens the list. */
class Pins implements PanelContent {
  readonly name = 'Pins';
  readonly title = text('pins');
  readonly element = element('div', '');
  readonly #room: Room;
  readonly #actions: PinActions;
  readonly #line = element('button', 'pins');
  readonly #newest = element('span', 'pins-text');
  readonly #count = element('span', '');
  readonly #list = element('ol', 'hits');
  readonly #none = element('p', 'hint', text('noPins'));
  #messages: readonly Message[] = [];
  /** Removes the line, and stops listening. */
  readonly end: () => void;
  /** The pins that the messages were loaded for. */
  #loaded = '';

  constructor(room: Room, actions: PinActions) {
    this.#room = room;
    this.#actions = actions;
    this.#line.type = 'button';
    this.#line.ariaExpanded = 'false';
    this.#line.setAttribute('aria-controls', 'panel');
    this.#line.append(icon('pin'), this.#newest, this.#count);
    this.#line.addEventListener('click', () => {
      actions.open(this, this.#line);
      this.#line.ariaExpanded = 'true';
    });
    this.#line.hidden = true;
    this.element.append(this.#list, this.#none);
    byId('banner', HTMLParagraphElement).before(this.#line);
    const changed = (message: Message) => {
      if (this.#pins.includes(message.seq)) void this.#load();
    };
    const stops = [room.on('change', () => this.#renderLine()), room.on('messageUpdated', changed)];
    this.end = () => {
      for (const stop of stops) stop();
      this.#line.remove();
    };
    this.#renderLine();
  }

  render(): void {
    // The list is drawn when the pins have changed.
  }

  stop(): void {
    this.#line.ariaExpanded = 'false';
  }

  get #pins(): readonly number[] {
    return this.#room.state.room?.pins ?? [];
  }

  #renderLine(): void {
    const key = this.#pins.join();
    if (key === this.#loaded) return;
    this.#loaded = key;
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      const messages: Message[] = [];
      for (let hasMore = this.#pins.length > 0; hasMore;) {
        // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
        const page = await this.#room.pins(messages.at(-1)?.seq);
        messages.push(...page.messages);
        ({ hasMore } = page);
      }
      this.#messages = messages.filter(({ seq }) => this.#pins.includes(seq));
      this.#draw();
    } catch {
      // Loaded again with the next change in the room.
      this.#loaded = '';
    }
  }

  #draw(): void {
    const [newest] = this.#messages;
    this.#line.hidden = newest === undefined;
    this.#none.hidden = newest !== undefined;
    this.#newest.replaceChildren(...(newest === undefined ? [] : lineOf(newest)));
    setText(this.#count, text('pinCount', { count: this.#messages.length }));
    const hadFocus = this.element.contains(document.activeElement);
    this.#list.replaceChildren(...this.#messages.map((message) => this.#item(message)));
    if (hadFocus) (this.#list.querySelector('a') ?? byId('panel-title', HTMLElement)).focus();
  }

  #item(message: Message): HTMLLIElement {
    const { seq, sender, timestamp } = message;
    const time = timeElement(timestamp, whenOf(timestamp, Date.now()));
    const head = element('span', 'hit-head', element('bdi', 'name', sender), ' ', time);
    const said = withOwnDirection(element('span', 'hit-text', excerptOf(message)));
    const link = element('a', 'hit', head, said);
    link.href = hashOf({ roomId: this.#room.roomId, seq });
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#actions.jump(seq);
    });
    const item = element('li', 'pin', link);
    if (mayPin(this.#room)) item.append(this.#unpinButton(seq));
    return item;
  }

  #unpinButton(seq: number): HTMLButtonElement {
    const unpin = () => void setPinned(this.#room, seq, false, this.#actions.say);
    return button(text('unpin'), unpin, 'button is-quiet is-small');
  }
}

/** Whether this user may pin: moderators, and in direct rooms both users. */
export function mayPin({ state }: Room): boolean {
  return isModerator(state) || state.room?.kind === 'direct';
}

/** Pins or unpins a message; an error is shown. */
export async function setPinned(
  room: Room,
  seq: number,
  isPinned: boolean,
  say: (sentence: string) => void,
): Promise<void> {
  try {
    await (isPinned ? room.pin(seq) : room.unpin(seq));
  } catch (error) {
    say(sentenceOfError(error));
  }
}

/** A message in one line; its sender and its text each have their own direction. */
function lineOf(message: Message): (Node | string)[] {
  return [element('bdi', '', message.sender), ': ', element('bdi', '', excerptOf(message))];
}

/** A message's text in one line, without the signs of Markdown; else the names of its files. */
function excerptOf({ message, files }: Message): string {
  const mark = message === '' ? '📎 ' : '';
  return mark + beginningOf(messageSummary(message, files), EXCERPT);
}
