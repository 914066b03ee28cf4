import type { Message, Outgoing, Room, Status } from '../../../src/client/index.ts';
import { joinNames } from '../names.ts';
import { onceAFrame } from '../once-a-frame.ts';
import { whyCannotSend } from '../rights.ts';
import { sentenceOf, sentenceOfEnd } from '../sentences.ts';
import { text } from '../texts.ts';
import { isWindowActive, onWindowActivity } from '../window-activity.ts';
import { hideInputMethodKeys } from '../view/composing.ts';
import { button, element, setText, timeElement, withOwnDirection } from '../view/dom.ts';
import { isLargeEmoji, messageParts } from '../view/text.ts';

/** Nearer to the end than this, the box scrolls to new messages; in pixels. */
const AT_END_PX = 48;
/** With more messages loaded than `MAX_LOADED`, all but the newest `KEEP` are dropped. */
const MAX_LOADED = 500;
const KEEP = 200;

/** A room as a box on another page: its messages, and a field to write in. */
export class ChatBox {
  readonly room: Room;
  readonly element = element('section', 'box');
  readonly #log = element('div', 'log');
  readonly #older = button(text('earlier'), () => void this.#loadOlder(), 'quiet');
  readonly #list = element('ol', 'messages');
  readonly #status = element('p', 'status');
  readonly #field = element('textarea', 'field');
  readonly #form = element('form', 'form');
  readonly #life = new AbortController();
  readonly #drawn = new Map<string, { state: string; row: HTMLElement }>();
  #isAtEnd = true;
  #isOnList = false;

  constructor(room: Room) {
    this.room = room;
    const changed = onceAFrame(() => this.#render(), this.#life.signal);
    const off = room.on('change', changed);
    this.#life.signal.addEventListener('abort', off);
    onWindowActivity(changed, this.#life.signal);
    this.element.ariaLabel = room.roomId;
    this.#log.role = 'log';
    this.#log.ariaLabel = text('messages');
    this.#log.tabIndex = 0;
    this.#log.append(this.#older, this.#list);
    this.#log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#status.role = 'status';
    this.#field.ariaLabel = text('message');
    Object.assign(this.#field, { rows: 1, placeholder: text('writeMessage'), dir: 'auto' });
    const send = element('button', 'send', text('send'));
    send.type = 'submit';
    this.#form.append(this.#field, send);
    this.#form.addEventListener('submit', (event) => this.#submit(event));
    this.#field.addEventListener('keydown', (event) => this.#key(event));
    this.#field.addEventListener('input', () => room.typing(this.#field.value.trim() !== ''));
    hideInputMethodKeys(this.#field);
    this.element.append(this.#log, this.#status, this.#form);
    changed();
  }

  stop(): void {
    this.#life.abort();
  }

  #key(event: KeyboardEvent): void {
    const isCoarse = matchMedia('(pointer: coarse)').matches;
    if (event.key === 'Enter' && !event.shiftKey && !isCoarse) this.#submit(event);
  }

  #submit(event: Event): void {
    event.preventDefault();
    const said = this.#field.value.trim();
    if (said === '') return;
    this.#field.value = '';
    this.#isAtEnd = true;
    // A refusal is shown in the message's row.
    this.room.send(said.toWellFormed()).catch(() => undefined);
  }

  /** Whether the user can be reading the newest message. */
  get #isSeen(): boolean {
    return this.#isAtEnd && isWindowActive();
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (this.#isSeen) this.room.markRead();
  }

  async #loadOlder(): Promise<void> {
    const before = this.#log.scrollHeight;
    await this.room.loadOlder().catch(() => undefined);
    this.#render();
    this.#log.scrollTop += this.#log.scrollHeight - before;
  }

  #render(): void {
    const { state } = this.room;
    const { messages, outgoing, hasOlder, you, status, typing } = state;
    if (this.#isAtEnd && messages.length > MAX_LOADED) this.room.trim(KEEP);
    this.#older.hidden = !hasOlder || you === undefined;
    const rows = [
      ...messages.map((message) => this.#messageRow(message)),
      ...outgoing.map((entry) => this.#unsentRow(entry)),
    ];
    this.#place(rows);
    this.#forget(messages);
    const names = joinNames(typing.map(({ username }) => username));
    const isSilent = whyCannotSend(state, Date.now());
    setText(this.#status, statusText(status) ?? isSilent ?? typingText(names, typing.length));
    this.#form.hidden = isSilent !== undefined;
    if (this.#isAtEnd) this.#log.scrollTop = this.#log.scrollHeight;
    // The room counts unread messages only for users on its list, and reading adds them to it.
    if (this.#isSeen && messages.length > 0 && (state.unread > 0 || !this.#isOnList)) {
      this.#isOnList = true;
      this.room.markRead();
    }
  }

  /** Puts rows into the list. Those that stay are not moved, so that focus and selection stay in them. */
  #place(rows: readonly HTMLElement[]): void {
    const { children } = this.#list;
    const kept = new Set<Element>(rows);
    for (const row of [...children].filter((one) => !kept.has(one))) row.remove();
    for (const [at, row] of rows.entries()) {
      if (children[at] !== row) this.#list.insertBefore(row, children[at] ?? null);
    }
  }

  /** A row; drawn again only if its state has changed. */
  #row(key: string, state: string, draw: () => HTMLElement): HTMLElement {
    const known = this.#drawn.get(key);
    if (known?.state === state) return known.row;
    const row = draw();
    this.#drawn.set(key, { state, row });
    return row;
  }

  #forget(messages: readonly Message[]): void {
    if (this.#drawn.size <= 2 * messages.length + KEEP) return;
    const kept = new Set(messages.map(({ seq }) => `seq ${seq}`));
    for (const key of this.#drawn.keys()) if (!kept.has(key)) this.#drawn.delete(key);
  }

  #messageRow(message: Message): HTMLElement {
    const { seq, rev, sender, senderId, timestamp, deletedAt } = message;
    const isOwn = senderId === this.room.state.you?.userId;
    return this.#row(`seq ${seq}`, `${rev} ${isOwn}`, () => {
      const head = element(
        'p',
        'head',
        element('bdi', 'name', sender),
        ' ',
        timeElement(timestamp),
      );
      const said = deletedAt === undefined ? contentOf(message) : [deleted()];
      return element('li', isOwn ? 'message is-own' : 'message', head, ...said);
    });
  }

  #unsentRow(entry: Outgoing): HTMLElement {
    const { id, state, payload, problem } = entry;
    return this.#row(`id ${id}`, state, () => {
      const row = element('li', 'message is-own is-unsent', body(payload.message));
      if (state !== 'failed') row.append(element('p', 'head', text('sending')));
      else {
        const why = problem === undefined ? '' : sentenceOf(problem);
        row.append(
          element('p', 'problem', text('notSent', { why })),
          button(text('sendAgain'), () => this.room.retry(id), 'quiet'),
          button(text('discard'), () => this.room.discard(id), 'quiet'),
        );
      }
      return row;
    });
  }
}

/** A message's text, if it has one, and the names of its files. */
function contentOf({ message, files = [] }: Message): HTMLElement[] {
  const names = files.map(({ name }) => element('p', 'text is-file', name));
  return message === '' ? names : [body(message), ...names];
}

function body(said: string): HTMLElement {
  const parts = messageParts(said, { people: [], own: undefined });
  return withOwnDirection(element('div', isLargeEmoji(said) ? 'text is-large' : 'text', ...parts));
}

function deleted(): HTMLElement {
  return element('p', 'text is-deleted', text('deletedMessage'));
}

function typingText(names: string, count: number): string {
  return count === 0 ? '' : text(count === 1 ? 'typingOne' : 'typingMany', { names });
}

function statusText(status: Status): string | undefined {
  if (status.name === 'ended') return sentenceOfEnd(status);
  if (status.name === 'waiting') return text('connectionLost');
  return status.name === 'connecting' ? text('joining') : undefined;
}
