/**
 * @import { Message } from '../../../src/protocol/objects.ts'
 * @import { Session } from '../room/session.js'
 */
import { Composer } from './composer.js';
import { button, byId, element, setText } from './elements.js';
import { LogView } from './log.js';
import { PeopleView } from './people.js';

/** So many spoken messages are kept for a screen reader to get through. */
const SPOKEN = 5;

/** Everything one sees of a room. */
export class RoomView {
  #session;
  #screen = byId('chat', HTMLDivElement);
  #name = byId('room-name', HTMLHeadingElement);
  #banner = byId('banner', HTMLParagraphElement);
  #typing = byId('typing', HTMLParagraphElement);
  #announcer = byId('announcer', HTMLDivElement);
  #log;
  #people;
  #composer;
  #isDue = false;
  #unseen = 0;
  #hasJoined = false;
  #life = new AbortController();

  /**
   * @param {Session} session
   * @param {() => void} onLeave
   */
  constructor(session, onLeave) {
    this.#session = session;
    const { signal } = this.#life;
    this.#screen.hidden = false;
    setText(this.#name, session.roomId);
    this.#announcer.replaceChildren();
    this.#log = new LogView(session, (id) => this.#composer.take(session.takeBack(id)));
    this.#people = new PeopleView(session);
    this.#composer = new Composer(session, () => this.#log.toEnd());
    byId('leave', HTMLButtonElement).addEventListener('click', onLeave, { signal });
    document.addEventListener('visibilitychange', () => this.#looked(), { signal });
    this.#title();
    this.changed();
    // With a finger one reads first: the keyboard would cover half of the screen.
    if (matchMedia('(pointer: coarse)').matches) this.#name.focus();
    else this.#composer.focus();
  }

  stop() {
    this.#life.abort();
    this.#log.stop();
    this.#people.stop();
    this.#composer.stop();
    this.#screen.hidden = true;
    document.title = 'Parlor';
  }

  /** Draws what has changed, once for everything that changes in one turn. */
  changed() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.#life.signal.aborted) this.#render();
    });
  }

  /** Says a new message aloud, and counts it where nobody looks. @param {Message} message */
  heard({ sender, message }) {
    this.#announcer.append(element('p', '', `${sender}: ${message}`));
    while (this.#announcer.childElementCount > SPOKEN) this.#announcer.firstElementChild?.remove();
    if (document.visibilityState === 'visible') return;
    this.#unseen++;
    this.#title();
  }

  #looked() {
    if (document.visibilityState !== 'visible') return;
    this.#unseen = 0;
    this.#title();
  }

  #title() {
    const count = this.#unseen === 0 ? '' : `(${this.#unseen}) `;
    document.title = `${count}${this.#session.roomId} · Parlor`;
  }

  #render() {
    this.#hasJoined ||= this.#session.you !== undefined;
    this.#log.render();
    this.#people.render();
    this.#renderTyping();
    this.#renderBanner();
  }

  #renderTyping() {
    setText(this.#typing, typingText(this.#session.people.typing(Date.now())));
  }

  #renderBanner() {
    const { status } = this.#session;
    const isOpen = status === 'open';
    const isFirst = !this.#hasJoined && status === 'connecting';
    const state = isOpen ? 'open' : isFirst ? 'joining' : 'lost';
    if (this.#banner.dataset['state'] === state) return;
    this.#banner.dataset['state'] = state;
    if (isOpen) this.#banner.replaceChildren();
    else if (isFirst) this.#banner.replaceChildren('Joining…');
    else {
      this.#banner.replaceChildren(
        'The connection is lost. Parlor keeps trying, and sends what you write once it is back. ',
        button('Try now', () => this.#session.reconnectNow()),
      );
    }
  }
}

/** @param {string[]} names */
function typingText(names) {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing…`;
  return names.length === 2
    ? `${first} and ${second} are typing…`
    : `${names.length} people are typing…`;
}
