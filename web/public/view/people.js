/** @import { Session } from '../room/session.js' */
import { byId, element, setText } from './elements.js';
import { avatar, nameParts } from './person.js';

/** Wide enough to have people beside the talk, as in the style sheet. */
const isWide = matchMedia('(min-width: 56rem)');

/** Who is here: a number in the bar, and a list that opens. */
export class PeopleView {
  #session;
  #panel = byId('people', HTMLElement);
  #list = byId('people-list', HTMLUListElement);
  #more = byId('people-more', HTMLParagraphElement);
  #button = byId('people-button', HTMLButtonElement);
  #count = byId('people-count', HTMLSpanElement);
  #drawn = '';
  #life = new AbortController();

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
    const { signal } = this.#life;
    this.#list.replaceChildren();
    this.#show(isWide.matches);
    isWide.addEventListener('change', () => this.#show(isWide.matches), { signal });
    this.#button.addEventListener('click', () => this.#show(this.#panel.hidden === true), {
      signal,
    });
    document.addEventListener('keydown', (event) => this.#key(event), { signal });
  }

  stop() {
    this.#life.abort();
  }

  render() {
    const { people, you } = this.#session;
    const { count, list } = people;
    setText(this.#count, String(count));
    this.#button.ariaLabel = `${count} here`;
    const drawn = JSON.stringify([list, you?.userId]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#list.replaceChildren(...list.map((user) => this.#item(user)));
    }
    setText(this.#more, count > list.length ? `and ${count - list.length} more` : '');
  }

  /** @param {{ userId: string, username: string, unverified?: true | undefined }} user */
  #item({ userId, username, unverified }) {
    const parts = nameParts(userId, username, unverified === true);
    const isYou = userId === this.#session.you?.userId;
    const item = element('li', 'person', avatar(userId, username), element('span', '', ...parts));
    if (isYou) item.append(element('span', 'tag', 'you'));
    return item;
  }

  /** @param {boolean} isShown */
  #show(isShown) {
    this.#panel.hidden = !isShown;
    this.#button.setAttribute('aria-expanded', String(isShown));
  }

  /** @param {KeyboardEvent} event */
  #key({ key }) {
    if (key !== 'Escape' || isWide.matches || this.#panel.hidden) return;
    this.#show(false);
    this.#button.focus();
  }
}
