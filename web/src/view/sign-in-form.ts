import { type Answers, InvalidField } from '../entry.ts';
import { byId, setText } from './dom.ts';

/** The sign-in form: asks for a name and a room, and says what is wrong with them. */
export class SignInForm {
  readonly #screen = byId('entry', HTMLElement);
  readonly #form = byId('join', HTMLFormElement);
  readonly #problem = byId('join-problem', HTMLParagraphElement);
  readonly #tokenPart = byId('token-part', HTMLDetailsElement);
  readonly #namePart = byId('name-part', HTMLDivElement);
  readonly #signIn = byId('sign-in', HTMLAnchorElement);
  readonly #enter = byId('enter', HTMLButtonElement);
  readonly #fields = {
    name: byId('name', HTMLInputElement),
    room: byId('room', HTMLInputElement),
    token: byId('token', HTMLInputElement),
  };

  /** @param onJoin rejects with the error to show */
  constructor(onJoin: (answers: Answers) => Promise<void>) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit(onJoin);
    });
  }

  show({ name, room, token }: Answers): void {
    this.#screen.hidden = false;
    this.#fields.name.value = name;
    this.#fields.room.value = room;
    this.#fields.token.value = token;
    this.#clear();
    const empty = name === '' ? this.#fields.name : room === '' ? this.#fields.room : this.#enter;
    empty.focus();
  }

  hide(): void {
    this.#screen.hidden = true;
    this.#fields.token.value = '';
    this.#tokenPart.open = false;
  }

  /**
   * Offers to sign in at the site, and no longer asks for a token.
   * @param signInUrl the site's address for it, which gets this page's address to return to
   * @param guests whether a user may also enter with a name alone
   */
  offerSignIn(signInUrl: string | undefined, guests: boolean): void {
    this.#tokenPart.hidden = true;
    this.#namePart.hidden = !guests;
    this.#enter.hidden = !guests;
    this.#signIn.hidden = signInUrl === undefined;
    if (signInUrl === undefined) return;
    const url = new URL(signInUrl, location.href);
    url.searchParams.set('return_to', location.href);
    this.#signIn.href = url.href;
    this.#signIn.focus();
  }

  /** Shows an error, and moves the focus to the field where it can be corrected. */
  showError(error: unknown): void {
    this.#problem.hidden = false;
    setText(this.#problem, error instanceof Error ? error.message : String(error));
    if (!(error instanceof InvalidField)) {
      this.#enter.focus();
      return;
    }
    if (error.field === 'token') this.#tokenPart.open = true;
    const field = this.#fields[error.field];
    field.ariaInvalid = 'true';
    field.focus();
    field.select();
  }

  async #submit(onJoin: (answers: Answers) => Promise<void>): Promise<void> {
    if (this.#enter.ariaDisabled === 'true') return;
    this.#clear();
    this.#enter.ariaDisabled = 'true';
    const { name, room, token } = this.#fields;
    try {
      await onJoin({ name: name.value, room: room.value, token: token.value });
    } catch (error) {
      this.showError(error);
    } finally {
      this.#enter.ariaDisabled = null;
    }
  }

  #clear(): void {
    this.#problem.hidden = true;
    setText(this.#problem, '');
    for (const field of Object.values(this.#fields)) field.ariaInvalid = null;
  }
}
