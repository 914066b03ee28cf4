import type { Span } from './links.ts';
import { type ChosenPerson, mentionsIn, NameIndex, unknownNamesIn } from './mentions.ts';
import { once } from './once.ts';
import { locale, text } from './texts.ts';

/** The last known name of each user. */
export class Names {
  readonly #names = new Map<string, string>();
  #index: NameIndex | undefined;

  learn(userId: string, name: string): void {
    if (this.#names.get(userId) === name) return;
    this.#names.set(userId, name);
    this.#index = undefined;
  }

  of(userId: string): string | undefined {
    return this.#names.get(userId);
  }

  get all(): Iterable<readonly [userId: string, name: string]> {
    return this.#names;
  }

  /** All users by name; the same index until a name is learned. */
  get index(): NameIndex {
    this.#index ??= new NameIndex([...this.#names].map(([userId, name]) => ({ userId, name })));
    return this.#index;
  }

  /**
   * The users that a text mentions, and the words after an `@` that do not mention exactly one user.
   * @param isHere decides between users of the same name, if exactly one of them is online
   */
  mentionedIn(
    said: string,
    chosen: readonly ChosenPerson[] = [],
    isHere: (userId: string) => boolean = () => false,
  ): Mentioned {
    const mentions = mentionsIn(said, this.index, chosen);
    const userIds = new Set<string>();
    const unclear: Mentioned['unclear'] = unknownNamesIn(said, mentions);
    for (const { from, to, people } of mentions) {
      const here = people.length > 1 ? people.filter(({ userId }) => isHere(userId)) : people;
      const [person, ...others] = here;
      if (person !== undefined && others.length === 0) userIds.add(person.userId);
      else unclear.push({ from, to, isShared: true });
    }
    return { userIds: [...userIds], unclear };
  }
}

export interface Mentioned {
  userIds: string[];
  /** `isShared`: several people have this name. */
  unclear: (Span & { isShared?: true })[];
}

/** The page's English has no comma before `and`. */
const list = once(() => new Intl.ListFormat(locale.startsWith('en') ? 'en-GB' : locale));

/** Joins names to a text: `Ann, Ben and 3 others`. @param others how many more are not named */
export function joinNames(names: readonly string[], others = 0, most = 3): string {
  const shown = names.slice(0, most);
  const rest = names.length - shown.length + others;
  if (rest > 0) shown.push(text('others', { count: rest }));
  return list().format(shown);
}
