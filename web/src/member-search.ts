import { foldName } from '../../src/protocol/fold.ts';
import type { Member, Room } from '../../src/client/index.ts';
import type { Names } from './names.ts';

/** How long typing pauses before the room is asked, in milliseconds. */
const PAUSE_MS = 120;
const PAGE = 20;

/** Asks the room for people whose name begins as typed, since the page does not know everyone. */
export class MemberSearch {
  readonly #room: Room;
  readonly #names: Names;
  readonly #changed: () => void;
  readonly #roles = new Map<string, Member['role']>();
  /** The folded prefixes asked for, and whether the answer named some people or everyone. */
  readonly #asked = new Map<string, 'asking' | 'some' | 'all'>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed called when more names are known */
  constructor(room: Room, names: Names, changed: () => void) {
    this.#room = room;
    this.#names = names;
    this.#changed = changed;
  }

  /** Asks for people with a word in their name that begins like this, once typing pauses. */
  find(begun: string): void {
    const prefix = prefixOf(begun);
    if (prefix === '' || this.#answerTo(prefix) !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(prefix), PAUSE_MS);
  }

  /** Whether the room has answered for this prefix. */
  isAnswered(begun: string): boolean {
    const answer = this.#answerTo(prefixOf(begun));
    return answer === 'some' || answer === 'all';
  }

  roleOf(userId: string): Member['role'] | undefined {
    return this.#roles.get(userId);
  }

  #answerTo(prefix: string): 'asking' | 'some' | 'all' | undefined {
    const longer = [...this.#asked].find(
      ([asked, answer]) => answer === 'all' && prefix.startsWith(asked),
    );
    return longer === undefined ? this.#asked.get(prefix) : 'all';
  }

  async #ask(prefix: string): Promise<void> {
    this.#asked.set(prefix, 'asking');
    const { online, onlineCount } = this.#room.state;
    const page = { prefix, limit: PAGE };
    try {
      const replies = await Promise.all([
        this.#room.members(page),
        // Users who have only read are not on the list.
        ...(online.length < onlineCount ? [this.#room.members({ ...page, online: true })] : []),
      ]);
      for (const member of replies.flatMap(({ members }) => members)) {
        this.#names.learn(member.userId, member.username);
        this.#roles.set(member.userId, member.role);
      }
      this.#asked.set(prefix, replies.some(({ hasMore }) => hasMore) ? 'some' : 'all');
      this.#changed();
    } catch {
      // The known names are still offered; the next key asks again.
      this.#asked.delete(prefix);
    }
  }
}

/** A name's beginning, folded, of as many characters as the room takes. */
function prefixOf(begun: string): string {
  return Array.from(foldName(begun.trim())).slice(0, 64).join('');
}
