import { type Client, connect, type Room, type TokenSource } from '../../../src/client/index.ts';
import { loadTexts } from '../texts.ts';
import { ChatBox } from './chat-box.ts';
import style from './embed.css';

/** The server that this script came from: it has the rooms, unless `server` names another. */
const HOME = new URL('/', import.meta.url).href;

/** The detail of the event that asks for a token if none was set; the page calls `detail.give`. */
export interface TokenAsked {
  give: (token: string | Promise<string>) => void;
}

/**
 * `<parlor-chat room="general">`: a room of Parlor within a page of another site. Attributes: `room`;
 * `username` for guests; `server` if the rooms are on another server than this script. The property
 * `token` is a token, or a function that is called again before its token expires; without it the event
 * `parlor-token` asks for one, and if nothing answers the user is a guest.
 */
export class ParlorChat extends HTMLElement {
  static readonly observedAttributes = ['room', 'server', 'username'];
  readonly #root = this.attachShadow({ mode: 'open' });
  #token: TokenSource | undefined;
  #client: Client | undefined;
  #box: ChatBox | undefined;
  #isDue = false;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    this.#root.adoptedStyleSheets = [sheet];
  }

  get token(): TokenSource | undefined {
    return this.#token;
  }

  set token(token: TokenSource | undefined) {
    this.#token = token;
    this.#restart();
  }

  /** The room that is shown, for what the element does not offer. */
  get room(): Room | undefined {
    return this.#box?.room;
  }

  connectedCallback(): void {
    // A page may have set the property before this script defined the element.
    const { value } = Object.getOwnPropertyDescriptor(this, 'token') ?? {};
    if (value !== undefined) {
      Reflect.deleteProperty(this, 'token');
      this.#token = value as TokenSource;
    }
    this.#restart();
  }

  disconnectedCallback(): void {
    this.#stop();
  }

  attributeChangedCallback(): void {
    this.#restart();
  }

  /** Restarts once for all the attributes and properties that a page sets one after another. */
  #restart(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      void this.#start();
    });
  }

  #stop(): void {
    this.#box?.stop();
    this.#box = undefined;
    this.#client?.close();
    this.#client = undefined;
  }

  async #start(): Promise<void> {
    this.#stop();
    const roomId = this.getAttribute('room') ?? '';
    if (!this.isConnected || roomId === '') return;
    // If the language's file cannot be loaded, the texts are English.
    await loadTexts().catch(() => undefined);
    const token = this.#token ?? this.#askForToken();
    const username = this.getAttribute('username');
    this.#client = connect({
      url: this.getAttribute('server') ?? HOME,
      ...(token !== undefined && { token }),
      ...(username !== null && { username }),
    });
    this.#box = new ChatBox(this.#client.room(roomId));
    this.#root.replaceChildren(this.#box.element);
  }

  /** Asks the page with `parlor-token` each time a token is needed; undefined if it does not answer. */
  #askForToken(): TokenSource | undefined {
    const first = this.#ask();
    if (first === undefined) return undefined;
    let given: Promise<string> | undefined = first;
    return () => {
      const token = given ?? this.#ask() ?? Promise.reject(new Error('No token was given.'));
      given = undefined;
      return token;
    };
  }

  #ask(): Promise<string> | undefined {
    let given: Promise<string> | undefined;
    const detail: TokenAsked = {
      give: (token) => {
        given = Promise.resolve(token);
      },
    };
    this.dispatchEvent(new CustomEvent('parlor-token', { detail, bubbles: true, composed: true }));
    return given;
  }
}

if (customElements.get('parlor-chat') === undefined) {
  customElements.define('parlor-chat', ParlorChat);
}
