import { closeCodes } from '../../protocol/codes/close-codes.ts';
import { transportCommands } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import { type Command, readFrame } from '../../protocol/frames.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import type { Connection } from '../../room/ports.ts';
import type { Room } from '../../room/room.ts';

/**
 * Passes one frame from a native socket to its room, all of it in one synchronous turn.
 * @param doOwn executes a command that no room executes itself, such as `refreshToken`
 */
export function receive(
  room: Pick<Room, 'handle' | 'malformedFrame' | 'end'>,
  connection: Connection,
  data: unknown,
  limits: Limits,
  doOwn: (command: Command) => void,
): void {
  if (typeof data !== 'string') {
    room.end(connection, closeCodes.protocolViolation);
    return;
  }
  if (exceedsBytes(data, limits.frameBytes)) {
    room.end(connection, closeCodes.frameTooBig);
    return;
  }
  try {
    for (const command of readFrame(data, limits)) {
      if (Object.hasOwn(transportCommands, command.name)) doOwn(command);
      else room.handle(connection, command);
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    room.malformedFrame(connection, error.problem);
  }
}

/** Why a client that closed with this code is gone: 1000 or no code (1005) mean that its user has left. */
export function leaveReasonOf(code: number): 'left' | 'disconnected' {
  return code === 1000 || code === 1005 ? 'left' : 'disconnected';
}
