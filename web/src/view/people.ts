import type { Member, Present, Room } from '../../../src/client/index.ts';
import type { Person } from '../mentions.ts';
import type { Names } from '../names.ts';
import { isModerator, mayActOn, RANKS, roleName, rolesFor, type Role } from '../rights.ts';
import { button, element, icon, iconButton, newId, setText } from './dom.ts';
import { field, openDialog, select } from './dialog.ts';
import type { PanelContent } from './panel.ts';
import { avatar, nameParts, tag } from './person.ts';
import { type Choice, openMenu } from './popover.ts';
import { whenOf } from '../times.ts';
import { exactDurationOf } from '../sentences.ts';
import { text } from '../texts.ts';

const PAGE = 100;
/** How many pages of members are loaded. */
const MAX_PAGES = 5;
/** The shortest time between two requests for the list, in milliseconds. */
const AGAIN_MS = 2_000;
/** With more people than this there is a field to find one. */
const MAX_UNFILTERED = 20;

/** How often the list is checked for mutes that have ended, in milliseconds. */
const MINUTE_MS = 60_000;

const byName = new Intl.Collator();

type ListedUser = Present & Partial<Member>;

const HINTS = {
  owner: 'ownerHint',
  moderator: 'moderatorHint',
  member: 'memberHint',
  viewer: 'viewerHint',
  none: 'memberHint',
} as const satisfies Record<Role, string>;

/** How long a user can be muted or removed, in seconds. */
const MUTES = [600, 3_600, 86_400, 604_800] as const;
const KICKS = [60, 600, 3_600, 86_400] as const;

export interface PeopleActions {
  /** Mentions a person in the composer. */
  mention: (person: Person) => void;
  /** Asks whom to invite. @param invited called with the new member */
  invite: (invited: (member: Member) => void) => void;
  /** Choices about a person that do not concern the room. */
  personal: (person: Person) => Choice[];
}

/** A panel with the users who are online, the other members, and what can be done about them. */
export class PeoplePanel implements PanelContent {
  readonly name = 'People';
  readonly title = text('peopleTitle');
  readonly element = element('div', 'people');
  readonly #room: Room;
  readonly #names: Names;
  readonly #actions: PeopleActions;
  readonly #here = section('people-list');
  readonly #away = section('away-list');
  readonly #more = element('p', 'hint');
  readonly #wanted = element('input', '');
  readonly #filter = field(text('findSomebody'), this.#wanted);
  readonly #members = new Map<string, Member>();
  readonly #invite: HTMLButtonElement;
  readonly #off: (() => void)[];
  /** Whether the list is being loaded, or was loaded less than `AGAIN_MS` ago. */
  #isLoading = false;
  #later: ReturnType<typeof setTimeout> | undefined;
  #isDueAgain = false;
  #drawn = '';
  #drawnFrom: readonly unknown[] = [];
  /** Counts what was learned about members, so that `render` sees changes. */
  #learned = 0;

  constructor(room: Room, names: Names, actions: PeopleActions) {
    this.#room = room;
    this.#names = names;
    this.#actions = actions;
    this.#invite = button(
      text('invite'),
      () => actions.invite((one) => this.#memberChanged(one)),
      'button is-quiet',
    );
    this.#invite.prepend(icon('add'));
    this.#wanted.type = 'search';
    this.#wanted.addEventListener('input', () => this.render());
    this.element.append(this.#filter, this.#here.part, this.#more, this.#away.part, this.#invite);
    const again = () => void this.#load();
    this.#off = [
      room.on('memberUpdated', (member) => this.#memberChanged(member)),
      room.on('userJoined', again),
      room.on('userLeft', again),
      room.on('status', ({ name }) => {
        if (name === 'open') again();
      }),
    ];
    again();
  }

  stop(): void {
    clearTimeout(this.#later);
    for (const end of this.#off) end();
  }

  render(): void {
    const { online, onlineCount, you, status } = this.#room.state;
    // In a busy room this is called every frame, and rarely for a change that is shown here.
    const minute = Math.floor(Date.now() / MINUTE_MS);
    const from = [online, onlineCount, you, status.name, this.#learned, this.#wanted.value, minute];
    if (from.every((one, at) => one === this.#drawnFrom[at])) return;
    this.#drawnFrom = from;
    // A room that has ended the connection sends no more changes of the list.
    const isGone = status.name === 'ended';
    const ids = new Set(online.map(({ userId }) => userId));
    const away = [...this.#members.values()].filter(
      ({ userId, role, banned, mutedUntil = 0 }) =>
        !ids.has(userId) && (role !== 'none' || banned === true || mutedUntil > Date.now()),
    );
    this.#invite.hidden = !isModerator(this.#room.state);
    setText(this.#here.title, text('hereNow', { count: onlineCount }));
    setText(this.#away.title, text('notHere', { count: away.length }));
    this.#here.part.hidden = isGone;
    this.#away.part.hidden = away.length === 0 || isGone;
    const rest = onlineCount - online.length;
    setText(
      this.#more,
      isGone ? text('notInRoom') : rest > 0 ? text('andMore', { count: rest }) : '',
    );
    const here = online.map((user) => ({ ...user, ...this.#members.get(user.userId), ...user }));
    this.#filter.hidden = isGone || here.length + away.length <= MAX_UNFILTERED;
    const all = this.#shown(here);
    const others = this.#shown(away);
    const drawn = JSON.stringify([all, others, you, status.name]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    keepFocus(this.element, () => {
      this.#here.list.replaceChildren(...all.map((user) => this.#item(user)));
      this.#away.list.replaceChildren(...others.map((user) => this.#item(user)));
    });
  }

  /** The people who match the filter, by rank, then by name. */
  #shown(people: readonly ListedUser[]): ListedUser[] {
    const wanted = this.#filter.hidden ? '' : this.#wanted.value.trim().toLocaleLowerCase();
    const { you } = this.#room.state;
    const rankOf = ({ userId, role = 'none' }: ListedUser) =>
      Math.max(RANKS.member, RANKS[userId === you?.userId ? you.role : role]);
    return people
      .filter(({ username }) => username.toLocaleLowerCase().includes(wanted))
      .toSorted((a, b) => rankOf(b) - rankOf(a) || byName.compare(a.username, b.username));
  }

  #item(user: ListedUser): HTMLLIElement {
    const { userId, username, role = 'none', mutedUntil = 0, banned } = user;
    const { you } = this.#room.state;
    const isYou = userId === you?.userId;
    const about = element('span', 'about');
    about.append(...nameParts(userId, username, user));
    if (isYou) about.append(tag(text('youTag')));
    const shown = isYou ? (you?.role ?? role) : role;
    if (shown !== 'none' && shown !== 'member') about.append(tag(roleName(shown)));
    if (mutedUntil > Date.now()) {
      about.append(
        tag(text('mutedTag'), text('mutedUntilTitle', { time: whenOf(mutedUntil, Date.now()) })),
      );
    }
    if (banned === true) about.append(tag(text('bannedTag')));
    const item = element('li', 'person', avatar(userId, username), about);
    const choices = this.#choices(user);
    if (choices.length > 0) {
      const label = text('actionsFor', { name: username });
      const more = iconButton(label, 'more', () => openMenu(more, label, this.#choices(user)));
      more.ariaHasPopup = 'menu';
      more.dataset['place'] = `person ${userId}`;
      item.append(more);
    }
    return item;
  }

  #choices(user: ListedUser): Choice[] {
    const { userId, username, mutedUntil = 0, banned } = user;
    const { state } = this.#room;
    const choices: Choice[] = [];
    if (userId === state.you?.userId) return choices;
    if (banned !== true) {
      const choose = () => this.#actions.mention({ userId, name: username });
      choices.push({ label: text('mention'), icon: 'mention', choose });
    }
    choices.push(...this.#actions.personal({ userId, name: username }));
    const member = { userId, role: user.role ?? ('none' as const) };
    if (!mayActOn(state, member)) return choices;
    if (banned === true) {
      choices.push({
        label: text('liftBan'),
        icon: 'undo',
        choose: () =>
          this.#ask(text('letInAgain', { name: username }), text('liftBan'), () =>
            this.#room.ask('unbanMember', { userId }),
          ),
      });
      return choices;
    }
    for (const role of rolesFor(state, member)) {
      choices.push({
        label: text('makeRole', { role: roleName(role) }),
        icon: 'role',
        choose: () => this.#askRole(username, userId, role),
      });
    }
    choices.push(
      mutedUntil > Date.now()
        ? {
            label: text('unmute'),
            icon: 'undo',
            choose: () =>
              this.#ask(text('letWriteAgain', { name: username }), text('unmute'), () =>
                this.#room.ask('unmuteMember', { userId }),
              ),
          }
        : { label: text('mute'), icon: 'mute', choose: () => this.#askMute(username, userId) },
      {
        label: text('remove'),
        icon: 'leave',
        isDanger: true,
        choose: () => this.#askKick(username, userId),
      },
      {
        label: text('ban'),
        icon: 'ban',
        isDanger: true,
        choose: () => this.#askBan(username, userId),
      },
    );
    return choices;
  }

  #askRole(username: string, userId: string, role: Role): void {
    this.#ask(
      text('makeThem', { name: username, role: roleName(role) }),
      text('makeRole', { role: roleName(role) }),
      () => this.#room.ask('setRole', { userId, role }),
      [element('p', '', text(HINTS[role]))],
    );
  }

  #askMute(username: string, userId: string): void {
    const seconds = select(times(MUTES), String(MUTES[0]));
    this.#ask(
      text('muteThem', { name: username }),
      text('mute'),
      () => this.#room.ask('muteMember', { userId, seconds: Number(seconds.value) }),
      [element('p', '', text('muteHint')), field(text('forTime'), seconds)],
    );
  }

  #askKick(username: string, userId: string): void {
    const seconds = select(times(KICKS), String(KICKS[0]));
    this.#ask(
      text('removeThem', { name: username }),
      text('remove'),
      () => this.#room.ask('kickMember', { userId, seconds: Number(seconds.value) }),
      [element('p', '', text('removeHint')), field(text('afterTime'), seconds)],
      true,
    );
  }

  #askBan(username: string, userId: string): void {
    this.#ask(
      text('banThem', { name: username }),
      text('ban'),
      () => this.#room.ask('banMember', { userId }),
      [element('p', '', text('banHint'))],
      true,
    );
  }

  #ask(
    title: string,
    confirm: string,
    act: () => Promise<{ member: Member }>,
    parts: Node[] = [],
    isDanger = false,
  ): void {
    const run = async () => {
      const { member } = await act();
      this.#memberChanged(member);
    };
    openDialog({ title, confirm, parts, run, isDanger });
  }

  #memberChanged(member: Member): void {
    this.#learn(member);
    this.render();
  }

  #learn(member: Member): void {
    this.#members.set(member.userId, member);
    this.#learned++;
    this.#names.learn(member.userId, member.username);
  }

  /** Loads the room's list, which is the only source of roles. */
  async #load(): Promise<void> {
    if (this.#isLoading) {
      this.#isDueAgain = true;
      return;
    }
    this.#isLoading = true;
    this.#isDueAgain = false;
    try {
      await this.#loadPages();
    } catch {
      // The names of users who are online are known without it; the next change loads it again.
    }
    this.render();
    this.#later = setTimeout(() => {
      this.#isLoading = false;
      if (this.#isDueAgain) void this.#load();
    }, AGAIN_MS);
  }

  async #loadPages(): Promise<void> {
    let after: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      const { members, hasMore } = await this.#room.ask('getMembers', {
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      for (const member of members) this.#learn(member);
      after = members.at(-1)?.userId;
      if (!hasMore) return;
    }
  }
}

function section(className: string) {
  const title = element('h3', 'section-title');
  title.id = newId();
  const list = element('ul', `person-list ${className}`);
  list.setAttribute('aria-labelledby', title.id);
  return { title, list, part: element('section', '', title, list) };
}

/** Draws again, and puts the focus back where it was. */
function keepFocus(within: HTMLElement, draw: () => void): void {
  const { activeElement } = document;
  const place = within.contains(activeElement)
    ? (activeElement as HTMLElement).dataset['place']
    : undefined;
  draw();
  if (place === undefined) return;
  within.querySelector<HTMLElement>(`[data-place="${CSS.escape(place)}"]`)?.focus();
}

function times(seconds: readonly number[]): [value: string, label: string][] {
  return seconds.map((each) => [String(each), exactDurationOf(each)]);
}
