import type { Room, You } from '../../../src/client/index.ts';
import { cover, uncover } from '../covers.ts';
import { foldName } from '../../../src/protocol/fold.ts';
import { shortWhenOf } from '../times.ts';
import { byId, element, icon } from './dom.ts';
import { beginningOf } from './text.ts';
import { avatar, nameParts } from './person.ts';
import { text } from '../texts.ts';

/** As in the style sheet: from here on the rooms stand beside the talk. */
const isWide = matchMedia('(min-width: 48rem)');

/** How long the newest line of the room that is shown stays at least, in milliseconds. */
const LINE_MS = 1_000;
/** Above so many rooms there is a field to find one. */
const MAX_UNFILTERED = 12;

export interface SidebarActions {
  /** Shows a room, and joins it first where need be. */
  open: (roomId: string) => void;
  signOut: () => void;
  /** Asks for a room to join. */
  askRoom: (known: readonly string[]) => void;
  /** Draws again. */
  changed: () => void;
}

/** Rooms one is in, with what is unread; and who one is. */
export class Sidebar {
  readonly #nav = byId('rooms', HTMLElement);
  readonly #list = byId('room-list', HTMLUListElement);
  readonly #me = byId('me', HTMLDivElement);
  readonly #opener = byId('rooms-button', HTMLButtonElement);
  readonly #dot = byId('rooms-dot', HTMLSpanElement);
  readonly #filter = byId('room-filter', HTMLInputElement);
  #line: (Shown & { at: number }) | undefined;
  #drawn = '';
  #known: readonly string[] = [];
  #current: string | undefined;

  constructor({ open, signOut, changed, askRoom }: SidebarActions, life: AbortSignal) {
    const options = { signal: life };
    this.#drawn = '';
    this.#show(false);
    this.#opener.addEventListener('click', () => this.#show(!this.#isShown), options);
    byId('rooms-close', HTMLButtonElement).addEventListener('click', () => this.#leave(), options);
    const joinOther = byId('join-other', HTMLButtonElement);
    joinOther.addEventListener('click', () => askRoom(this.#known), options);
    byId('sign-out', HTMLButtonElement).addEventListener('click', signOut, options);
    this.#filter.value = '';
    this.#filter.addEventListener('input', changed, options);
    this.#list.addEventListener('click', (event) => this.#chosen(event, open), options);
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

  /**
   * @param rooms by id; one that is not joined yet is undefined
   * @param drafts rooms where something is written and not sent
   */
  render(
    rooms: ReadonlyMap<string, Room | undefined>,
    current: string | undefined,
    drafts: ReadonlySet<string>,
  ): void {
    this.#known = [...rooms.keys()];
    this.#filter.hidden = rooms.size <= MAX_UNFILTERED;
    const wanted = this.#filter.hidden ? '' : foldName(this.#filter.value.trim());
    const all = [...rooms].map(([roomId, room]) =>
      this.#steady(shownOf(roomId, room, drafts.has(roomId)), roomId === current),
    );
    const shown = all.filter(({ roomId }) => foldName(roomId).includes(wanted)).toSorted(byUrgency);
    const you = [...rooms.values()].map((room) => room?.state.you).find((one) => one !== undefined);
    this.#dot.hidden = !all.some(({ roomId, unread }) => roomId !== current && unread > 0);
    const drawn = JSON.stringify([shown, current, you]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const hadFocus = (document.activeElement as HTMLElement | null)?.dataset['room'];
    this.#list.replaceChildren(...shown.map((room) => item(room, room.roomId === current)));
    if (hadFocus !== undefined) {
      this.#list.querySelector<HTMLElement>(`[data-room="${CSS.escape(hadFocus)}"]`)?.focus();
    }
    if (current !== this.#current) {
      this.#current = current;
      this.#list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
    }
    if (you !== undefined) this.#renderMe(you);
  }

  /** The room that stands below this one in the list, or above. */
  beside(roomId: string | undefined, by: 1 | -1): string | undefined {
    const links = [...this.#list.querySelectorAll<HTMLElement>('[data-room]')];
    const at = links.findIndex((link) => link.dataset['room'] === roomId);
    return links.at((at + by) % links.length)?.dataset['room'];
  }

  /** A room was chosen: where it stands before the talk, it makes place. */
  close(): void {
    this.#show(false);
  }

  /** In a busy room that is looked at anyway, its newest line is not drawn with every message. */
  #steady(shown: Shown, isCurrent: boolean): Shown {
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

  /** A link of the list was followed, in this window or in another. */
  #chosen(event: MouseEvent, open: (roomId: string) => void): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const roomId = link?.dataset['room'];
    if (roomId === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(roomId);
    // Also the room that is shown already.
    this.#show(false);
  }

  readonly #close = () => this.#leave();

  /** Matters only where there is no place beside the talk. */
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
  isPrivate: boolean;
  unread: number;
  unreadMentions: number;
  hasDraft: boolean;
  hasEnded: boolean;
  /** The newest message in one line, and when it was sent; empty where that is not known. */
  last: string;
  lastAt: number;
}

function shownOf(roomId: string, room: Room | undefined, hasDraft: boolean): Shown {
  const { unread = 0, unreadMentions = 0, status, messages = [], room: info } = room?.state ?? {};
  const newest = messages.findLast(({ deletedAt }) => deletedAt === undefined);
  return {
    roomId,
    isPrivate: info?.private === true,
    unread,
    unreadMentions,
    hasDraft,
    hasEnded: status?.name === 'ended',
    last: newest === undefined ? '' : `${newest.sender}: ${beginningOf(newest.message, 60)}`,
    lastAt: newest?.timestamp ?? 0,
  };
}

/** What wants to be read first, then by activity, then by name. */
function byUrgency(a: Shown, b: Shown): number {
  return (
    Math.sign(b.unreadMentions) - Math.sign(a.unreadMentions) ||
    Math.sign(b.unread) - Math.sign(a.unread) ||
    b.lastAt - a.lastAt ||
    a.roomId.localeCompare(b.roomId)
  );
}

function item(shown: Shown, isCurrent: boolean): HTMLLIElement {
  const { roomId, isPrivate, unread, last, lastAt } = shown;
  const mark = element('span', 'room-mark', isPrivate ? icon('lock') : '#');
  mark.setAttribute('aria-hidden', 'true');
  const side = element('span', 'room-side', ...sideParts(shown, isCurrent));
  const link = element(
    'a',
    'room',
    mark,
    element('span', 'room-label', element('bdi', '', roomId)),
    side,
  );
  link.href = `#${encodeURIComponent(roomId)}`;
  link.dataset['room'] = roomId;
  if (isCurrent) link.ariaCurrent = 'page';
  link.classList.toggle('is-unread', unread > 0 && !isCurrent);
  if (last !== '') {
    const line = element('span', 'room-last', element('bdi', '', last));
    // Whoever listens hears names of rooms, and reads a room for what was said there.
    line.setAttribute('aria-hidden', 'true');
    const time = element('span', 'room-time', shortWhenOf(lastAt, Date.now()));
    time.setAttribute('aria-hidden', 'true');
    side.prepend(time);
    link.append(line);
  }
  return element('li', '', link);
}

function sideParts(
  { unread, unreadMentions, hasDraft, hasEnded }: Shown,
  isCurrent: boolean,
): HTMLElement[] {
  const parts: HTMLElement[] = [];
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

function badge(shown: string, said: string, className: string): HTMLElement {
  const visible = element('span', `badge ${className}`.trim(), shown);
  visible.setAttribute('aria-hidden', 'true');
  return element('span', '', visible, element('span', 'aside', ` (${said})`));
}
