import type { Message, Room } from '../../../src/client/index.ts';
import type { Names } from '../names.ts';
import { button, element, icon, iconButton, newId } from './dom.ts';
import { MentionList } from './mention-list.ts';
import { openEmoji } from './popover.ts';
import { beginningOf } from './text.ts';

export interface ComposerOptions {
  room: Room;
  names: Names;
  /** What the field is called, and what stands in it while it is empty. */
  label: string;
  placeholder: string;
  /** Everything written here answers this message. */
  thread?: number;
  /** What was left here unsent, and where to keep it. */
  draft: string;
  keepDraft: (text: string) => void;
  onSent: () => void;
  /** This user's newest message that can still be changed. */
  lastOwn: () => Message | undefined;
}

/** What is written is a new message, an answer to one, or another text for one. */
type Mode = { name: 'new' } | { name: 'reply' | 'edit'; message: Message };

/** Users that one message may mention. */
const MOST_MENTIONS = 50;
const KEYS = 'Enter sends, Shift + Enter makes a new line.';

/** Where one writes. */
export class Composer {
  readonly element: HTMLFormElement;
  readonly #options: ComposerOptions;
  readonly #text = element('textarea', '');
  readonly #about = element('div', 'about-mode');
  readonly #mentions: MentionList;
  readonly #send = iconButton('Send', 'send', () => undefined, 'is-primary is-round');
  #mode: Mode = { name: 'new' };
  /** What stood here before another message was to be changed. */
  #before = '';

  constructor(options: ComposerOptions) {
    this.#options = options;
    const { label, placeholder, draft } = options;
    const name = element('label', 'aside', label);
    this.#text.id = newId();
    name.htmlFor = this.#text.id;
    const keys = element('p', 'keys', KEYS);
    keys.id = newId();
    Object.assign(this.#text, { rows: 1, placeholder, value: draft, autocomplete: 'off' });
    this.#text.enterKeyHint = 'send';
    this.#text.setAttribute('aria-describedby', keys.id);
    this.#about.hidden = true;
    this.#send.type = 'submit';
    const emoji = iconButton('Emoji', 'react', () => {
      openEmoji(emoji, 'Emoji', (chosen) => this.insert(chosen));
    });
    emoji.ariaHasPopup = 'menu';
    const field = element('div', 'writing', name, this.#text, emoji);
    this.element = element('form', 'composer', this.#about, field, this.#send, keys);
    this.#mentions = new MentionList(this.#text, options.room, options.names);
    this.element.append(this.#mentions.element);
    this.#text.addEventListener('input', () => this.#typed());
    this.#text.addEventListener('keydown', (event) => this.#key(event));
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    requestAnimationFrame(() => this.#fit());
  }

  focus(): void {
    this.#text.focus();
  }

  /** Puts a text where the cursor is, with space around it. */
  insert(text: string): void {
    const { selectionStart: from, selectionEnd: to, value } = this.#text;
    const space = from === 0 || /\s$/u.test(value.slice(0, from)) ? '' : ' ';
    this.#text.focus();
    this.#text.setRangeText(`${space}${text} `, from, to, 'end');
    this.#typed();
  }

  /** Takes a text to be written anew, behind what stands here. */
  take(text: string): void {
    const { value } = this.#text;
    this.#set(value.trim() === '' ? text : `${value}\n${text}`);
    this.focus();
  }

  /** What is written next answers this message. */
  reply(message: Message): void {
    this.#turn({ name: 'reply', message });
  }

  /** What is written next takes the place of this message. */
  edit(message: Message): void {
    if (this.#mode.name !== 'edit') this.#before = this.#text.value;
    this.#turn({ name: 'edit', message });
    this.#set(message.message);
  }

  #turn(mode: Mode): void {
    this.#mode = mode;
    this.#about.hidden = mode.name === 'new';
    if (mode.name === 'new') this.#about.replaceChildren();
    else {
      const { sender, message } = mode.message;
      const what =
        mode.name === 'edit'
          ? ['Changing your message: ', element('span', 'said', beginningOf(message))]
          : [
              'Reply to ',
              element('bdi', 'name', sender),
              ': ',
              element('span', 'said', beginningOf(message)),
            ];
      const cancel = button('Cancel', () => this.#cancel());
      this.#about.replaceChildren(icon(mode.name), element('p', 'about-text', ...what), cancel);
    }
    const label = mode.name === 'edit' ? 'Save' : 'Send';
    this.#send.ariaLabel = label;
    this.#send.title = label;
    this.focus();
  }

  #cancel(): void {
    if (this.#mode.name === 'edit') this.#set(this.#before);
    this.#turn({ name: 'new' });
  }

  #typed(): void {
    this.#fit();
    this.#mentions.update();
    if (this.#mode.name === 'edit') return;
    this.#options.keepDraft(this.#text.value);
    this.#options.room.typing(this.#text.value.trim() !== '');
  }

  #key(event: KeyboardEvent): void {
    // While a character is still being composed, keys belong to that.
    if (event.isComposing || this.#mentions.key(event)) return;
    const { key, shiftKey } = event;
    const last = key === 'ArrowUp' && this.#text.value === '' ? this.#options.lastOwn() : undefined;
    if (key === 'Enter' && !shiftKey) this.#submit();
    else if (key === 'Escape' && this.#mode.name !== 'new') this.#cancel();
    else if (last !== undefined) this.edit(last);
    else return;
    event.preventDefault();
  }

  #submit(): void {
    const text = this.#text.value.trim().toWellFormed();
    const mode = this.#mode;
    this.focus();
    if (text === '') return;
    if (mode.name === 'edit') this.#save(mode.message, text);
    else this.#say(text, mode.name === 'reply' ? mode.message.seq : this.#options.thread);
  }

  #save({ seq, message, mentions: before = [] }: Message, text: string): void {
    this.#cancel();
    if (text === message) return;
    // Whom this page does not know by name cannot be looked for in the text.
    const unknown = before.filter((userId) => this.#options.names.of(userId) === undefined);
    const mentions = [...new Set([...unknown, ...this.#mentionedIn(text)])].slice(0, MOST_MENTIONS);
    // The row tells of a refusal.
    this.#options.room.edit(seq, text, { mentions }).catch(() => undefined);
  }

  /** User ids of others whom a text names, as many as a message may mention. */
  #mentionedIn(text: string): string[] {
    const { room, names } = this.#options;
    const own = room.state.you?.userId;
    return names
      .mentionedIn(text)
      .filter((userId) => userId !== own)
      .slice(0, MOST_MENTIONS);
  }

  #say(text: string, replyTo: number | undefined): void {
    const { room, onSent } = this.#options;
    const mentions = this.#mentionedIn(text);
    this.#set('');
    this.#options.keepDraft('');
    if (this.#mode.name !== 'new') this.#turn({ name: 'new' });
    room
      .send(text, {
        ...(replyTo !== undefined && { replyTo }),
        ...(mentions.length > 0 && { mentions }),
      })
      .catch(() => undefined);
    onSent();
  }

  #set(text: string): void {
    this.#text.value = text;
    this.#fit();
    this.#mentions.close();
  }

  /** As high as what is written; the style sheet sets the bounds. */
  #fit(): void {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
