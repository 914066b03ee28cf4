import type { OperationName } from '../protocol/commands.ts';
import { deleteRoom, reopenRoom } from './commands/delete-room.ts';
import { deleteMessage } from './commands/delete-message.ts';
import { editMessage } from './commands/edit-message.ts';
import { eraseUser } from './commands/erase-user.ts';
import { exportRoom } from './commands/export-room.ts';
import { getAudit } from './commands/get-audit.ts';
import { getHistory } from './commands/get-history.ts';
import { getMembers } from './commands/get-members.ts';
import { getMessage } from './commands/get-message.ts';
import { getMissed } from './commands/get-missed.ts';
import { getRoom } from './commands/get-room.ts';
import { importRoom } from './commands/import-room.ts';
import { joinRoom } from './commands/join-room.ts';
import { leaveRoom } from './commands/leave-room.ts';
import { markRead } from './commands/mark-read.ts';
import { message } from './commands/message.ts';
import {
  banMember,
  kickMember,
  muteMember,
  setRole,
  unbanMember,
  unmuteMember,
} from './commands/moderation.ts';
import { addReaction, getReactions, removeReaction } from './commands/reactions.ts';
import { searchMessages } from './commands/search-messages.ts';
import { typing } from './commands/typing.ts';
import { updateRoom } from './commands/update-room.ts';
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
  editMessage,
  deleteMessage,
  addReaction,
  removeReaction,
  getReactions,
  searchMessages,
  markRead,
  updateRoom,
  setRole,
  kickMember,
  banMember,
  unbanMember,
  muteMember,
  unmuteMember,
  getRoom,
  getMessage,
  getAudit,
  deleteRoom,
  reopenRoom,
  eraseUser,
  exportRoom,
  importRoom,
};
