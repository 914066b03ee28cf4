import type { Room, You } from '../../../src/client/index.ts';
import type { Conversation } from '../../../src/client/inbox.ts';
import { cover, uncover } from '../covers.ts';
import { foldName } from '../../../src/protocol/fold.ts';
import { shortWhenOf } from '../times.ts';
import { button, byId, element, icon, withOwnDirection } from './dom.ts';
import { beginningOf } from './text.ts';
import { avatar, nameParts } from './person.ts';
import { type Choice, openMenu } from './popover.ts';
import { type Row, RowList } from './row-list.ts';
import { text } from '../texts.ts';

/** As in the style sheet: from this width on the rooms are beside the messages. */
const isWide = matchMedia('(min-width: 48rem)');

/** The shortest time between changes of the current room's newest line, in milliseconds. */
const LINE_MS = 1_000;
/** With more rooms than this there is a field to find one. */
const MAX_UNFILTERED = 12;

/** A room of the list. */
export interface SidebarRoom {
  roomId: string;
  title: string;
  /** Undefined if it is not joined. */
  room: Room | undefined;
  /** Undefined if it is not in the user's inbox. */
  conversation: Conversation | undefined;
  /** Whether it has a draft. */
  hasDraft: boolean;
}

export interface SidebarActions {
  /** Shows a room, after joining it if necessary. */
  open: (roomId: string) => void;
  signOut: () => void;
  /** What can be done with a room of the list. */
  choices: (roomId: string) => Choice[];
  loadMore: () => void;
  /** Asks for a room to join. */
  askRoom: () => void;
  /** Draws again. */
  changed: () => void;
}

/** The list of the user's rooms, with what is unread, and the user's own name. */
export class Sidebar {
  readonly #nav = byId('rooms', HTMLElement);
  readonly #list = byId('room-list', HTMLUListElement);
  readonly #rows = new RowList(this.#list);
  readonly #me = byId('me', HTMLDivElement);
  readonly #opener = byId('rooms-button', HTMLButtonElement);
  readonly #dot = byId('rooms-dot', HTMLSpanElement);
  readonly #filter = byId('room-filter', HTMLInputElement);
  readonly #more: HTMLButtonElement;
  #line: (Shown & { at: number }) | undefined;
  #drawn = '';
  #current: string | undefined;

  constructor(actions: SidebarActions, life: AbortSignal) {
    const { open, signOut, changed, askRoom, choices, loadMore } = actions;
    const options = { signal: life };
    this.#more = button(text('moreRooms'), loadMore, 'button is-quiet');
    this.#drawn = '';
    this.#show(false);
    this.#opener.addEventListener('click', () => this.#show(!this.#isShown), options);
    byId('rooms-close', HTMLButtonElement).addEventListener('click', () => this.#leave(), options);
    const joinOther = byId('join-other', HTMLButtonElement);
    joinOther.addEventListener('click', askRoom, options);
    byId('sign-out', HTMLButtonElement).addEventListener('click', signOut, options);
    this.#filter.value = '';
    this.#filter.addEventListener('input', changed, options);
    this.#list.addEventListener('click', (event) => this.#openClicked(event, open), options);
    this.#list.addEventListener('contextmenu', (event) => this.#menu(event, choices), options);
    byId('shade', HTMLDivElement).addEventListener('click', () => this.#show(false), options);
    this.#nav.addEventListener(
      'keydown',
      ({ key }) => {
        if (key === 'Escape' && this.#isShown) this.#leave();
      },
      options,
    );
    isWide.addEventListener('change', () => this.#show(false), options);
  }

  /** @param hasMore whether more conversations can be loaded @returns unread counts of unmuted rooms */
  render(
    rooms: readonly SidebarRoom[],
    current: string | undefined,
    hasMore: boolean,
  ): { unread: number; mentions: number } {
    this.#filter.hidden = rooms.length <= MAX_UNFILTERED;
    const wanted = this.#filter.hidden ? '' : foldName(this.#filter.value.trim());
    const all = rooms.map((one) => this.#withSteadyLine(shownOf(one), one.roomId === current));
    const shown = all.filter((one) => fits(one, wanted)).toSorted(byUrgency);
    const you = rooms.map(({ room }) => room?.state.you).find((one) => one !== undefined);
    const counted = all.filter(({ isMuted }) => !isMuted);
    this.#dot.hidden = !counted.some(({ roomId, unread }) => roomId !== current && unread > 0);
    this.#draw(shown, current, you, hasMore);
    return {
      unread: counted.reduce((sum, one) => sum + one.unread, 0),
      mentions: counted.reduce((sum, one) => sum + one.unreadMentions, 0),
    };
  }

  #draw(
    shown: readonly Shown[],
    current: string | undefined,
    you: You | undefined,
    hasMore: boolean,
  ): void {
    const drawn = JSON.stringify([shown, current, you, hasMore]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const hadFocus = (document.activeElement as HTMLElement | null)?.dataset['room'];
    const rows = shown.map((room) => rowOf(room, room.roomId === current));
    const more = { key: 'more', state: '', draw: () => element('li', '', this.#more) };
    // Only changed rows are drawn: if a row is replaced while it is being clicked, the click is lost.
    this.#rows.draw(hasMore ? [...rows, more] : rows);
    if (hadFocus !== undefined) {
      this.#list.querySelector<HTMLElement>(`[data-room="${CSS.escape(hadFocus)}"]`)?.focus();
    }
    if (current !== this.#current) {
      this.#current = current;
      this.#list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
    }
    if (you !== undefined) this.#renderMe(you);
  }

  /** The room below this one in the list, or above. */
  neighbour(roomId: string | undefined, by: 1 | -1): string | undefined {
    const links = [...this.#list.querySelectorAll<HTMLElement>('[data-room]')];
    const at = links.findIndex((link) => link.dataset['room'] === roomId);
    return links.at((at + by) % links.length)?.dataset['room'];
  }

  /** Closes the list where it covers the messages. */
  close(): void {
    this.#show(false);
  }

  /** Keeps the current room's newest line for `LINE_MS`: in a busy room it would change all the time. */
  #withSteadyLine(shown: Shown, isCurrent: boolean): Shown {
    const now = Date.now();
    const known = this.#line;
    const isOf = isCurrent && known?.roomId === shown.roomId && now - known.at < LINE_MS;
    if (isOf) return { ...shown, last: known.last, lastAt: known.lastAt };
    if (isCurrent && shown.last !== '') this.#line = { ...shown, at: now };
    return shown;
  }

  get #isShown(): boolean {
    return this.#nav.classList.contains('is-open');
  }

  #renderMe(you: You): void {
    const { userId, username } = you;
    const name = element('span', 'about', ...nameParts(userId, username, you));
    this.#me.replaceChildren(avatar(userId, username), name);
  }

  #leave(): void {
    this.#show(false);
    this.#opener.focus();
  }

  /** Opens the room of a link that was clicked, unless the browser opens it in another window. */
  #openClicked(event: MouseEvent, open: (roomId: string) => void): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const roomId = link?.dataset['room'];
    if (roomId === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(roomId);
    // Also if this room is shown already.
    this.#show(false);
  }

  /** Opens a room's menu: on a right click, a long press, or the menu key. */
  #menu(event: MouseEvent, choices: (roomId: string) => Choice[]): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const offered = choices(link?.dataset['room'] ?? '');
    if (link === null || offered.length === 0) return;
    event.preventDefault();
    const open = () => openMenu(link, text('roomMenu'), offered);
    // Browsers close a menu that opened while the mouse button was down when it is released.
    if ((event.buttons & 2) === 0) open();
    else addEventListener('mouseup', open, { once: true });
  }

  readonly #close = () => this.#leave();

  /** Opens or closes the list; on wide screens it is always in sight. */
  #show(isShown: boolean): void {
    this.#nav.classList.toggle('is-open', isShown);
    byId('shade', HTMLDivElement).hidden = !isShown;
    this.#opener.ariaExpanded = String(isShown);
    if (isShown) cover(this.#close);
    else uncover(this.#close);
    if (isShown) byId('rooms-close', HTMLButtonElement).focus();
  }
}

interface Shown {
  roomId: string;
  title: string;
  /** The other user of a direct room. */
  withId: string | undefined;
  isOnline: boolean;
  isPinned: boolean;
  isMuted: boolean;
  isPrivate: boolean;
  unread: number;
  unreadMentions: number;
  hasDraft: boolean;
  hasEnded: boolean;
  /** The newest message in one line, and when it was sent; empty where that is not known. */
  last: string;
  lastAt: number;
}

/** What the list shows of a room: its own state if it is joined, else that of the inbox. */
function shownOf({ roomId, title, room, conversation, hasDraft }: SidebarRoom): Shown {
  const { status, you, online = [], room: info } = room?.state ?? {};
  const isJoined = status?.name === 'open' && you !== undefined;
  const { unread = 0, unreadMentions = 0 } = (isJoined ? room?.state : conversation) ?? {};
  const { userId } = conversation?.with ?? {};
  const isMarked = conversation?.unreadFrom !== undefined;
  return {
    roomId,
    title,
    withId: userId,
    isOnline: online.some((one) => one.userId === userId),
    isPinned: conversation?.pinned === true,
    isMuted: conversation?.notify === 'none',
    isPrivate: info?.private === true,
    unread: Math.max(unread, isMarked ? 1 : 0),
    unreadMentions,
    hasDraft,
    hasEnded: status?.name === 'ended',
    ...lastOf(room, conversation),
  };
}

/** The newest message in one line, from the room or the inbox, whichever is newer. */
function lastOf(
  room: Room | undefined,
  conversation: Conversation | undefined,
): Pick<Shown, 'last' | 'lastAt'> {
  const newest = room?.state.messages.findLast(({ deletedAt }) => deletedAt === undefined);
  const { last } = conversation ?? {};
  const isInboxNewer = last !== undefined && last.timestamp > (newest?.timestamp ?? 0);
  if (isInboxNewer) return { last: `${last.sender}: ${last.excerpt}`, lastAt: last.timestamp };
  if (newest === undefined) return { last: '', lastAt: 0 };
  return {
    last: `${newest.sender}: ${beginningOf(newest.message, 60)}`,
    lastAt: newest.timestamp,
  };
}

function fits({ title, last }: Shown, wanted: string): boolean {
  return foldName(title).includes(wanted) || foldName(last).includes(wanted);
}

/** Orders rooms: pinned first, then with mentions, then unread, then by activity, then by name. */
function byUrgency(a: Shown, b: Shown): number {
  return (
    Number(b.isPinned) - Number(a.isPinned) ||
    Math.sign(b.unreadMentions) - Math.sign(a.unreadMentions) ||
    Math.sign(b.unread) - Math.sign(a.unread) ||
    b.lastAt - a.lastAt ||
    a.title.localeCompare(b.title)
  );
}

function rowOf(shown: Shown, isCurrent: boolean): Row {
  return {
    key: `room ${shown.roomId}`,
    state: JSON.stringify([shown, isCurrent, shortWhenOf(shown.lastAt, Date.now())]),
    draw: () => item(shown, isCurrent),
  };
}

function item(shown: Shown, isCurrent: boolean): HTMLLIElement {
  const { roomId, title, unread, last, lastAt, isMuted } = shown;
  const mark = element('span', 'room-mark', markOf(shown));
  mark.setAttribute('aria-hidden', 'true');
  const side = element('span', 'room-side', ...sideParts(shown, isCurrent));
  const link = element(
    'a',
    'room',
    mark,
    withOwnDirection(element('span', 'room-label', title)),
    side,
  );
  link.href = `#${encodeURIComponent(roomId)}`;
  link.dataset['room'] = roomId;
  if (isCurrent) link.ariaCurrent = 'page';
  link.classList.toggle('is-unread', unread > 0 && !isCurrent && !isMuted);
  if (last !== '') {
    const line = withOwnDirection(element('span', 'room-last', last));
    // Screen readers read the names of rooms only; messages are read in the room.
    line.setAttribute('aria-hidden', 'true');
    const time = element('span', 'room-time', shortWhenOf(lastAt, Date.now()));
    time.setAttribute('aria-hidden', 'true');
    side.prepend(time);
    link.append(line);
  }
  return element('li', '', link);
}

function markOf({ title, withId, isOnline, isPrivate }: Shown): Node | string {
  if (withId === undefined) return isPrivate ? icon('lock') : '#';
  const face = avatar(withId, title);
  face.classList.toggle('is-online', isOnline);
  return face;
}

function sideParts(
  { unread, unreadMentions, hasDraft, hasEnded, isPinned, isMuted, isOnline }: Shown,
  isCurrent: boolean,
): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (isOnline) parts.push(element('span', 'aside', ` (${text('here')})`));
  if (isPinned) parts.push(sign('pin', text('pinned')));
  if (isMuted) parts.push(sign('mute', text('mutedTag')));
  if (hasDraft && !isCurrent) parts.push(element('span', 'has-draft', text('draft')));
  if (hasEnded) parts.push(badge('!', text('closedToYou'), 'is-ended'));
  else if (unread > 0 && !isCurrent) {
    const count = unread >= 100 ? '99+' : String(unread);
    const isMention = unreadMentions > 0;
    const said = text(isMention ? 'unreadMentioned' : 'unread', { count });
    parts.push(badge(isMention ? `@ ${count}` : count, said, isMention ? 'is-mention' : ''));
  }
  return parts;
}

/** An icon with its meaning for screen readers. */
function sign(name: string, said: string): HTMLElement {
  return element('span', '', icon(name), element('span', 'aside', ` (${said})`));
}

function badge(shown: string, said: string, className: string): HTMLElement {
  const visible = element('span', `badge ${className}`.trim(), shown);
  visible.setAttribute('aria-hidden', 'true');
  return element('span', '', visible, element('span', 'aside', ` (${said})`));
}
