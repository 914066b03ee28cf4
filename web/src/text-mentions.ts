import type { Message, RoomState } from '../../src/client/index.ts';
import { type ChosenPerson, mentionsIn, moveChosen, NameIndex, type Person } from './mentions.ts';
import type { Mentioned, Names } from './names.ts';

const MAX_MENTIONS = 50;

/** Who is here, and who this user is. */
interface Audience {
  readonly state: Pick<RoomState, 'online' | 'you'>;
}

/** Whom the text of a field mentions: people who were chosen from the list, and those it names. */
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

  /** Another text, in which these people were chosen. */
  set(text: string, chosen: readonly ChosenPerson[]): void {
    this.#text = text;
    this.#chosen = chosen;
  }

  /** The text has changed to this one. */
  follow(text: string): void {
    this.#chosen = moveChosen(this.#chosen, this.#text, text);
    this.#text = text;
  }

  /** A person was chosen for the `@` at this index. */
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

  /** Words of the text after an `@` that say it of no one person. */
  get unclear(): Mentioned['unclear'] {
    return this.#resolve(this.#text, 0).unclear;
  }

  /** People whom a message names where it mentions them: as if they had been chosen. */
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

  /** Ids that an edit of a message mentions: those of the new text, and those no text has named. */
  idsAfterEdit(original: Message, text: string): string[] {
    const named = new Set(this.namedBy(original).map(({ userId }) => userId));
    const unnamed = (original.mentions ?? []).filter((userId) => !named.has(userId));
    const ids = this.idsIn(text, this.#text.indexOf(text));
    return [...new Set([...unnamed, ...ids])].slice(0, MAX_MENTIONS);
  }

  #resolve(part: string, start: number): Mentioned {
    const { online, you } = this.#room.state;
    const here = new Set(online.map(({ userId }) => userId));
    // Of two people of one name, this user means the other.
    here.delete(you?.userId ?? '');
    const chosen = this.#chosen.map((one) => ({ ...one, at: one.at - start }));
    return this.#names.mentionedIn(part, chosen, (userId) => here.has(userId));
  }
}
