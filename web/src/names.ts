/** Names of people, as they were last heard of. */
export class Names {
  readonly #names = new Map<string, string>();

  learn(userId: string, name: string): void {
    this.#names.set(userId, name);
  }

  of(userId: string): string | undefined {
    return this.#names.get(userId);
  }

  get all(): Iterable<readonly [userId: string, name: string]> {
    return this.#names;
  }

  /** User ids of those whom a text names as `@name`; of two such names the longer one counts. */
  mentionedIn(text: string): string[] {
    let rest = text;
    const ids: string[] = [];
    const longestFirst = [...this.#names].toSorted(([, a], [, b]) => b.length - a.length);
    for (const [userId, name] of longestFirst) {
      const mention = new RegExp(mentionPattern(name), 'gu');
      if (!mention.test(rest)) continue;
      ids.push(userId);
      rest = rest.replaceAll(mention, '\0');
    }
    return ids;
  }
}

/** A pattern for `@name`, where no letter around it makes something else of it. */
export function mentionPattern(name: string): string {
  const escaped = name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return `(?<![\\p{L}\\p{N}])@${escaped}(?![\\p{L}\\p{N}])`;
}

/** A few of them as people say it: `Ann, Ben and 3 others`. */
export function listed(names: readonly string[], others = 0, most = 3): string {
  const shown = names.slice(0, most);
  const rest = names.length - shown.length + others;
  if (rest > 0) shown.push(rest === 1 ? '1 other' : `${rest} others`);
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}
