import type { Room, RoomState } from '../../../src/client/index.ts';
import { joinNames } from '../names.ts';
import { text, textWith } from '../texts.ts';
import { button, byId, element, icon } from './dom.ts';

/** The state of a room beside its messages: the connection, who is typing, and slow mode. */
export class RoomStatus {
  readonly #room: Room;
  readonly #banner = byId('banner', HTMLParagraphElement);
  readonly #typing = byId('typing', HTMLParagraphElement);
  /** Whether the first attempt to join has ended. */
  #hasTried = false;

  constructor(room: Room) {
    this.#room = room;
    // Removes what the previous room has left, with a button that belongs to it.
    this.#banner.replaceChildren();
    delete this.#banner.dataset['state'];
  }

  render(): void {
    this.#hasTried ||= this.#room.state.status.name !== 'connecting';
    this.#renderTyping();
    this.#renderBanner();
  }

  #renderTyping(): void {
    const names = this.#room.state.typing.map(({ username }) => username);
    const key = names.length === 1 ? 'typingOne' : 'typingMany';
    const said =
      names.length === 0 ? paceOf(this.#room.state) : text(key, { names: joinNames(names) });
    if (this.#typing.textContent === said) return;
    const shown = element('span', 'typing-names', joinNames(names));
    this.#typing.replaceChildren(
      ...(names.length === 0 ? [said] : textWith(key, { names: shown })),
    );
  }

  #renderBanner(): void {
    const { status } = this.#room.state;
    const isFirst = !this.#hasTried && status.name === 'connecting';
    const name =
      status.name === 'open' || status.name === 'ended' ? 'open' : isFirst ? 'joining' : 'lost';
    if (this.#banner.dataset['state'] === name) return;
    this.#banner.dataset['state'] = name;
    if (name === 'open') this.#banner.replaceChildren();
    else if (name === 'joining') this.#banner.replaceChildren(text('joining'));
    else {
      this.#banner.replaceChildren(
        icon('offline'),
        element('span', '', text('connectionLost')),
        button(text('tryNow'), () => this.#room.join()),
      );
    }
  }
}

/** The sentence about slow mode, for members, whom it applies to; empty otherwise. */
function paceOf({ room, you }: RoomState): string {
  const { slowModeSeconds = 0 } = room ?? {};
  if (slowModeSeconds === 0 || you?.role !== 'member') return '';
  return text('slowMode', { seconds: slowModeSeconds });
}
