import type { Database } from '../../room/storage/database.ts';
import type { InboxPorts } from '../ports.ts';
import { Accounts } from './accounts.ts';
import { Blocks } from './blocks.ts';
import { Conversations } from './conversations.ts';
import { DirectsMade } from './directs-made.ts';

/** The stores of inboxes, one a table. */
export interface InboxStores {
  accounts: Accounts;
  conversations: Conversations;
  blocks: Blocks;
  directs: DirectsMade;
}

export function inboxStoresOf(database: Database, ports: InboxPorts): InboxStores {
  return {
    accounts: new Accounts(database, ports),
    conversations: new Conversations(database),
    blocks: new Blocks(database),
    directs: new DirectsMade(database),
  };
}
