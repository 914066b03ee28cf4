import type { Asker } from './asker.ts';
import type { People } from './people.ts';

const PAGE = 100;

/** Loads the names of everyone who is online, page by page. */
export class PeopleLoader {
  readonly #asker: Asker;
  readonly #people: People;
  /** Counts lists, so that a page of an earlier one is dropped. */
  #generation = 0;

  constructor(asker: Asker, people: People) {
    this.#asker = asker;
    this.#people = people;
  }

  /** What was asked for counts no more. */
  cancel(): void {
    this.#generation++;
  }

  load(after?: string): void {
    const generation = this.#generation;
    const page = { online: true, limit: PAGE, ...(after !== undefined && { after }) };
    this.#asker.ask('getMembers', page, (result) => {
      if (!result.ok || generation !== this.#generation) return;
      const { members, hasMore } = result;
      this.#people.add(members, !hasMore);
      if (hasMore) this.load(members.at(-1)?.userId);
    });
  }
}
