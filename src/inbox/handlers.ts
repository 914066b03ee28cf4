import type { InboxCommandName } from '../protocol/inbox-commands.ts';
import { blockUser, unblockUser } from './commands/block-user.ts';
import { eraseInbox } from './commands/erase-inbox.ts';
import { exportInbox } from './commands/export-inbox.ts';
import { getBlocked } from './commands/get-blocked.ts';
import { getInbox } from './commands/get-inbox.ts';
import { openDirect } from './commands/open-direct.ts';
import { openInbox } from './commands/open-inbox.ts';
import { quitRoom } from './commands/quit-room.ts';
import { rebuildInbox } from './commands/rebuild-inbox.ts';
import { setConversation } from './commands/set-conversation.ts';
import { subscribePush, unsubscribePush } from './commands/subscribe-push.ts';
import { watchInbox } from './commands/watch-inbox.ts';
import type { InboxHandler } from './context.ts';

/** Every command's handler; a command without one does not compile. */
export const inboxHandlers: { [N in InboxCommandName]: InboxHandler<N> } = {
  openInbox,
  getInbox,
  watchInbox,
  subscribePush,
  unsubscribePush,
  setConversation,
  quitRoom,
  openDirect,
  blockUser,
  unblockUser,
  getBlocked,
  rebuildInbox,
  eraseInbox,
  exportInbox,
};
