import type { Message, MessageOptions, Outgoing, Room } from '../../../src/client/index.ts';
import type { Draft } from '../drafts.ts';
import { MemberSearch } from '../member-search.ts';
import type { ChosenPerson, Person } from '../mentions.ts';
import { askMessageLimit, messageLimit } from '../message-limit.ts';
import type { Names } from '../names.ts';
import { quotedIn } from '../reply-targets.ts';
import type { SlashCommand } from '../slash-commands.ts';
import { bytesOf, partsOf } from '../split.ts';
import { TextMentions } from '../text-mentions.ts';
import type { Tray } from '../files/tray.ts';
import { CommandList } from './command-list.ts';
import { button, element, icon, iconButton, newId } from './dom.ts';
import { chooseFiles, type FileSource, onFiles } from './files.ts';
import { MentionList } from './mention-list.ts';
import { bdi, lengthNote, type Note } from './note.ts';
import { lazy } from './lazy.ts';
import { beginningOf } from './text.ts';
import { text, textWith } from '../texts.ts';

/** Reads and stores the draft of one field. */
export interface DraftKeeper {
  read: () => Draft | undefined;
  write: (draft: Draft) => void;
}

export interface ComposerOptions {
  room: Room;
  names: Names;
  /** The field's label, and the text that it shows while it is empty. */
  label: string;
  placeholder: string;
  /** All messages written here reply to this one. */
  thread?: number;
  /** Undefined until the user is known. */
  drafts: () => DraftKeeper | undefined;
  /** A message by its `seq`, as far as it is known. */
  find: (seq: number) => Message | undefined;
  onSent: () => void;
  /** This user's newest message that can still be changed. */
  lastOwn: () => Message | undefined;
  /** The commands that can be typed after `/`. */
  commands: () => readonly SlashCommand[];
  failed: (error: unknown) => void;
  /** Shows the user a sentence. */
  say: (sentence: string) => void;
  files: FileSource;
}

/** From this length on the server's limit is asked for, in UTF-16 units; shorter than usual limits. */
const ASK_UNITS = 1_000;
/** The most notes about mentions that are shown at once. */
const MAX_NOTES = 2;

/** On touch screens Enter makes a new line: Shift is awkward there, and the send button is near. */
const isCoarse = matchMedia('(pointer: coarse)');
const empty: Draft = { text: '', mode: 'new', mentions: [] };

/** Whether the user has sent a message, and so knows the keys. */
let areKeysKnown = false;

/** The field in which messages are written, with its buttons, lists and notes. */
export class Composer {
  readonly element: HTMLFormElement;
  readonly #options: ComposerOptions;
  readonly #text = element('textarea', '');
  readonly #about = element('div', 'about-mode');
  readonly #note = element('div', 'note');
  readonly #keys = element('p', 'keys', text('keys'));
  readonly #search: MemberSearch;
  readonly #mentions: TextMentions;
  readonly #list: MentionList;
  readonly #commands: CommandList;
  readonly #send = iconButton(text('send'), 'send', () => undefined, 'is-primary is-round');
  #mode: Pick<Draft, 'mode' | 'seq'> = { mode: 'new' };
  /** The draft that an edit has interrupted. */
  #before: Draft | undefined;
  #isRestored = false;
  #drawn = '';
  #noted = '';
  #tray: Tray | undefined;

  constructor(options: ComposerOptions) {
    this.#options = options;
    const { label, placeholder, room, names } = options;
    const name = element('label', 'aside', label);
    this.#text.id = newId();
    name.htmlFor = this.#text.id;
    this.#keys.id = newId();
    this.#note.role = 'status';
    this.#note.hidden = true;
    Object.assign(this.#text, { rows: 1, placeholder, autocomplete: 'off', dir: 'auto' });
    this.#text.enterKeyHint = isCoarse.matches ? 'enter' : 'send';
    this.#text.setAttribute('aria-describedby', this.#keys.id);
    this.#about.hidden = true;
    this.#send.type = 'submit';
    const emoji = iconButton(text('emoji'), 'react', () => {
      const choose = (chosen: string) => this.#insert(chosen);
      lazy.emoji(emoji, text('emoji'), choose).catch(options.failed);
    });
    emoji.ariaHasPopup = 'menu';
    const attach = (files: File[]) => void this.attach(files);
    const choose = iconButton(text('attach'), 'add', () => chooseFiles(attach), 'attach');
    const field = element('div', 'writing', name, this.#text, emoji, choose);
    this.element = element('form', 'composer', this.#about, field, this.#send);
    this.element.append(this.#note, this.#keys);
    onFiles(this.element, attach);
    this.#search = new MemberSearch(room, names, () => this.#named());
    this.#mentions = new TextMentions(room, names);
    this.#list = new MentionList({
      field: this.#text,
      room,
      names,
      search: this.#search,
      choose: (person, at) => this.#choose(person, at),
      isChosen: (at) => this.#mentions.isChosen(at),
    });
    this.#commands = new CommandList({
      field: this.#text,
      commands: options.commands,
      complete: (name) => this.#set(`/${name} `),
      failed: options.failed,
    });
    const choices = [this.#list.list.element, this.#commands.list.element];
    this.element.append(element('div', 'choices', ...choices, this.#list.status));
    this.#text.addEventListener('input', () => this.#typed());
    this.#text.addEventListener('keydown', (event) => this.#key(event));
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.render();
    requestAnimationFrame(() => this.#fit());
  }

  /** Draws what depends on the room: the message that is answered or changed, and the draft. */
  render(): void {
    this.#restore();
    this.#renderAbout();
  }

  focus(): void {
    this.#text.focus();
  }

  /** Mentions a person where the cursor is. */
  mention(person: Person): void {
    const at = this.#insert(`@${person.name}`);
    this.#mentions.choose(person, at);
    this.#typed();
  }

  /** Takes back a message that could not be sent, and adds it to the text in the field. */
  take({ message, replyTo, meta, files }: Outgoing['payload']): void {
    if (this.#mode.mode === 'edit') this.#cancel();
    const { value } = this.#text;
    const seq = quotedIn({ meta }) ?? replyTo;
    if (this.#mode.mode === 'new' && seq !== undefined && seq !== this.#options.thread) {
      this.#turn({ mode: 'reply', seq });
    }
    this.#set(value.trim() === '' ? message : `${value}\n${message}`);
    if (files !== undefined) void this.#fill((tray) => tray.restore(files));
    this.focus();
  }

  /** Shows a draft that was written on another device. */
  showDraft(text: string): void {
    this.#open({ text, mode: 'new', mentions: [] });
  }

  /** Uploads files, which go out with the message that is written. Never rejects. */
  attach(files: readonly File[]): Promise<void> {
    return this.#fill((tray) => tray.add(files));
  }

  /** Never rejects. */
  async #fill(fill: (tray: Tray) => void): Promise<void> {
    const { room, files: source, say, failed } = this.#options;
    try {
      const changed = () => this.#renderNote();
      const tray = await lazy.tray(source, { roomId: room.roomId, changed, say });
      this.#tray ??= tray;
      this.element.prepend(this.#tray.element);
      fill(this.#tray);
      this.focus();
    } catch (error) {
      failed(error);
    }
  }

  /** Makes the draft a reply to this message. */
  reply({ seq }: Message): void {
    if (this.#mode.mode === 'edit') this.#cancel();
    this.#turn({ mode: 'reply', seq });
    this.focus();
  }

  /** Begins to edit this message. */
  edit(original: Message): void {
    if (this.#mode.mode !== 'edit') this.#before = this.#draft;
    const { seq, message } = original;
    this.#turn({ mode: 'edit', seq });
    this.#set(message, this.#mentions.namedBy(original));
    this.focus();
  }

  get #draft(): Draft {
    const before = this.#before;
    const mentions = this.#mentions.chosen;
    const draft = { text: this.#text.value, ...this.#mode, mentions };
    return before === undefined ? draft : { ...draft, before };
  }

  /** Inserts a text at the cursor, with spaces around it. @returns the index where it begins */
  #insert(said: string): number {
    const { selectionStart: from, selectionEnd: to, value } = this.#text;
    const space = from === 0 || /\s$/u.test(value.slice(0, from)) ? '' : ' ';
    this.#text.focus();
    this.#text.setRangeText(`${space}${said} `, from, to, 'end');
    this.#typed();
    return from + space.length;
  }

  #choose(person: Person, at: number): void {
    this.#text.setRangeText(`${person.name} `, at + 1, this.#text.selectionStart, 'end');
    this.#text.focus();
    this.#mentions.follow(this.#text.value);
    this.#mentions.choose(person, at);
    this.#typed();
  }

  /** Shows the user's draft, once the user is known. */
  #restore(): void {
    const keeper = this.#options.drafts();
    if (this.#isRestored || keeper === undefined) return;
    this.#isRestored = true;
    const draft = keeper.read();
    const { value } = this.#text;
    if (draft === undefined) return;
    this.#open(value === '' ? draft : { ...draft, text: `${draft.text}\n${value}` });
  }

  /** Shows a draft. Stores it once, as a whole: half of it would be uploaded as a change made here. */
  #open({ text: said, mode, seq, mentions, before }: Draft): void {
    this.#before = before;
    this.#mode = seq === undefined ? { mode: 'new' } : { mode, seq };
    this.#renderAbout();
    this.#set(said, mentions);
  }

  #turn(mode: Pick<Draft, 'mode' | 'seq'>): void {
    this.#mode = mode;
    this.#renderAbout();
    this.#keep();
  }

  #renderAbout(): void {
    const { mode, seq } = this.#mode;
    const message = seq === undefined ? undefined : this.#options.find(seq);
    const drawn = JSON.stringify([mode, seq, message?.rev]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#about.hidden = mode === 'new';
    const label = text(mode === 'edit' ? 'save' : 'send');
    this.#send.ariaLabel = label;
    this.#send.title = label;
    if (mode === 'new') this.#about.replaceChildren();
    else {
      const cancel = button(text('cancel'), () => {
        this.#cancel();
        this.focus();
      });
      const what = element('p', 'about-text', ...aboutParts(mode, message));
      this.#about.replaceChildren(icon(mode), what, cancel);
    }
  }

  /** Returns to the draft that an edit interrupted, or makes a reply a message of its own. */
  #cancel(): void {
    if (this.#mode.mode === 'edit') this.#open(this.#before ?? empty);
    else this.#turn({ mode: 'new' });
  }

  #typed(): void {
    this.#changed();
    this.#list.update();
    if (this.#mode.mode === 'new') this.#commands.update();
    this.#renderNote();
    if (this.#mode.mode === 'edit') return;
    this.#options.room.typing(this.#text.value.trim() !== '');
  }

  /** Call it when the text has changed: chosen people move with it, and the draft is stored. */
  #changed(): void {
    this.#mentions.follow(this.#text.value);
    this.#fit();
    this.#renderNote();
    this.#keep();
  }

  #keep(): void {
    if (this.#isRestored) this.#options.drafts()?.write(this.#draft);
  }

  /** Call it when more names are known. */
  #named(): void {
    if (document.activeElement === this.#text) this.#list.update();
    this.#renderNote();
  }

  #key(event: KeyboardEvent): void {
    if (this.#list.list.key(event) || this.#commands.list.key(event)) return;
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    const isEmpty = this.#text.value === '';
    const last = key === 'ArrowUp' && !altKey && isEmpty ? this.#options.lastOwn() : undefined;
    const sends = isCoarse.matches ? ctrlKey || metaKey : !shiftKey;
    if (key === 'Enter' && sends) this.#submit();
    else if (key === 'Escape' && this.#mode.mode !== 'new') this.#cancel();
    else if (last !== undefined) this.edit(last);
    else return;
    event.preventDefault();
  }

  #submit(): void {
    const said = this.#text.value.trim();
    const { mode, seq } = this.#mode;
    this.focus();
    const hasFiles = mode !== 'edit' && this.#tray?.isEmpty === false;
    if ((said === '' && !hasFiles) || this.#cannotSend) return;
    if (mode === 'new' && !hasFiles && this.#commands.run(said)) {
      this.#open(empty);
      return;
    }
    if (mode === 'edit' && seq !== undefined) this.#save(seq, said.toWellFormed());
    else this.#sendParts([{ from: 0, to: this.#text.value.length }]);
  }

  #save(seq: number, said: string): void {
    const { room, find } = this.#options;
    const original = find(seq);
    const options = original && { mentions: this.#mentions.idsAfterEdit(original, said) };
    this.#cancel();
    if (original?.message === said) return;
    // A refusal is shown in the message's row.
    room.edit(seq, said, options).catch(() => undefined);
  }

  /** Sends parts of the text, each as a message of its own. */
  #sendParts(parts: readonly { from: number; to: number }[]): void {
    const { room, onSent } = this.#options;
    const target = this.#target;
    const { value } = this.#text;
    const messages = parts.map(({ from, to }) => {
      const part = value.slice(from, to);
      const start = from + part.length - part.trimStart().length;
      return { said: part.trim(), mentions: this.#mentions.idsIn(part.trim(), start) };
    });
    areKeysKnown = true;
    this.#keys.hidden = true;
    const files = this.#tray?.take() ?? [];
    this.#open(empty);
    for (const [at, { said, mentions }] of messages.entries()) {
      const options = {
        ...target,
        ...(mentions.length > 0 && { mentions }),
        ...(at === 0 && files.length > 0 && { files }),
      };
      room.send(said.toWellFormed(), options).catch(() => undefined);
    }
    onSent();
  }

  /** What the next message replies to. In a thread it is always the thread's first message. */
  get #target(): Pick<MessageOptions, 'replyTo' | 'meta'> {
    const { thread, find } = this.#options;
    const { mode, seq } = this.#mode;
    if (mode !== 'reply' || seq === undefined) {
      return thread === undefined ? {} : { replyTo: thread };
    }
    const replyTo = thread ?? find(seq)?.replyTo ?? seq;
    return replyTo === seq ? { replyTo } : { replyTo, meta: { quotes: seq } };
  }

  /** Whether files are still being uploaded, or the text is too long. */
  get #cannotSend(): boolean {
    return this.#isTooLong || (this.#mode.mode !== 'edit' && this.#tray?.isBusy === true);
  }

  get #isTooLong(): boolean {
    return bytesOf(this.#text.value.trim()) > messageLimit();
  }

  /** Warns before sending: the text is too long, or mentions nobody. */
  #renderNote(): void {
    const { value } = this.#text;
    const isTooLong = this.#isTooLong;
    if (value.length > ASK_UNITS) void askMessageLimit(() => this.#renderNote());
    const notes = lengthNote(value) ?? this.#mentionNotes();
    this.#send.disabled = this.#cannotSend;
    const drawn = JSON.stringify([
      notes.map((note) => note.map((part) => (typeof part === 'string' ? part : part.textContent))),
      isTooLong,
      this.#mode.mode,
    ]);
    if (drawn === this.#noted) return;
    this.#noted = drawn;
    this.#note.hidden = notes.length === 0;
    this.#keys.hidden = notes.length > 0 || areKeysKnown;
    this.#note.replaceChildren(...notes.map((note) => element('span', '', ...note)));
    if (isTooLong && this.#mode.mode !== 'edit') {
      this.#note.append(button(text('sendInParts'), () => this.#splitAndSend()));
    }
  }

  #splitAndSend(): void {
    this.focus();
    this.#sendParts(partsOf(this.#text.value, messageLimit()));
  }

  #mentionNotes(): Note[] {
    const { value } = this.#text;
    if (!/[@＠]/u.test(value) || this.#list.list.isOpen) return [];
    const notes = this.#mentions.unclear.flatMap(({ from, to, isShared }) => {
      const word = value.slice(from, to);
      if (isShared) return [textWith('sharedName', { word: bdi(word) })];
      const name = word.slice(1);
      this.#search.find(name);
      return this.#search.isAnswered(name) ? [textWith('unknownName', { word: bdi(word) })] : [];
    });
    return notes.slice(0, MAX_NOTES);
  }

  #set(said: string, mentions: readonly ChosenPerson[] = []): void {
    this.#text.value = said;
    this.#mentions.set(said, mentions);
    this.#list.list.show([]);
    this.#commands.list.show([]);
    this.#changed();
  }

  /** Makes the field as high as its text; the style sheet sets the bounds. */
  #fit(): void {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}

function aboutParts(mode: 'reply' | 'edit', message: Message | undefined): (string | Node)[] {
  const said = element('span', 'said', message === undefined ? '' : beginningOf(message.message));
  if (mode === 'edit') return [text('editing'), said];
  if (message === undefined) return [text('replyToEarlier')];
  return [text('replyTo'), element('bdi', 'name', message.sender), ': ', said];
}
