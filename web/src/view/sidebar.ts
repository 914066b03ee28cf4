import type { Room, You } from '../../../src/client/index.ts';
import { cover, uncover } from '../covers.ts';
import { askRoom } from './ask-room.ts';
import { byId, element } from './dom.ts';
import { avatar, nameParts } from './person.ts';
import { text } from '../texts.ts';

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
  #current: string | undefined;

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
    const shown = [...rooms]
      .map(([roomId, room]) => {
        const { unread = 0, unreadMentions = 0, status } = room?.state ?? {};
        const hasDraft = drafts.has(roomId);
        return { roomId, unread, unreadMentions, hasDraft, hasEnded: status?.name === 'ended' };
      })
      .toSorted((a, b) => a.roomId.localeCompare(b.roomId));
    const you = [...rooms.values()].map((room) => room?.state.you).find((one) => one !== undefined);
    this.#dot.hidden = !shown.some(({ roomId, unread }) => roomId !== current && unread > 0);
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
  if (hasDraft && !isCurrent) link.append(element('span', 'has-draft', text('draft')));
  if (hasEnded) {
    link.append(badge('!', text('closedToYou'), 'is-ended'));
  } else if (unread > 0 && !isCurrent) {
    link.classList.add('is-unread');
    const count = unread >= 100 ? '99+' : String(unread);
    const isMention = unreadMentions > 0;
    link.append(
      badge(
        isMention ? `@ ${count}` : count,
        text(isMention ? 'unreadMentioned' : 'unread', { count }),
        isMention ? 'is-mention' : '',
      ),
    );
  }
  return element('li', '', link);
}

function badge(shown: string, said: string, className: string): HTMLElement {
  const visible = element('span', `badge ${className}`.trim(), shown);
  visible.setAttribute('aria-hidden', 'true');
  return element('span', '', visible, element('span', 'aside', ` (${said})`));
}
