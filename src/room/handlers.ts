import type { OperationName } from '../protocol/commands.ts';
import { addReaction } from './commands/add-reaction.ts';
import { appendMessage } from './commands/append-message.ts';
import { banMember } from './commands/ban-member.ts';
import { getNotice } from './commands/get-notice.ts';
import { getReactions } from './commands/get-reactions.ts';
import { kickMember } from './commands/kick-member.ts';
import { muteMember } from './commands/mute-member.ts';
import { removeReaction } from './commands/remove-reaction.ts';
import { reopenRoom } from './commands/reopen-room.ts';
import { sendSignal } from './commands/send-signal.ts';
import { setRole } from './commands/set-role.ts';
import { unbanMember } from './commands/unban-member.ts';
import { unmuteMember } from './commands/unmute-member.ts';
import { completeFile } from './commands/complete-file.ts';
import { dropFile } from './commands/drop-file.ts';
import { getFile } from './commands/get-file.ts';
import { reserveFile } from './commands/reserve-file.ts';
import { deleteRoom } from './commands/delete-room.ts';
import { deleteMessage } from './commands/delete-message.ts';
import { editMessage } from './commands/edit-message.ts';
import { eraseUser } from './commands/erase-user.ts';
import { exportUser } from './commands/export-user.ts';
import { exportRoom } from './commands/export-room.ts';
import { finishMessage } from './commands/finish-message.ts';
import { getAudit } from './commands/get-audit.ts';
import { getConversation } from './commands/get-conversation.ts';
import { getChanges } from './commands/get-changes.ts';
import { getHistory } from './commands/get-history.ts';
import { getMembers } from './commands/get-members.ts';
import { getMessage } from './commands/get-message.ts';
import { getMissed } from './commands/get-missed.ts';
import { getRoom } from './commands/get-room.ts';
import { getIncoming, makeIncoming, revokeIncoming, sayIncoming } from './commands/incoming.ts';
import { importFile } from './commands/import-file.ts';
import { importRoom } from './commands/import-room.ts';
import { joinRoom } from './commands/join-room.ts';
import { leaveRoom } from './commands/leave-room.ts';
import { markRead } from './commands/mark-read.ts';
import { message } from './commands/message.ts';
import { openDirect, peekDirect, prepareDirect, setBlocked } from './commands/direct.ts';
import { getPins, pinMessage, unpinMessage } from './commands/pins.ts';
import { quitRoom } from './commands/quit-room.ts';
import { runCommand } from './commands/run-command.ts';
import { searchMessages } from './commands/search-messages.ts';
import { setReading } from './commands/set-reading.ts';
import { tellRoom } from './commands/tell-room.ts';
import { sweepFiles } from './commands/sweep-files.ts';
import { stopMessage } from './commands/stop-message.ts';
import { typing } from './commands/typing.ts';
import { updateRoom } from './commands/update-room.ts';
import type { Handler } from './context.ts';

/** Every operation's handler; an operation without one does not compile. */
export const handlers: { [N in OperationName]: Handler<N> } = {
  joinRoom,
  leaveRoom,
  message,
  appendMessage,
  finishMessage,
  stopMessage,
  typing,
  runCommand,
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
  pinMessage,
  unpinMessage,
  getPins,
  sendSignal,
  getRoom,
  getMessage,
  getAudit,
  makeIncoming,
  getIncoming,
  revokeIncoming,
  sayIncoming,
  deleteRoom,
  reopenRoom,
  eraseUser,
  exportRoom,
  reserveFile,
  completeFile,
  dropFile,
  getFile,
  sweepFiles,
  importRoom,
  importFile,
  getConversation,
  getNotice,
  getChanges,
  exportUser,
  setReading,
  quitRoom,
  peekDirect,
  prepareDirect,
  openDirect,
  setBlocked,
  tellRoom,
};
