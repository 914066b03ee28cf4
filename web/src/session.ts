import {
  type Client,
  connect,
  type Outgoing,
  type Room,
  type TokenSource,
} from '../../src/client/index.ts';
import type { Conversation } from '../../src/client/inbox.ts';
import { isReserved } from '../../src/protocol/identity.ts';
import { hashOf } from './address.ts';
import { isCovered } from './covers.ts';
import { tokenSourceOf, type SignInMethod } from './entry.ts';
import { Drafts } from './drafts.ts';
import { windowStorage, permanentStorage } from './memory.ts';
import type { Conversations, ConversationsActions } from './inbox/conversations.ts';
import type { SyncedDrafts } from './draft-sync.ts';
import type { Person } from './mentions.ts';
import { onceAFrame } from './once-a-frame.ts';
import { sentenceOfEnd, sentenceOfError } from './sentences.ts';
import { listenToAccountMenu } from './view/account-menu.ts';
import type { Leaving } from './view/ask-before-leaving.ts';
import { byId } from './view/dom.ts';
import type { FileSource } from './view/files.ts';
import { RoomView } from './view/room.ts';
import { listenToShortcuts, type Shortcuts } from './view/shortcuts.ts';
import { type SidebarRoom, Sidebar } from './view/sidebar.ts';
import type { Choice } from './view/popover.ts';
import { lazy } from './view/lazy.ts';
import { Notices, showUnread } from './view/notices.ts';
import { text } from './texts.ts';

/** The user and their rooms; kept for a reload of this window. */
export interface SavedSession {
  name: string;
  method: SignInMethod;
  rooms: readonly string[];
  /** The user's id, once it is known: only this user's drafts are shown. */
  userId?: string;
}

export interface SessionListener {
  /** The user is signed out. @param problem the reason, if the user did not ask for it */
  ended: (problem?: { sentence: string; isAboutToken: boolean }) => void;
}

/** How many messages are loaded of a room that is not shown: its line in the list of rooms. */
const NEWEST_ONLY = 1;
/** The most rooms that are being joined at the same time, beside the one that is shown. */
const MAX_JOINING = 4;
/** The most rooms that have a socket, for a user who has an inbox. */
const MAX_JOINED = 5;
/** The beginning of a direct room's id. */
const DIRECT_PREFIX = 'direct:';
/** The longest wait for the browser to be idle before rooms are joined and listed, in milliseconds. */
const IDLE_MS = 1_000;

/** A signed-in user's page: the rooms they are in, and the one that is shown. */
export class Session {
  readonly #saved: SavedSession;
  readonly #listener: SessionListener;
  readonly #client: Client;
  readonly #files: FileSource;
  /** The user's rooms, the one shown last at the end; undefined for a room without a socket. */
  readonly #rooms = new Map<string, Room | undefined>();
  /** Functions that stop listening to a room. */
  readonly #off = new Map<string, () => void>();
  readonly #sidebar: Sidebar;
  readonly #screen = byId('chat', HTMLDivElement);
  readonly #life = new AbortController();
  #view: RoomView | undefined;
  readonly #token: TokenSource | undefined;
  #current: string | undefined;
  #userId: string | undefined;
  #drafts: Drafts | undefined;
  #isJoiningOthers = false;
  /** Whether the list of rooms is drawn; the room that is shown is drawn first. */
  #isListShown = false;
  #conversations: Conversations | undefined;
  readonly #notices = new Notices({
    open: (roomId, seq) => this.open(roomId, seq),
    offer: (sentence, accept) => this.#view?.say(sentence, accept),
    accept: () =>
      this.#conversations ? this.#conversations.notify() : void Notification.requestPermission(),
  });
  readonly #changed = onceAFrame(() => this.#render(), this.#life.signal, true);

  constructor(saved: SavedSession, listener: SessionListener) {
    const { name, method } = saved;
    this.#saved = saved;
    this.#listener = listener;
    const token = tokenSourceOf(method, name, () =>
      this.#end({ sentence: text('signInEnded'), isAboutToken: true }),
    );
    this.#token = token;
    this.#files = lazy.files(token);
    this.#client = connect({
      ...(token !== undefined && { token }),
      ...(name !== '' && { username: name }),
      storage: windowStorage,
      storageKey: 'rooms',
    });
    if (saved.userId !== undefined) this.#drafts = draftsOf(saved.userId);
    this.#screen.hidden = false;
    this.#sidebar = new Sidebar(
      {
        open: (roomId) => this.open(roomId),
        signOut: () => this.#askSignOut(),
        choices: (roomId) => this.#choices(roomId),
        loadMore: () => this.#conversations?.loadMore(),
        askRoom: () => {
          const known = this.#listed().map(({ roomId }) => roomId);
          this.#load(lazy.room(known, (roomId) => this.open(roomId)));
        },
        changed: this.#changed,
      },
      this.#life.signal,
    );
    listenToShortcuts(this.#shortcuts(), this.#life.signal);
    const shortcuts = {
      label: text('shortcuts'),
      icon: 'more',
      choose: () => this.#load(lazy.shortcuts()),
    };
    listenToAccountMenu(() => [...this.#accountChoices(), shortcuts], this.#life.signal);
    document.addEventListener('visibilitychange', this.#changed, {
      signal: this.#life.signal,
    });
    for (const roomId of saved.rooms) this.#rooms.set(roomId, undefined);
    setTimeout(() => this.#showList(), IDLE_MS);
  }

  get current(): string | undefined {
    return this.#current;
  }

  /** Joins a room, without showing it yet. */
  join(roomId: string): void {
    this.#addRoom(roomId);
  }

  /** Shows a room, after joining it if necessary. @param seq a message to show in it */
  open(roomId: string, seq?: number): void {
    if (roomId !== this.#current) {
      this.#addRoom(roomId);
      this.#show(roomId);
      this.#conversations?.opened(roomId);
      this.#closeIdleRooms();
    }
    if (seq === undefined) return;
    // Without the message in the address, the same link can be followed again.
    history.replaceState(history.state, '', hashOf({ roomId }));
    this.#view?.show(seq);
  }

  /** Call it when the address names no room: restores the address of the current one, and says so. */
  restoreAddress(): void {
    if (this.#current === undefined) return;
    history.replaceState(null, '', hashOf({ roomId: this.#current }));
    this.#view?.say(text('noSuchAddress', { room: this.#current }));
  }

  /** Joins a room. @param history how many of the newest messages to load if it is not shown */
  #addRoom(roomId: string, history?: number): void {
    if (this.#rooms.get(roomId) !== undefined) return;
    const room = this.#client.room(roomId, { ...(history !== undefined && { history }) });
    // The client still has the room if it was left before.
    if (room.state.status.name === 'left') room.join();
    this.#rooms.set(roomId, room);
    this.#listen(room);
    this.#save();
  }

  #listen(room: Room): void {
    this.#off.get(room.roomId)?.();
    const changed = () => {
      const { you } = room.state;
      // At once: text typed before the next frame is already a draft of this user.
      if (this.#userId === undefined && you !== undefined) this.#identify(you.userId);
      this.#changed();
    };
    const offs = [
      room.on('change', changed),
      room.on('message', (message) => {
        const level = this.#conversations?.find(room.roomId)?.notify ?? 'mentions';
        this.#notices.onMessage(room, message, { level, title: this.#titleOf(room.roomId) });
      }),
    ];
    this.#off.set(room.roomId, () => {
      for (const off of offs) off();
    });
  }

  /** Joins other rooms while the browser is idle, a few at a time. */
  #joinOthers(): void {
    const waiting = this.#roomsToJoin();
    if (waiting.length === 0 || this.#isJoiningOthers) return;
    this.#isJoiningOthers = true;
    whenIdle(() => {
      this.#isJoiningOthers = false;
      if (this.#life.signal.aborted) return;
      const { name } = this.#rooms.get(this.#current ?? '')?.state.status ?? {};
      const joining = this.#joined.filter(({ state }) => state.status.name === 'connecting');
      // The room that is shown has the network to itself until it is joined.
      const free = name === 'connecting' ? 0 : MAX_JOINING - joining.length;
      for (const roomId of waiting.slice(0, Math.max(0, free))) this.#addRoom(roomId, NEWEST_ONLY);
    });
  }

  /**
   * The rooms to join without showing them. The inbox has the news of most rooms, so only rooms with
   * unsent messages are joined, direct rooms, to show whether the other user is online, and rooms that
   * are not in the inbox.
   */
  #roomsToJoin(): string[] {
    const rooms = [...this.#rooms.keys()];
    const isIdle = (roomId: string) => this.#rooms.get(roomId) === undefined;
    if (!this.#mayHaveInbox) return rooms.filter(isIdle);
    if (this.#conversations?.isLoaded !== true) return [];
    const listed = this.#conversations.list.map(({ roomId }) => roomId);
    const unsent = [...rooms, ...listed].filter(hasUnsent);
    const direct = listed.filter((roomId) => roomId.startsWith(DIRECT_PREFIX));
    const others = rooms.filter((roomId) => this.#conversations?.find(roomId) === undefined);
    const free = MAX_JOINED - this.#joined.length;
    return [...unsent, ...direct, ...others].filter(isIdle).slice(0, Math.max(0, free));
  }

  /** Whether the user is known and not a guest. */
  get #mayHaveInbox(): boolean {
    const userId = this.#userId ?? this.#saved.userId;
    return userId !== undefined && !isReserved(userId);
  }

  /** Closes the sockets beyond `MAX_JOINED`, least recently shown first, except with unsent messages. */
  #closeIdleRooms(): void {
    if (this.#conversations === undefined) return;
    const idle = this.#joined.filter(
      ({ roomId, state }) => roomId !== this.#current && state.outgoing.length === 0,
    );
    const excess = Math.max(0, this.#joined.length - MAX_JOINED);
    for (const { roomId } of idle.slice(0, excess)) this.#closeSocket(roomId);
  }

  /** Closes a room's socket; the room stays in the list. */
  #closeSocket(roomId: string): void {
    this.#rooms.get(roomId)?.leave();
    this.#off.get(roomId)?.();
    this.#off.delete(roomId);
    this.#rooms.set(roomId, undefined);
  }

  async #openInbox(userId: string): Promise<void> {
    const drafts: SyncedDrafts = {
      read: (roomId) => this.#drafts?.shared(roomId),
      write: (roomId, draft) => this.#drafts?.setShared(roomId, draft),
    };
    const actions: ConversationsActions = {
      changed: this.#changed,
      current: () => this.#current,
      open: (roomId) => this.open(roomId),
      removed: (roomId) => this.#removed(roomId),
      conversationChanged: (conversation, before) => this.#turned(conversation, before),
      drafted: (roomId) => this.#drafted(roomId),
      say: (sentence) => this.#view?.say(sentence),
      userId,
    };
    const { signal } = this.#life;
    if (signal.aborted) return;
    const conversations = await lazy.conversations(this.#client, drafts, actions, signal);
    if (signal.aborted) return;
    this.#conversations = conversations;
    if (this.#drafts !== undefined) {
      this.#drafts.onWritten = (roomId, draft) => conversations.uploadDraft(roomId, draft);
    }
    this.#changed();
  }

  /** Drops a room that the user is no longer on the list of; the current one stays, with a sentence. */
  #removed(roomId: string): void {
    if (roomId !== this.#current) this.#drop(roomId);
  }

  #turned(conversation: Conversation, before: Conversation | undefined): void {
    const { roomId } = conversation;
    if (this.#rooms.get(roomId) !== undefined) return;
    this.#notices.onConversation(conversation, before, this.#titleOf(roomId));
  }

  #drafted(roomId: string): void {
    if (roomId === this.#current) this.#view?.showDraft(this.#drafts?.shared(roomId)?.text ?? '');
    this.#changed();
  }

  #titleOf(roomId: string): string {
    const { with: other } = this.#conversations?.find(roomId) ?? {};
    return other?.username ?? (roomId.startsWith(DIRECT_PREFIX) ? text('directRoom') : roomId);
  }

  #choices(roomId: string): Choice[] {
    const isRead = this.#rooms.get(roomId)?.state.unread === 0;
    return this.#conversations?.choices(roomId, isRead) ?? [];
  }

  #accountChoices(): Choice[] {
    const conversations = this.#conversations;
    if (conversations === undefined) return [];
    const choose = () => this.#load(conversations.showArchived());
    const archived = { label: text('archived'), icon: 'delete', choose };
    const { notifying } = conversations;
    return notifying === undefined ? [archived] : [archived, notifying];
  }

  /** What can be done about a person outside of rooms. */
  #personal({ userId, name }: Person): Choice[] {
    const conversations = this.#conversations;
    if (conversations === undefined || isReserved(userId)) return [];
    const message = () => conversations.message(userId);
    const isBlocked = conversations.isBlocked(userId);
    const block = () =>
      isBlocked ? conversations.unblock(userId) : conversations.block(userId, name);
    return [
      { label: text('sendDirect'), icon: 'thread', choose: message },
      { label: text(isBlocked ? 'unblock' : 'block'), icon: 'ban', choose: block },
    ];
  }

  get #joined(): Room[] {
    return [...this.#rooms.values()].filter((room) => room !== undefined);
  }

  #show(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    const isFirst = this.#view === undefined;
    const hash = hashOf({ roomId });
    const isThere = location.hash.startsWith(`${hash}/`);
    if (isFirst || isThere || isCovered()) history.replaceState(null, '', hash);
    else if (location.hash !== hash) history.pushState(null, '', hash);
    this.#view?.stop();
    this.#current = roomId;
    // Moves the room to the end: the last one is the one shown last.
    this.#rooms.delete(roomId);
    this.#rooms.set(roomId, room);
    permanentStorage.set('room', roomId);
    this.#sidebar.close();
    this.#view = new RoomView(room, {
      userId: () => this.#userId ?? this.#saved.userId,
      drafts: () => this.#drafts,
      tokenOf: async () => (typeof this.#token === 'function' ? this.#token() : this.#token),
      files: this.#files,
      knownPeople: () => this.#knownPeople(room),
      title: () => this.#titleOf(roomId),
      choices: () => this.#choices(roomId),
      personal: (person) => this.#personal(person),
      leave: () => this.#askLeave(room),
      signIn: (sentence) => this.#end({ sentence, isAboutToken: true }),
    });
    // After the view, which marks messages in sight as read: the title would count them for a frame.
    this.#listen(room);
    this.#save();
    this.#changed();
  }

  /** Says so if something that is loaded on demand cannot be loaded. */
  #load(work: Promise<void>): void {
    work.catch((error: unknown) => this.#view?.say(sentenceOfError(error)));
  }

  #shortcuts(): Shortcuts {
    return {
      switchRoom: () => this.#load(lazy.switcher(this.#listed(), (roomId) => this.open(roomId))),
      list: () => this.#load(lazy.shortcuts()),
      step: (by) => {
        const next = this.#sidebar.neighbour(this.#current, by);
        if (next !== undefined) this.open(next);
      },
      search: () => this.#view?.search(),
      firstUnread: () => this.#view?.toFirstUnread(),
    };
  }

  /** The people who are online in other rooms, or have written there. */
  #knownPeople(room: Room): Person[] {
    const known = new Map<string, string>();
    for (const { roomId, state } of this.#joined) {
      if (roomId === room.roomId) continue;
      for (const { senderId, sender } of state.messages) known.set(senderId, sender);
      for (const { userId, username } of state.online) known.set(userId, username);
    }
    known.delete(this.#userId ?? '');
    return [...known].map(([userId, name]) => ({ userId, name }));
  }

  #askLeave(room: Room): void {
    const { roomId } = room;
    this.#askBefore({
      title: text('leaveThis', { room: this.#titleOf(roomId) }),
      confirm: text('leave'),
      drafts: this.#drafts?.rooms.has(roomId) === true ? [roomId] : [],
      unsent: this.#unsentIn([room]),
      unsentStays: text('unsentOfRoom'),
      leave: () => this.#leave(roomId),
    });
  }

  /** Leaves without asking if nothing would be lost; that needs no network. */
  #askBefore(leaving: Leaving): void {
    if (leaving.drafts.length === 0 && leaving.unsent.length === 0) leaving.leave();
    else this.#load(lazy.leaving(leaving));
  }

  #askSignOut(): void {
    const rooms = this.#joined;
    this.#askBefore({
      title: text('signOutAsk'),
      confirm: text('signOut'),
      drafts: [...(this.#drafts?.rooms ?? [])],
      unsent: this.#unsentIn(rooms),
      unsentStays: this.#mayHaveInbox ? text('unsentOfWindow') : '',
      leave: () => {
        this.#drafts?.clear();
        if (this.#conversations !== undefined) this.#conversations.signedOut();
        else if (this.#mayHaveInbox) {
          this.#load(lazy.endPush(this.#userId ?? this.#saved.userId));
        }
        // What nobody could send later: a guest's messages, and those written before the user was known,
        // which would go out in the next user's name.
        const isLost = ({ by }: Outgoing) => by === undefined || !this.#mayHaveInbox;
        for (const room of rooms) {
          for (const { id } of this.#unsentIn([room]).filter(isLost)) room.discard(id);
        }
        // The next guest of this window is another user.
        windowStorage.set('rooms', undefined);
        this.#end();
      },
    });
  }

  #unsentIn(rooms: readonly Room[]): Outgoing[] {
    const own = this.#userId ?? this.#saved.userId;
    const unsent = rooms.flatMap(({ state }) => state.outgoing);
    return unsent.filter(({ by = own }) => by === own);
  }

  #leave(roomId: string): void {
    this.#drop(roomId);
    this.#conversations?.quit(roomId);
    const next = [...this.#rooms.keys()].at(-1);
    if (next === undefined) this.#end();
    else this.open(next);
  }

  #drop(roomId: string): void {
    this.#rooms.get(roomId)?.leave();
    this.#drafts?.clear(roomId);
    this.#rooms.delete(roomId);
    this.#off.get(roomId)?.();
    this.#off.delete(roomId);
    this.#save();
  }

  #hasEnded = false;

  /** Ends the session; the page goes back to the sign-in form. */
  #end(problem?: { sentence: string; isAboutToken: boolean }): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (isCovered()) history.replaceState(null, '', location.href);
    this.#view?.stop();
    this.#life.abort();
    for (const end of this.#off.values()) end();
    this.#client.close();
    this.#screen.hidden = true;
    // The next user to sign in in this window is a different one.
    this.#view?.clear();
    windowStorage.set('session', undefined);
    document.title = 'Parlor';
    showUnread(0, 0);
    this.#listener.ended(problem);
  }

  /** Stores the user and the rooms, for a reload and for this user's next visit. */
  #save(): void {
    const rooms = [...this.#rooms.keys()].filter((roomId) => roomId !== this.#current);
    if (this.#current !== undefined) rooms.push(this.#current);
    const userId = this.#userId ?? this.#saved.userId;
    const saved: SavedSession = { ...this.#saved, rooms, ...(userId !== undefined && { userId }) };
    windowStorage.set('session', JSON.stringify(saved));
    // A guest is a different user in every window. Before the id is known, the rooms of earlier visits are not here.
    if (this.#userId !== undefined && this.#mayHaveInbox) {
      // The other rooms are in the inbox.
      const own = rooms.filter((roomId) => this.#conversations?.find(roomId) === undefined);
      permanentStorage.set(`visited.${this.#userId}`, JSON.stringify(own));
    }
  }

  /** Call it when the user's id is known: adds the rooms of earlier visits, and loads the inbox. */
  #identify(userId: string): void {
    this.#userId = userId;
    if (userId !== this.#saved.userId) this.#drafts = draftsOf(userId);
    for (const roomId of visitedBy(userId)) {
      if (!this.#rooms.has(roomId)) this.#rooms.set(roomId, undefined);
    }
    this.#save();
    // After the frame that draws the messages of the room.
    requestAnimationFrame(() => whenIdle(() => this.#showList()));
    // When idle: the room that is shown has the processor and the network to itself until then.
    if (this.#mayHaveInbox) whenIdle(() => this.#load(this.#openInbox(userId)));
  }

  #showList(): void {
    if (this.#isListShown) return;
    this.#isListShown = true;
    this.#changed();
  }

  /** The conversations of the inbox, then the other rooms of this window. */
  #listed(): SidebarRoom[] {
    const known = this.#conversations;
    const drafts = this.#drafts?.rooms ?? new Set();
    const others = [...this.#rooms.keys()].filter(
      (roomId) => roomId === this.#current || known?.find(roomId)?.archived !== true,
    );
    const listed = new Set([...(known?.list ?? []).map(({ roomId }) => roomId), ...others]);
    return [...listed].map((roomId) => {
      const conversation = known?.find(roomId);
      const { draft, hasDraft } = conversation ?? {};
      return {
        roomId,
        title: this.#titleOf(roomId),
        room: this.#rooms.get(roomId),
        conversation,
        hasDraft: drafts.has(roomId) || draft !== undefined || hasDraft === true,
      };
    });
  }

  #render(): void {
    if (this.#current === undefined) return;
    const rooms = this.#joined;
    const you = rooms.map(({ state }) => state.you).find((one) => one !== undefined);
    const { state } = this.#rooms.get(this.#current ?? '') ?? {};
    // The user never joined a room: the sign-in form shows the reason.
    if (state?.status.name === 'ended' && you === undefined && this.#rooms.size === 1) {
      const sentence = sentenceOfEnd(state.status);
      const isAboutToken = /^(unauthorized|token_expired)$/.test(state.status.problem.code);
      this.#end({ sentence, isAboutToken });
      return;
    }
    if (!this.#isListShown) return;
    this.#joinOthers();
    const listed = this.#listed();
    const hasMore = this.#conversations?.hasMore === true;
    const { unread, mentions } = this.#sidebar.render(listed, this.#current, hasMore);
    this.#conversations?.watch(
      listed.filter(({ room }) => room === undefined).map(({ roomId }) => roomId),
    );
    const at = mentions === 0 ? '' : '@ ';
    const count = unread === 0 ? '' : `(${at}${unread >= 100 ? '99+' : unread}) `;
    const title = `${count}${this.#titleOf(this.#current ?? '')} · Parlor`;
    if (document.title !== title) document.title = title;
    showUnread(unread, mentions);
  }
}

/** Where a user's drafts are kept. A guest is a different user in every window: their drafts stay there. */
function draftsOf(userId: string): Drafts {
  return new Drafts(isReserved(userId) ? windowStorage : permanentStorage, userId);
}

/** Whether this window keeps messages for a room that may not have been stored there. */
function hasUnsent(roomId: string): boolean {
  return windowStorage.getItem(`rooms.${roomId}`) !== null;
}

/** Safari has no `requestIdleCallback`. */
function whenIdle(work: () => void): void {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(work, { timeout: IDLE_MS });
  else setTimeout(work, IDLE_MS / 10);
}

function visitedBy(userId: string): string[] {
  try {
    const rooms: unknown = JSON.parse(permanentStorage.getItem(`visited.${userId}`) ?? '[]');
    return Array.isArray(rooms) ? rooms.filter((room) => typeof room === 'string') : [];
  } catch {
    return [];
  }
}
