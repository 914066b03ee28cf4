import type { Authenticate } from '../../auth/authenticator.ts';
import { verifyRefresh } from '../../auth/refresh.ts';
import { fileTokenFor, type FileTokens } from '../../files/file-token.ts';
import { invalidField, type Problem } from '../../protocol/codes/errors.ts';
import type { Command } from '../../protocol/frames.ts';
import type { Connection } from '../../room/ports.ts';
import type { Room } from '../../room/room.ts';

type Answering = Pick<Room, 'handle' | 'refresh'> & Partial<Pick<Room, 'answer'>>;

/** What a native transport needs for the commands that it does itself. */
export interface OwnCommandsPorts {
  authenticate: Authenticate;
  fileTokens: FileTokens | undefined;
  /** Does something in the connection's room or inbox. */
  queue: (work: (object: Answering) => void) => void;
}

/**
 * Executes a command that has to wait for something, outside the room, then answers in one turn of
 * the room. Never rejects.
 * @param roomId undefined for the socket of an inbox, which refuses what only rooms have
 */
export async function runTransportCommand(
  roomId: string | undefined,
  connection: Connection,
  command: Command,
  { authenticate, fileTokens, queue }: OwnCommandsPorts,
): Promise<void> {
  if (command.name === 'getFileToken') {
    if (roomId === undefined) {
      queue((inbox) => inbox.handle(connection, command));
      return;
    }
    const made =
      foreignRoom(command, roomId) ??
      (await fileTokenFor(fileTokens, connection.state.identity, roomId));
    queue((room) => room.answer?.(connection, command, made));
    return;
  }
  const verdict = await verifyRefresh(command.payload, authenticate);
  queue((room) => room.refresh(connection, command, verdict));
}

function foreignRoom({ payload }: Command, roomId: string): Problem | undefined {
  const named = (payload as { roomId?: unknown } | null | undefined)?.roomId ?? roomId;
  return named === roomId
    ? undefined
    : invalidField('roomId', 'must be the room this connection is for').problem;
}
