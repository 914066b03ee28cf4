import type { Reply } from '../protocol/commands.ts';
import { eventLine } from '../protocol/frames.ts';
import type { Present, RoomInfo } from '../protocol/objects.ts';
import { PresenceSnapshot } from './presence-snapshot.ts';

type JoinReply = Reply<'joinRoom'>;

/** What the client of a link shows beside messages: the room, its own rights, who is present. */
export class ClientView {
  readonly #isMoving: boolean;
  #last: Pick<JoinReply, 'room' | 'you'> | undefined;
  /** The users whom the client shows as present, for handing the link over. */
  here: PresenceSnapshot | undefined;

  /** @param isMoving whether another holder is soon to go on with the link */
  constructor(isMoving: boolean, here?: readonly Present[]) {
    this.#isMoving = isMoving;
    this.here = here && new PresenceSnapshot(here);
  }

  /** The client has read the reply to its first join. */
  joined(reply: JoinReply): void {
    this.#last = { room: reply.room, you: reply.you };
    if (this.#isMoving) this.here = PresenceSnapshot.in(reply);
  }

  /** Joined again after a break. @returns what the client must know of the time without a connection */
  rejoined(reply: JoinReply): readonly string[] {
    const now = PresenceSnapshot.in(reply);
    const comings = now && this.here?.changesTo(now, reply.room.roomId, Date.now());
    const lines = comings ?? [presenceLine(reply)];
    const changes = changesSince(this.#last, reply);
    this.here = this.#isMoving ? now : undefined;
    this.#last = { room: reply.room, you: reply.you };
    return [...lines, ...changes];
  }

  /** Lines go to the client. Presence is forgotten once it is not known by name any more. */
  delivered(lines: readonly string[]): void {
    const { here } = this;
    if (here !== undefined && !lines.every((line) => here.heard(line))) this.here = undefined;
  }
}

function presenceLine({ room: { roomId }, onlineCount }: JoinReply): string {
  return eventLine('presence', { roomId, onlineCount });
}

/** What else the client must know of the time it was away. */
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

/** The room without what changes by itself. */
function settingsOf({ memberCount: _, ...settings }: RoomInfo): string {
  return JSON.stringify(settings);
}
