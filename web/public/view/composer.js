/** @import { Session } from '../room/session.js' */
import { byId } from './elements.js';

/** Where one writes. */
export class Composer {
  #form = byId('composer', HTMLFormElement);
  #text = byId('text', HTMLTextAreaElement);
  #session;
  #onSent;
  #life = new AbortController();

  /**
   * @param {Session} session
   * @param {() => void} onSent
   */
  constructor(session, onSent) {
    this.#session = session;
    this.#onSent = onSent;
    const { signal } = this.#life;
    this.#text.value = '';
    this.#text.addEventListener('input', () => this.#typed(), { signal });
    this.#text.addEventListener('keydown', (event) => this.#key(event), { signal });
    this.#form.addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        this.#send();
      },
      { signal },
    );
  }

  stop() {
    this.#life.abort();
  }

  focus() {
    this.#text.focus();
  }

  /** Takes a text to be written anew, behind what stands here. @param {string} text */
  take(text) {
    const { value } = this.#text;
    this.#text.value = value.trim() === '' ? text : `${value}\n${text}`;
    this.#fit();
    this.#text.focus();
  }

  #typed() {
    this.#fit();
    this.#session.typing(this.#text.value.trim() !== '');
  }

  /** Enter sends, but not while a character is still being composed. @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  #send() {
    const text = this.#text.value.trim().toWellFormed();
    this.#text.focus();
    if (text === '') return;
    this.#text.value = '';
    this.#fit();
    this.#session.send(text);
    this.#onSent();
  }

  /** As high as what is written; the style sheet sets the bounds. */
  #fit() {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
