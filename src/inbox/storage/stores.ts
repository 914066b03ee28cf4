import type { Database } from '../../room/storage/database.ts';
import type { InboxPorts } from '../ports.ts';
import { Accounts } from './accounts.ts';
import { Blocks } from './blocks.ts';
import { Conversations } from './conversations.ts';
import { DirectsMade } from './directs-made.ts';
import { Notices } from './notices.ts';
import { PushSubscriptions } from './push-subscriptions.ts';

/** The stores of inboxes, one a table. */
export interface InboxStores {
  accounts: Accounts;
  conversations: Conversations;
  blocks: Blocks;
  directs: DirectsMade;
  subscriptions: PushSubscriptions;
  notices: Notices;
}

export function inboxStoresOf(database: Database, ports: InboxPorts): InboxStores {
  return {
    accounts: new Accounts(database, ports),
    conversations: new Conversations(database),
    blocks: new Blocks(database),
    directs: new DirectsMade(database),
    subscriptions: new PushSubscriptions(database),
    notices: new Notices(database),
  };
}
