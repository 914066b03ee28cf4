import type { Reply } from '../protocol/commands.ts';
import { eventLine, eventName, payloadIn } from '../protocol/frames.ts';
import type { Present } from '../protocol/objects.ts';

type JoinReply = Pick<Reply<'joinRoom'>, 'room' | 'online' | 'onlineCount' | 'presence'>;

/** The users that a client of a room shows as present, while the room names all of them. */
export class PresenceSnapshot {
  readonly #users: Map<string, Present>;

  constructor(users: readonly Present[]) {
    this.#users = new Map(users.map((user) => [user.userId, user]));
  }

  /** The users in a join reply; undefined where it does not name all of them. */
  static fromJoinReply({ online, onlineCount, presence }: JoinReply): PresenceSnapshot | undefined {
    return presence === 'users' && online.length === onlineCount
      ? new PresenceSnapshot(online)
      : undefined;
  }

  get users(): Present[] {
    return [...this.#users.values()];
  }

  /** Applies a line sent to the client. @returns whether all present users are still known */
  apply(line: string): boolean {
    const name = eventName(line);
    if (name === 'presence') return false;
    if (name === 'userJoined') {
      const { timestamp: _, roomId: __, ...user } = payloadIn<'userJoined'>(line);
      this.#users.set(user.userId, user);
    } else if (name === 'userLeft') {
      this.#users.delete(payloadIn<'userLeft'>(line).userId);
    } else if (name === 'memberUpdated') {
      const { userId, username, unverified, bot } = payloadIn<'memberUpdated'>(line);
      const marks = { ...(unverified && { unverified }), ...(bot && { bot }) };
      if (this.#users.has(userId)) this.#users.set(userId, { userId, username, ...marks });
    }
    return true;
  }

  /** The events that lead from this snapshot to `then`; undefined where a user has another name there. */
  changesTo(then: PresenceSnapshot, roomId: string, timestamp: number): string[] | undefined {
    const isRenamed = ({ userId, username }: Present) =>
      (then.#users.get(userId)?.username ?? username) !== username;
    if (this.users.some(isRenamed)) return undefined;
    const gone = this.users.filter(({ userId }) => !then.#users.has(userId));
    const come = then.users.filter(({ userId }) => !this.#users.has(userId));
    return [
      ...gone.map((user) =>
        eventLine('userLeft', { roomId, ...user, timestamp, reason: 'disconnected' }),
      ),
      ...come.map((user) => eventLine('userJoined', { roomId, ...user, timestamp })),
    ];
  }
}
