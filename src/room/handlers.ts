import type { OperationName } from '../protocol/commands.ts';
import { getHistory } from './commands/get-history.ts';
import { getMembers } from './commands/get-members.ts';
import { getMissed } from './commands/get-missed.ts';
import { getRoom } from './commands/get-room.ts';
import { joinRoom } from './commands/join-room.ts';
import { leaveRoom } from './commands/leave-room.ts';
import { message } from './commands/message.ts';
import { typing } from './commands/typing.ts';
import type { Handler } from './context.ts';

/** Every operation's handler; an operation without one does not compile. */
export const handlers: { [N in OperationName]: Handler<N> } = {
  joinRoom,
  leaveRoom,
  message,
  typing,
  getHistory,
  getMissed,
  getMembers,
  getRoom,
};
