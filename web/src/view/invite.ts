import type { Member, Room } from '../../../src/client/index.ts';
import type { Person } from '../mentions.ts';
import { isOwner, roleName, rolesFor, type Role } from '../rights.ts';
import { text } from '../texts.ts';
import { field, openDialog, select } from './dialog.ts';
import { element, newId } from './dom.ts';

/**
 * Asks for a user to put on the room's list, so that a private room lets them in.
 * @param known people from other rooms, to choose from
 * @param invited called with the new member
 */
export function openInvite(
  room: Room,
  known: readonly Person[],
  invited: (member: Member) => void,
): void {
  const byLabel = new Map(known.map((person) => [labelOf(person, known), person]));
  const choices = element('datalist', '');
  choices.id = newId();
  choices.append(...[...byLabel.keys()].map((label) => new Option(label)));
  const who = element('input', '');
  who.autocomplete = 'off';
  who.setAttribute('list', choices.id);
  const roles = rolesFor(room.state, { userId: '', role: 'none' });
  const role = select(
    (['member', ...roles] as const).map((name) => [name, roleName(name)] as const),
    'member',
  );
  let member: Member | undefined;
  openDialog({
    title: text('invite'),
    confirm: text('inviteConfirm'),
    parts: [
      field(text('inviteWho'), who, text('inviteHint')),
      choices,
      field(text('inviteAs'), role),
    ],
    run: async () => {
      const typed = who.value.trim();
      if (typed === '') throw new Error(text('inviteNobody'));
      const userId = byLabel.get(typed)?.userId ?? typed;
      ({ member } = await room.ask('setRole', { userId, role: role.value as Role }));
    },
    after: () => {
      if (member !== undefined) invited(member);
    },
  });
  if (!isOwner(room.state)) role.ariaDescription = text('inviteRole');
}

/** The name, with the id if several people have the same name. */
function labelOf({ userId, name }: Person, known: readonly Person[]): string {
  const isShared = known.filter((one) => one.name === name).length > 1;
  return isShared ? `${name} (${userId})` : name;
}
