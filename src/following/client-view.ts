import type { Reply } from '../protocol/commands.ts';
import { eventLine } from '../protocol/frames.ts';
import type { Present, RoomInfo } from '../protocol/objects.ts';
import { PresenceSnapshot } from './presence-snapshot.ts';

type JoinReply = Reply<'joinRoom'>;

/** What the client of a link shows beside messages: the room, its own rights, the users present. */
export class ClientView {
  readonly #isMoving: boolean;
  #last: Pick<JoinReply, 'room' | 'you'> | undefined;
  /** The users whom the client shows as present, for handing the link over. */
  here: PresenceSnapshot | undefined;

  /** @param isMoving whether the link will soon be handed over to another holder */
  constructor(isMoving: boolean, here?: readonly Present[]) {
    this.#isMoving = isMoving;
    this.here = here && new PresenceSnapshot(here);
  }

  /** Records the reply to the first join, which the client reads itself. */
  joined(reply: JoinReply): void {
    this.#last = { room: reply.room, you: reply.you };
    if (this.#isMoving) this.here = PresenceSnapshot.fromJoinReply(reply);
  }

  /** Records a join after a break. @returns events for what changed while there was no connection */
  rejoined(reply: JoinReply): readonly string[] {
    const now = PresenceSnapshot.fromJoinReply(reply);
    const presenceChanges = now && this.here?.changesTo(now, reply.room.roomId, Date.now());
    const lines = presenceChanges ?? [presenceLine(reply)];
    const changes = changesSince(this.#last, reply);
    this.here = this.#isMoving ? now : undefined;
    this.#last = { room: reply.room, you: reply.you };
    return [...lines, ...changes];
  }

  /** Records lines sent to the client. Presence is forgotten once the room no longer names all users. */
  delivered(lines: readonly string[]): void {
    const { here } = this;
    if (here !== undefined && !lines.every((line) => here.apply(line))) this.here = undefined;
  }
}

function presenceLine({ room: { roomId }, onlineCount }: JoinReply): string {
  return eventLine('presence', { roomId, onlineCount });
}

/** Events for what else changed while there was no connection. */
function changesSince(
  before: Pick<JoinReply, 'room' | 'you'> | undefined,
  { room, you, receipts }: JoinReply,
): string[] {
  const { roomId } = room;
  const lines: string[] = [];
  if (receipts !== undefined) lines.push(eventLine('readReceipts', { roomId, receipts }));
  if (before === undefined) return lines;
  if (settingsOf(before.room) !== settingsOf(room)) lines.push(eventLine('roomUpdated', room));
  if (before.you.role !== you.role || before.you.mutedUntil !== you.mutedUntil) {
    const { userId, username, role, unverified, bot, mutedUntil } = you;
    const member = { userId, username, role, online: true, unverified, bot, mutedUntil };
    lines.push(eventLine('memberUpdated', { roomId, ...member, by: userId }));
  }
  return lines;
}

/** The room without `memberCount`, which is no setting. */
function settingsOf({ memberCount: _, ...settings }: RoomInfo): string {
  return JSON.stringify(settings);
}
