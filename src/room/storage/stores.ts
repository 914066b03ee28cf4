import type { Ports } from '../ports.ts';
import { Audit } from './audit.ts';
import type { Database } from './database.ts';
import { Files } from './files.ts';
import { IncomingHooks } from './incoming.ts';
import { Erasures } from './erasures.ts';
import { Members } from './members.ts';
import { Mentions } from './mentions.ts';
import { Messages } from './messages.ts';
import { PerUserValues } from './per-user-values.ts';
import { Reactions } from './reactions.ts';
import { Records } from './records.ts';
import { RoomRow } from './room-row.ts';
import { SearchIndex } from './search-index.ts';
import { SentStates } from './sent-states.ts';
import { Streams } from './streams.ts';
import { UnreadMessages } from './unread-messages.ts';

/** The stores of a room, over the tables of its database. */
export interface Stores {
  room: RoomRow;
  messages: Messages;
  unreadMessages: UnreadMessages;
  records: Records;
  members: Members;
  reactions: Reactions;
  perUser: PerUserValues;
  mentions: Mentions;
  search: SearchIndex;
  audit: Audit;
  erasures: Erasures;
  sentStates: SentStates;
  streams: Streams;
  files: Files;
  incoming: IncomingHooks;
}

export function storesOf(database: Database, ports: Ports, roomId: string): Stores {
  const sentStates = new SentStates(database, ports.hasInboxes === true);
  const room = new RoomRow(database, ports, roomId);
  return {
    room,
    messages: new Messages(database, roomId),
    unreadMessages: new UnreadMessages(database),
    records: new Records(database),
    members: new Members(database, sentStates, room),
    reactions: new Reactions(database),
    perUser: new PerUserValues(database),
    mentions: new Mentions(database),
    search: new SearchIndex(database, room),
    audit: new Audit(database),
    erasures: new Erasures(database),
    sentStates,
    streams: new Streams(database),
    files: new Files(database, room),
    incoming: new IncomingHooks(database),
  };
}
