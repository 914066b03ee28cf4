import type { Room } from '../../src/client/index.ts';
import type { Names } from './names.ts';
import { isModerator } from './rights.ts';
import { text } from './texts.ts';

/** A command that is typed as `/name`, with an argument after it. */
export interface SlashCommand {
  name: string;
  about: string;
  /** Does it; throws or rejects with the error to show. @param rest the text after the name */
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

/** The commands that this user may give now. */
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

/** The command in a text, and the text after its name; undefined if the text is a message. */
export function commandIn(
  said: string,
  commands: readonly SlashCommand[],
): { command: SlashCommand; rest: string } | undefined {
  const [, name, rest = ''] = /^\/([a-z]+)(?:\s+(.*))?$/su.exec(said.trim()) ?? [];
  const command = commands.find((one) => one.name === name);
  return command && { command, rest };
}

/** The id of the one person with this name. @throws Error with a sentence if there are none or several */
function personCalled(names: Names, rest: string): string {
  const name = rest.trim().replace(/^@/u, '');
  const [person, ...others] = names.index.find(name);
  if (person === undefined || others.length > 0) throw new Error(text('nobodyCalled', { name }));
  return person.userId;
}
