import type { Message, RoomState } from '../../src/client/index.ts';
import { type ChosenPerson, mentionsIn, moveChosen, NameIndex, type Person } from './mentions.ts';
import type { Mentioned, Names } from './names.ts';

const MAX_MENTIONS = 50;

/** The part of a room that mentions depend on: who is online, and who this user is. */
interface Audience {
  readonly state: Pick<RoomState, 'online' | 'you'>;
}

/** The users that a field's text mentions: those chosen from the list, and those it names. */
export class TextMentions {
  readonly #room: Audience;
  readonly #names: Names;
  #chosen: readonly ChosenPerson[] = [];
  /** The text that `#chosen` belongs to. */
  #text = '';

  constructor(room: Audience, names: Names) {
    this.#room = room;
    this.#names = names;
  }

  get chosen(): readonly ChosenPerson[] {
    return this.#chosen;
  }

  /** Replaces the text, together with the people chosen in it. */
  set(text: string, chosen: readonly ChosenPerson[]): void {
    this.#text = text;
    this.#chosen = chosen;
  }

  /** Takes the text after a change; the people chosen move with it. */
  follow(text: string): void {
    this.#chosen = moveChosen(this.#chosen, this.#text, text);
    this.#text = text;
  }

  /** Remembers the person who was chosen for the `@` at this index. */
  choose(person: Person, at: number): void {
    this.#names.learn(person.userId, person.name);
    this.#chosen = [...this.#chosen.filter((one) => one.at !== at), { ...person, at }];
  }

  isChosen(at: number): boolean {
    return this.#chosen.some((one) => one.at === at);
  }

  /** Ids of other users whom a part of the text mentions. @param start where it begins in the text */
  idsIn(part: string, start: number): string[] {
    const { you } = this.#room.state;
    const { userIds } = this.#resolve(part, start);
    return userIds.filter((userId) => userId !== you?.userId).slice(0, MAX_MENTIONS);
  }

  /** Words after an `@` that do not mention exactly one user. */
  get unclear(): Mentioned['unclear'] {
    return this.#resolve(this.#text, 0).unclear;
  }

  /** The people whom a message mentions by name, as if they had been chosen from the list. */
  namedBy({ message, mentions = [] }: Message): ChosenPerson[] {
    const people = mentions.flatMap((userId) => {
      const name = this.#names.of(userId);
      return name === undefined ? [] : { userId, name };
    });
    return mentionsIn(message, new NameIndex(people)).flatMap(({ from, to, people: [person] }) => {
      const name = message.slice(from + 1, to);
      return person === undefined ? [] : { at: from, userId: person.userId, name };
    });
  }

  /** Ids that an edited message mentions: those in the new text, and those the old text did not name. */
  idsAfterEdit(original: Message, text: string): string[] {
    const named = new Set(this.namedBy(original).map(({ userId }) => userId));
    const unnamed = (original.mentions ?? []).filter((userId) => !named.has(userId));
    const ids = this.idsIn(text, this.#text.indexOf(text));
    return [...new Set([...unnamed, ...ids])].slice(0, MAX_MENTIONS);
  }

  #resolve(part: string, start: number): Mentioned {
    const { online, you } = this.#room.state;
    const here = new Set(online.map(({ userId }) => userId));
    // If another user has this user's name, a mention means the other one.
    here.delete(you?.userId ?? '');
    const chosen = this.#chosen.map((one) => ({ ...one, at: one.at - start }));
    return this.#names.mentionedIn(part, chosen, (userId) => here.has(userId));
  }
}
