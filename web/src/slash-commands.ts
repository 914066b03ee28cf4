import type { Room } from '../../src/client/index.ts';
import type { Names } from './names.ts';
import { isModerator } from './rights.ts';
import { text } from './texts.ts';

/** Something one can do by typing `/name` and what it needs. */
export interface SlashCommand {
  name: string;
  about: string;
  /** Does it; rejects with what to say. @param rest what stands after the name */
  run: (rest: string) => Promise<unknown> | void;
}

export interface SlashActions {
  leave: () => void;
  invite: () => void;
  goToDate: () => void;
  search: (words: string) => void;
}

/** How long `/mute` lasts, in seconds. */
const MUTE_SECONDS = 600;

/** What this user may do now. */
export function slashCommands(room: Room, names: Names, actions: SlashActions): SlashCommand[] {
  const { invite, leave, goToDate, search } = actions;
  const about = (name: string, sentence: string, run: SlashCommand['run']): SlashCommand => ({
    name,
    about: sentence,
    run,
  });
  const person = (rest: string) => personCalled(names, rest);
  const forAll = [
    about('date', text('slashDate'), goToDate),
    about('leave', text('slashLeave'), leave),
    about('search', text('slashSearch'), search),
  ];
  const forModerators = [
    about('topic', text('slashTopic'), (topic) => room.ask('updateRoom', { topic })),
    about('invite', text('slashInvite'), invite),
    about('mute', text('slashMute'), (rest) =>
      room.ask('muteMember', { userId: person(rest), seconds: MUTE_SECONDS }),
    ),
    about('remove', text('slashRemove'), (rest) =>
      room.ask('kickMember', { userId: person(rest) }),
    ),
    about('ban', text('slashBan'), (rest) => room.ask('banMember', { userId: person(rest) })),
  ];
  return isModerator(room.state) ? [...forModerators, ...forAll] : forAll;
}

/** The command that a text is, and what stands after its name; undefined where it is a message. */
export function commandIn(
  said: string,
  commands: readonly SlashCommand[],
): { command: SlashCommand; rest: string } | undefined {
  const [, name, rest = ''] = /^\/([a-z]+)(?:\s+(.*))?$/su.exec(said.trim()) ?? [];
  const command = commands.find((one) => one.name === name);
  return command && { command, rest };
}

/** @throws Error with one sentence where the name is no one person's */
function personCalled(names: Names, rest: string): string {
  const name = rest.trim().replace(/^@/u, '');
  const [person, ...others] = names.index.called(name);
  if (person === undefined || others.length > 0) throw new Error(text('nobodyCalled', { name }));
  return person.userId;
}
