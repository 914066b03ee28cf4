import { Misfit } from '../room/entry.js';
import { byId, setText } from './elements.js';

/** @typedef {{ name: string, room: string, token: string }} Answers as they were typed */

/** The way in: asks for a name and a room, and says what is wrong with them. */
export class JoinForm {
  #screen = byId('entry', HTMLElement);
  #form = byId('join', HTMLFormElement);
  #problem = byId('join-problem', HTMLParagraphElement);
  #tokenPart = byId('token-part', HTMLDetailsElement);
  #enter = byId('enter', HTMLButtonElement);
  #fields = {
    name: byId('name', HTMLInputElement),
    room: byId('room', HTMLInputElement),
    token: byId('token', HTMLInputElement),
  };

  /** @param {(answers: Answers) => Promise<void>} onJoin rejects with what to tell */
  constructor(onJoin) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit(onJoin);
    });
  }

  /** @param {{ name: string, room: string }} known */
  show({ name, room }) {
    this.#screen.hidden = false;
    this.#fields.name.value = name;
    this.#fields.room.value = room;
    this.#clear();
    const empty = name === '' ? this.#fields.name : room === '' ? this.#fields.room : this.#enter;
    empty.focus();
  }

  hide() {
    this.#screen.hidden = true;
    this.#fields.token.value = '';
    this.#tokenPart.open = false;
  }

  /** Says what is wrong and goes to where it can be put right. @param {unknown} error */
  tell(error) {
    this.#problem.hidden = false;
    setText(this.#problem, error instanceof Error ? error.message : String(error));
    if (!(error instanceof Misfit)) {
      this.#enter.focus();
      return;
    }
    if (error.field === 'token') this.#tokenPart.open = true;
    const field = this.#fields[error.field];
    field.setAttribute('aria-invalid', 'true');
    field.focus();
  }

  /** @param {(answers: Answers) => Promise<void>} onJoin */
  async #submit(onJoin) {
    if (this.#enter.ariaDisabled === 'true') return;
    this.#clear();
    this.#enter.ariaDisabled = 'true';
    const { name, room, token } = this.#fields;
    try {
      await onJoin({ name: name.value, room: room.value, token: token.value });
    } catch (error) {
      this.tell(error);
    } finally {
      this.#enter.ariaDisabled = null;
    }
  }

  #clear() {
    this.#problem.hidden = true;
    setText(this.#problem, '');
    for (const field of Object.values(this.#fields)) field.removeAttribute('aria-invalid');
  }
}
