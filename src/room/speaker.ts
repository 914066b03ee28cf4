import type { Context, Shown } from './context.ts';
import { nameOf } from './names.ts';

/** The speaker's name: the one fixed when joining, or for one who has not joined, what they claim. */
export function shown({ speaker }: Context, claim: unknown, field: string): Shown {
  const { identity, connection } = speaker;
  return { userId: identity.userId, ...(connection?.state.name ?? nameOf(identity, claim, field)) };
}

/** Puts the speaker on the room's list, or keeps the name there up to date. */
export function enlist({ members, room, speaker }: Context, { userId, ...name }: Shown): void {
  const known = members.find(userId);
  if (known === undefined) {
    const owns = speaker.identity.guest !== true && !room.ensure().owned;
    room.countMember(owns);
    members.add({ userId, ...name, role: owns ? 'owner' : 'member' });
  } else if (known.username !== name.username || known.unverified !== name.unverified) {
    members.rename(userId, name);
  }
}
