import { LINK_LIMITS, readControl, readFrame } from '../protocol/frames.ts';
import type { Connection } from '../room/ports.ts';
import type { Room } from '../room/room.ts';

/** Takes one frame from a link: commands that its transport has checked, or a control line. */
export function receiveFromLink(
  room: Pick<Room, 'renew' | 'handle'> & Partial<Pick<Room, 'lags'>>,
  connection: Connection,
  data: string,
): void {
  const control = readControl(data);
  if (control === undefined) {
    for (const command of readFrame(data, LINK_LIMITS)) room.handle(connection, command);
  } else if ('lags' in control) room.lags?.(connection);
  else room.renew(connection, control.renew);
}
