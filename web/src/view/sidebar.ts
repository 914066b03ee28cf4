import type { Room, You } from '../../../src/client/index.ts';
import { askRoom } from './ask-room.ts';
import { byId, element } from './dom.ts';
import { avatar, nameParts } from './person.ts';

/** As in the style sheet: from here on the rooms stand beside the talk. */
const isWide = matchMedia('(min-width: 48rem)');

/** Rooms one is in, with what is unread; and who one is. */
export class Sidebar {
  readonly #nav = byId('rooms', HTMLElement);
  readonly #list = byId('room-list', HTMLUListElement);
  readonly #me = byId('me', HTMLDivElement);
  readonly #opener = byId('rooms-button', HTMLButtonElement);
  readonly #dot = byId('rooms-dot', HTMLSpanElement);
  #drawn = '';
  #known: readonly string[] = [];

  /** @param open shows a room, and joins it first where need be */
  constructor(open: (roomId: string) => void, signOut: () => void, life: AbortSignal) {
    const options = { signal: life };
    this.#drawn = '';
    this.#show(false);
    this.#opener.addEventListener('click', () => this.#show(!this.#isShown), options);
    byId('rooms-close', HTMLButtonElement).addEventListener('click', () => this.#leave(), options);
    const joinOther = byId('join-other', HTMLButtonElement);
    joinOther.addEventListener('click', () => askRoom(this.#known, open), options);
    byId('sign-out', HTMLButtonElement).addEventListener('click', signOut, options);
    // Also the room that is shown already.
    this.#list.addEventListener('click', () => this.#show(false), options);
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

  /** @param drafts rooms where something is written and not sent */
  render(rooms: readonly Room[], current: string | undefined, drafts: ReadonlySet<string>): void {
    this.#known = rooms.map(({ roomId }) => roomId);
    const shown = rooms
      .map(({ roomId, state }) => {
        const { unread, unreadMentions, status } = state;
        const hasDraft = drafts.has(roomId);
        return { roomId, unread, unreadMentions, hasDraft, hasEnded: status.name === 'ended' };
      })
      .toSorted((a, b) => a.roomId.localeCompare(b.roomId));
    const you = rooms.map(({ state }) => state.you).find((one) => one !== undefined);
    this.#dot.hidden = !shown.some(({ roomId, unread }) => roomId !== current && unread > 0);
    const drawn = JSON.stringify([shown, current, you]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const hadFocus = (document.activeElement as HTMLElement | null)?.dataset['room'];
    this.#list.replaceChildren(...shown.map((room) => item(room, room.roomId === current)));
    if (hadFocus !== undefined) {
      this.#list.querySelector<HTMLElement>(`[data-room="${CSS.escape(hadFocus)}"]`)?.focus();
    }
    if (you !== undefined) this.#renderMe(you);
  }

  /** A room was chosen: where it stands before the talk, it makes place. */
  close(): void {
    this.#show(false);
  }

  get #isShown(): boolean {
    return this.#nav.classList.contains('is-open');
  }

  #renderMe({ userId, username, unverified }: You): void {
    const name = element('span', 'about', ...nameParts(userId, username, unverified === true));
    this.#me.replaceChildren(avatar(userId, username), name);
  }

  #leave(): void {
    this.#show(false);
    this.#opener.focus();
  }

  /** Matters only where there is no place beside the talk. */
  #show(isShown: boolean): void {
    this.#nav.classList.toggle('is-open', isShown);
    byId('shade', HTMLDivElement).hidden = !isShown;
    this.#opener.ariaExpanded = String(isShown);
    if (isShown) byId('rooms-close', HTMLButtonElement).focus();
  }
}

interface Shown {
  roomId: string;
  unread: number;
  unreadMentions: number;
  hasDraft: boolean;
  hasEnded: boolean;
}

function item({ roomId, unread, unreadMentions, hasDraft, hasEnded }: Shown, isCurrent: boolean) {
  const link = element('a', 'room', element('bdi', 'room-label', roomId));
  link.href = `#${encodeURIComponent(roomId)}`;
  link.dataset['room'] = roomId;
  if (isCurrent) link.ariaCurrent = 'page';
  if (hasDraft && !isCurrent) link.append(element('span', 'has-draft', 'Draft'));
  if (hasEnded) {
    link.append(badge('!', 'closed to you', 'is-ended'));
  } else if (unread > 0 && !isCurrent) {
    link.classList.add('is-unread');
    const count = unread >= 100 ? '99+' : String(unread);
    const isMention = unreadMentions > 0;
    const what = isMention ? 'unread, and you are mentioned' : 'unread';
    link.append(
      badge(isMention ? `@ ${count}` : count, `${count} ${what}`, isMention ? 'is-mention' : ''),
    );
  }
  return element('li', '', link);
}

function badge(shown: string, said: string, className: string): HTMLElement {
  const visible = element('span', `badge ${className}`.trim(), shown);
  visible.setAttribute('aria-hidden', 'true');
  return element('span', '', visible, element('span', 'aside', ` (${said})`));
}
