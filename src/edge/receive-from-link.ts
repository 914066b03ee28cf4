import { LINK_LIMITS, readFrame, readIdentityUpdate } from '../protocol/frames.ts';
import type { Connection } from '../room/ports.ts';
import type { Room } from '../room/room.ts';

/** Takes one frame from a link to its room: a transport has checked it, and may renew identities. */
export function receiveFromLink(
  room: Pick<Room, 'renew' | 'handle'>,
  connection: Connection,
  data: string,
): void {
  const renewed = readIdentityUpdate(data);
  if (renewed !== undefined) {
    room.renew(connection, renewed);
    return;
  }
  for (const command of readFrame(data, LINK_LIMITS)) room.handle(connection, command);
}
