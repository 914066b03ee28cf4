import { foldName } from '../../src/protocol/fold.ts';
import type { Member, Room } from '../../src/client/index.ts';
import type { Names } from './names.ts';

/** How long a name must stand as it is before the room is asked, in milliseconds. */
const PAUSE_MS = 120;
const PAGE = 20;

/** Finds people by the beginning of a name where the page does not know everyone: asks the room. */
export class MemberSearch {
  readonly #room: Room;
  readonly #names: Names;
  readonly #changed: () => void;
  readonly #roles = new Map<string, Member['role']>();
  /** Folded beginnings that were asked for, and whether the answer named everyone. */
  readonly #asked = new Map<string, 'asking' | 'some' | 'all'>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed more names are known */
  constructor(room: Room, names: Names, changed: () => void) {
    this.#room = room;
    this.#names = names;
    this.#changed = changed;
  }

  /** Asks for people of whose name this is the beginning of a word, once typing pauses. */
  find(begun: string): void {
    const prefix = prefixOf(begun);
    if (prefix === '' || this.#answerTo(prefix) !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(prefix), PAUSE_MS);
  }

  /** Whether the room has said all it knows about this beginning. */
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
        // Whoever only reads is on no list.
        ...(online.length < onlineCount ? [this.#room.members({ ...page, online: true })] : []),
      ]);
      for (const member of replies.flatMap(({ members }) => members)) {
        this.#names.learn(member.userId, member.username);
        this.#roles.set(member.userId, member.role);
      }
      this.#asked.set(prefix, replies.some(({ hasMore }) => hasMore) ? 'some' : 'all');
      this.#changed();
    } catch {
      // The names that are known still help; the next key asks again.
      this.#asked.delete(prefix);
    }
  }
}

/** As much of a name as the room takes. */
function prefixOf(begun: string): string {
  return Array.from(foldName(begun.trim())).slice(0, 64).join('');
}
