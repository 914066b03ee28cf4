import type { Member, Message, Room, You } from '../../../src/client/index.ts';
import type { Drafts } from '../drafts.ts';
import { linkTo } from '../address.ts';
import { permanentStorage } from '../memory.ts';
import type { Person } from '../mentions.ts';
import { Names } from '../names.ts';
import { onceAFrame } from '../once-a-frame.ts';
import { ReplyTargets } from '../reply-targets.ts';
import { Reactors } from '../reactors.ts';
import { isModerator, roleName, whyCannotSend } from '../rights.ts';
import { sentenceOfError } from '../sentences.ts';
import { type SlashActions, slashCommands } from '../slash-commands.ts';
import { Composer, type ComposerOptions } from './composer.ts';
import { button, byId, setText } from './dom.ts';
import { type FileSource, onFiles } from './files.ts';
import type { TokenOf } from './incoming.ts';
import { onWindowActivity } from '../window-activity.ts';
import { lazy } from './lazy.ts';
import { RoomStatus } from './room-status.ts';
import { Locked } from './locked.ts';
import { LogView } from './log.ts';
import { Panel, type PanelContent } from './panel.ts';
import { type Choice, openMenu, QUICK_EMOJI } from './popover.ts';
import type { MessageActions, RowContext } from './row-context.ts';
import { linkedParts } from './text.ts';
import { LiveRegion } from './live-region.ts';
import { text } from '../texts.ts';

/** How often the room is drawn because of the time: a mute ends, a day begins; in milliseconds. */
const LOOK_MS = 20_000;

/** How often the remaining wait of a message is updated, in milliseconds. */
const COUNT_MS = 1_000;

/** As in the style sheet: from this width on the people panel is open from the start. */
const isVeryWide = matchMedia('(min-width: 90rem)');

export interface RoomActions {
  /** The user's id; undefined until it is known. */
  userId: () => string | undefined;
  /** The user's drafts; undefined until the user is known. */
  drafts: () => Drafts | undefined;
  /** What the room is called. */
  title: () => string;
  /** Further choices of the room's menu. */
  choices: () => Choice[];
  /** Choices about a person that do not concern the room. */
  personal: (person: Person) => Choice[];
  /** This user's files. */
  files: FileSource;
  /** Leaves this room. */
  leave: () => void;
  tokenOf: TokenOf;
  /** People whom this user knows from other rooms. */
  knownPeople: () => Person[];
  /** Goes to the sign-in form, because the room no longer accepts the token. */
  signIn: (problem: string) => void;
}

/** The view of one room. */
export class RoomView {
  readonly #room: Room;
  readonly #roomActions: RoomActions;
  readonly #life = new AbortController();
  readonly #context: RowContext;
  readonly #live: LiveRegion;
  readonly #log: LogView;
  readonly #panel: Panel;
  readonly #composer: Composer;
  readonly #name = byId('room-name', HTMLHeadingElement);
  readonly #topic = byId('topic', HTMLParagraphElement);
  readonly #status: RoomStatus;
  readonly #count = byId('people-count', HTMLSpanElement);
  readonly #talk = byId('talk', HTMLDivElement);
  readonly #locked: Locked;
  readonly #openers = {
    People: byId('people-button', HTMLButtonElement),
    Search: byId('search-button', HTMLButtonElement),
  };
  /** Whether the room was drawn since the connection opened: further messages are announced. */
  #isLive = false;
  /** `seq` of a message to go to. */
  #wanted: number | undefined;
  #hasPins = false;
  #countdown: ReturnType<typeof setTimeout> | undefined;
  /** What was last known about this user. */
  #lastYou: You | undefined;
  readonly #toMessage = (seq: number) => void this.#jump(seq);
  /** Draws what has changed. */
  readonly changed = onceAFrame(() => this.#render(), this.#life.signal);

  constructor(room: Room, actions: RoomActions) {
    this.#room = room;
    this.#roomActions = actions;
    const { signal } = this.#life;
    this.#context = {
      room,
      title: () => actions.title(),
      ownId: () => room.state.you?.userId ?? actions.userId(),
      names: new Names(),
      reactors: new Reactors(room, this.changed, signal),
      replyTargets: new ReplyTargets(room, this.changed),
      actions: this.#messageActions(() => this.#composer),
      files: actions.files,
      unfolded: new Set(),
    };
    this.#live = new LiveRegion(signal);
    this.#clear();
    this.#status = new RoomStatus(room);
    this.#locked = new Locked(room, this.changed, this.#roomActions, signal);
    this.#log = new LogView(this.#context, () => this.#offers(), signal);
    this.#composer = new Composer({
      ...this.#writing(),
      label: text('message'),
      placeholder: text('writeMessage'),
      onSent: () => this.#log.messageSent(),
      lastOwn: () => this.#lastOwn(),
      commands: () => slashCommands(this.#room, this.#context.names, this.#slashActions()),
    });
    byId('composer-place', HTMLDivElement).replaceChildren(this.#composer.element);
    this.#panel = new Panel(() => this.#panelChanged(), signal);
    this.#listen();
    if (isVeryWide.matches && permanentStorage.getItem('panel') !== 'closed') {
      this.#load(this.#openPeople());
    }
    // At once: nothing of the previous room may be seen, even for a frame.
    this.#render();
    // On touch screens the user reads first: the keyboard would cover half of the screen.
    if (matchMedia('(pointer: coarse)').matches) this.#name.focus();
    else this.#composer.focus();
  }

  /** Call it when another room is shown, or none. */
  stop(): void {
    this.#life.abort();
  }

  /** Opens the search. @param words to search for at once */
  search(words = ''): void {
    this.#load(this.#openSearch(words));
  }

  async #openSearch(words = ''): Promise<void> {
    const panel = await lazy.search(this.#room, this.#context.names, this.#toMessage);
    this.#openPanel(panel, this.#openers.Search);
    if (words !== '') panel.search(words);
  }

  toFirstUnread(): void {
    void this.#log.toFirstUnread();
  }

  /** Shows a draft that was written on another device. */
  showDraft(text: string): void {
    this.#composer.showDraft(text);
  }

  /** Shows a message, once the room is loaded. */
  show(seq: number): void {
    this.#wanted = seq;
    this.changed();
  }

  /** Shows the user a sentence. */
  say(sentence: string, ...choices: readonly HTMLElement[]): void {
    this.#live.sentence(sentence, ...choices);
  }

  /** Removes the composer and the messages from the page: the next user may be a different one. */
  clear(): void {
    this.#composer.element.remove();
    byId('messages', HTMLOListElement).replaceChildren();
  }

  /** Removes what the previous room has left. */
  #clear(): void {
    this.#topic.replaceChildren();
    this.#topic.title = '';
  }

  #listen(): void {
    const { signal } = this.#life;
    const { replyTargets } = this.#context;
    const off = [
      this.#room.on('change', this.changed),
      this.#room.on('message', (message) => this.#announce(message)),
      this.#room.on('messageUpdated', (message) => replyTargets.update(message)),
      this.#room.on('reactionsUpdated', (change) => replyTargets.update(change)),
      this.#room.on('memberUpdated', (member) => this.#memberUpdated(member)),
      this.#room.on('status', () => {
        this.#isLive = false;
      }),
    ];
    // A user who returns to the window sees at once what has changed with the time.
    onWindowActivity(this.changed, this.#life.signal);
    const timer = setInterval(this.changed, LOOK_MS);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      clearTimeout(this.#countdown);
      for (const end of off) end();
    });
    const { People: people, Search: search } = this.#openers;
    people.addEventListener('click', () => this.#toggle('People'), { signal });
    search.addEventListener('click', () => this.#toggle('Search'), { signal });
    const menu = byId('room-menu', HTMLButtonElement);
    menu.addEventListener('click', () => this.#openRoomMenu(menu), { signal });
    onFiles(document, (files) => void this.#composer.attach(files), { signal });
  }

  /** Options for a composer. @param thread the thread it is for; undefined for the room's own field */
  #writing(
    thread?: number,
  ): Pick<ComposerOptions, 'room' | 'names' | 'drafts' | 'find' | 'failed' | 'say' | 'files'> {
    const place = { roomId: this.#room.roomId, thread };
    return {
      room: this.#room,
      names: this.#context.names,
      failed: (error) => this.#live.sentence(sentenceOfError(error)),
      say: (sentence) => this.#live.sentence(sentence),
      files: this.#roomActions.files,
      find: (seq) => this.#context.replyTargets.of(seq),
      drafts: () => {
        const drafts = this.#roomActions.drafts();
        return (
          drafts && {
            read: () => drafts.get(place),
            write: (draft) => drafts.set(place, draft),
          }
        );
      },
    };
  }

  /** What can be done with messages. @param composer where replies and edits are written */
  #messageActions(composer: () => Composer): MessageActions {
    const actions: MessageActions = {
      react: (message, emoji) => this.#react(message, emoji),
      pick: (message, anchor) => {
        const choose = (emoji: string) => this.#react(message, emoji);
        this.#load(lazy.emoji(anchor, text('chooseReaction'), choose));
      },
      reply: (message) => {
        if (composer() === this.#composer) this.#panel.closeIfCovering();
        composer().reply(message);
      },
      more: (shown, anchor) => {
        // The text may have grown since the row was drawn.
        const message = this.#context.replyTargets.of(shown.seq) ?? shown;
        const isInRoom = composer() === this.#composer;
        const offered = {
          react: () => actions.pick(message, anchor),
          reply: () => actions.reply(message),
          edit: () => composer().edit(message),
          copy: () => void this.#copy(message.message),
          copyLink: () => void this.#copyLink(message.seq),
          showReactions: () => this.#load(lazy.reactions(this.#room, message)),
          say: (sentence: string) => this.say(sentence),
          openThread: isInRoom ? actions.openThread : undefined,
        };
        const quick = { emoji: QUICK_EMOJI, choose: (one: string) => this.#react(message, one) };
        const maySpeak = whyCannotSend(this.#room.state, Date.now()) === undefined;
        const open = (choices: Choice[]) =>
          openMenu(anchor, text('actions'), choices, maySpeak ? quick : undefined);
        this.#load(lazy.messageChoices(this.#room, message, offered).then(open));
      },
      openThread: (seq) => this.#load(this.#openThread(seq)),
      jump: this.#toMessage,
      retry: (id) => this.#room.retry(id),
      discard: (id) => this.#room.discard(id),
      rewrite: ({ id, payload }) => {
        this.#room.discard(id);
        composer().take(payload);
      },
    };
    return actions;
  }

  /** Buttons for a room without messages. */
  #offers(): HTMLElement[] {
    const copy = button(text('copyLink'), () => void this.#copyLink());
    if (!isModerator(this.#room.state)) return [copy];
    return [copy, button(text('invite'), () => this.#invite())];
  }

  #react(message: Message, emoji: string): void {
    this.#context.reactors.toggle(message, emoji).catch(() => undefined);
  }

  #slashActions(): SlashActions {
    return {
      leave: () => this.#roomActions.leave(),
      invite: () => this.#invite(),
      goToDate: () => this.#goToDate(),
      search: (words) => this.search(words),
    };
  }

  #goToDate(): void {
    this.#load(lazy.date(this.#room, this.#toMessage));
  }

  #openRoomMenu(menu: HTMLElement): void {
    const { leave, choices, tokenOf } = this.#roomActions;
    const acts = {
      copyLink: () => void this.#copyLink(),
      goToDate: () => this.#goToDate(),
      leave,
      others: choices(),
      tokenOf,
      load: (work: Promise<void>) => this.#load(work),
    };
    const open = (offered: Choice[]) => {
      if (!this.#life.signal.aborted) openMenu(menu, text('roomMenu'), offered);
    };
    this.#load(lazy.roomChoices(this.#room, acts).then(open));
  }

  #copyLink(seq?: number): Promise<void> {
    const { roomId } = this.#room;
    return this.#copy(linkTo(seq === undefined ? { roomId } : { roomId, seq }));
  }

  async #copy(said: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(said);
      this.#live.sentence(text('copied'));
    } catch {
      this.#live.sentence(text('copyForbidden'));
    }
  }

  async #openPeople(opener?: HTMLElement): Promise<void> {
    const people = await lazy.people(this.#room, this.#context.names, {
      mention: (person) => {
        this.#panel.closeIfCovering();
        this.#composer.mention(person);
      },
      invite: (invited) => this.#invite(invited),
      personal: (person) => this.#roomActions.personal(person),
    });
    this.#openPanel(people, opener);
  }

  /** Opens what was loaded, unless another room is shown by now. */
  #openPanel(content: PanelContent, opener?: HTMLElement): void {
    if (this.#life.signal.aborted) content.stop();
    else this.#panel.open(content, opener);
  }

  /** Says so if something that is loaded on demand cannot be loaded. */
  #load(work: Promise<void>): void {
    work.catch((error: unknown) => this.#live.sentence(sentenceOfError(error)));
  }

  #invite(invited: (member: Member) => void = () => undefined): void {
    const announce = (member: Member) => {
      invited(member);
      const copy = button(text('copyLink'), () => void this.#copyLink());
      this.#live.sentence(text('invited', { name: member.username }), copy);
    };
    this.#load(lazy.invite(this.#room, this.#roomActions.knownPeople(), announce));
  }

  #toggle(name: 'People' | 'Search'): void {
    if (this.#panel.name === name) {
      this.#panel.close();
      return;
    }
    if (name === 'Search') this.search();
    else this.#load(this.#openPeople(this.#openers[name]));
  }

  async #openThread(seq: number): Promise<void> {
    const composer = new Composer({
      ...this.#writing(seq),
      label: text('reply'),
      placeholder: text('writeReply'),
      thread: seq,
      onSent: () => thread.messageSent(),
      commands: () => [],
      lastOwn: () => thread.lastOwn(),
    });
    const threadContext = { ...this.#context, actions: this.#messageActions(() => composer) };
    const thread = await lazy.thread(threadContext, seq, composer);
    if (this.#life.signal.aborted) return;
    const opener = this.#log.focusOn(seq);
    this.#panel.open(thread, opener ?? this.#name);
  }

  async #jump(seq: number): Promise<void> {
    this.#panel.closeIfCovering();
    try {
      await this.#log.jump(seq);
    } catch (error) {
      this.#live.sentence(sentenceOfError(error));
    }
  }

  #lastOwn(): Message | undefined {
    const { messages, you } = this.#room.state;
    return messages.findLast(
      ({ senderId, deletedAt }) => senderId === you?.userId && deletedAt === undefined,
    );
  }

  #announce(message: Message): void {
    const { you } = this.#room.state;
    const isNews = message.senderId !== you?.userId && message.deletedAt === undefined;
    // Missed messages are not announced.
    if (isNews && this.#isLive) this.#live.message(message);
  }

  #render(): void {
    const { state } = this.#room;
    this.#isLive = state.status.name === 'open' && !state.isCatchingUp;
    for (const { userId, username } of state.online) this.#context.names.learn(userId, username);
    this.#announceUnmute(state.you);
    this.#renderBar();
    this.#composer.render();
    if (state.room?.pins !== undefined) this.#showPins();
    this.#panel.render();
    // A message that slow mode holds back says how long it waits.
    const isHeld = state.outgoing.some(({ retryAt = 0 }) => retryAt > Date.now());
    clearTimeout(this.#countdown);
    if (isHeld) this.#countdown = setTimeout(this.changed, COUNT_MS);
    this.#status.render();
    const isClosed = state.status.name === 'ended' && state.you === undefined;
    this.#talk.classList.toggle('is-closed', isClosed);
    const isLocked = this.#locked.render();
    // The composer stays as it is while the room is asked how long the user was removed for.
    if (isLocked !== undefined) this.#composer.element.hidden = isLocked;
    // Last: it measures, and a change after that would cause another layout.
    this.#log.render();
    if (this.#wanted === undefined || !this.#log.hasBegun) return;
    void this.#jump(this.#wanted);
    this.#wanted = undefined;
  }

  /** Adds the line of pinned messages, once the room has one; it draws itself. */
  #showPins(): void {
    if (this.#hasPins) return;
    this.#hasPins = true;
    const actions = {
      jump: this.#toMessage,
      open: (content: PanelContent, opener: HTMLElement) => this.#openPanel(content, opener),
      say: (sentence: string) => this.say(sentence),
    };
    this.#load(lazy.pins(this.#room, actions, this.#life.signal));
  }

  /** Tells the user that another one has given them a role. */
  #memberUpdated({ userId, role }: Member): void {
    const { you } = this.#room.state;
    if (userId !== you?.userId || role === you.role) return;
    this.#live.sentence(text('roleNow', { role: roleName(role) }));
  }

  /** Tells the user that their mute was lifted. */
  #announceUnmute(you: You | undefined): void {
    const last = this.#lastYou;
    this.#lastYou = you;
    if (you === undefined || last === undefined) return;
    const wasMuted = (last.mutedUntil ?? 0) > Date.now();
    if (wasMuted && you.mutedUntil === undefined) this.#live.sentence(text('mayWriteAgain'));
  }

  #renderBar(): void {
    const { room, onlineCount } = this.#room.state;
    const title = this.#roomActions.title();
    setText(this.#name, title);
    this.#name.title = title;
    const topic = room?.topic ?? '';
    if (this.#topic.title !== topic) {
      this.#topic.title = topic;
      this.#topic.replaceChildren(...linkedParts(topic));
    }
    setText(this.#count, String(onlineCount));
    this.#openers.People.ariaLabel = text('hereCount', { count: onlineCount });
  }

  #panelChanged(): void {
    // A user who closes the panel does not want it in the next room either.
    permanentStorage.set('panel', this.#panel.name === undefined ? 'closed' : undefined);
    for (const [name, opener] of Object.entries(this.#openers)) {
      opener.ariaExpanded = String(this.#panel.name === name);
    }
  }
}
