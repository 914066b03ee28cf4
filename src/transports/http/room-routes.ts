import type { Reply, RequestName } from '../../protocol/commands.ts';
import { type FieldReader, flag, type QueryField, text, whole } from './request-parts.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A route that asks a room for one operation. The router and `/openapi.json` are made from these. */
export interface RoomRoute {
  method: Method;
  /** Behind `/rooms/:roomId`, as Hono writes it. */
  path: string;
  operation: RequestName;
  /** Fields of the payload that stand in the path. */
  fields: Readonly<Record<string, FieldReader>>;
  query: Readonly<Record<string, QueryField>>;
  /** Where the rest of the payload comes from. */
  body: 'none' | 'optional' | 'needed';
  /** Answered 201, or 200 when it was there before. */
  creates: boolean;
  /** One line for the description of the API. */
  summary: string;
}

const pathReaders: Readonly<Record<string, FieldReader>> = {
  seq: whole,
  emoji: text,
  userId: text,
};

interface Options {
  query?: Record<string, FieldReader | QueryField>;
  body?: 'optional' | 'needed';
  creates?: true;
}

function route(
  address: `${Method} /${string}`,
  operation: RequestName,
  summary: string,
  { query = {}, body, creates }: Options = {},
): RoomRoute {
  const [method = '', whole = ''] = address.split(' ');
  const names = [...whole.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  return {
    method: method as Method,
    path: whole === '/' ? '' : whole,
    operation,
    fields: Object.fromEntries(names.map((name) => [name, pathReaders[name] ?? text])),
    query: Object.fromEntries(
      Object.entries(query).map(([name, read]) => [
        name,
        typeof read === 'function' ? { field: name, read } : read,
      ]),
    ),
    body: body ?? 'none',
    creates: creates ?? false,
    summary,
  };
}

const needed = { body: 'needed' } as const;
/** `DELETE` has no body that every client and proxy lets through. */
const noted = { query: { note: text } } as const;

export const roomRoutes: readonly RoomRoute[] = [
  route('GET /', 'getRoom', 'The room as it stands, and how many are online.'),
  route('PATCH /', 'updateRoom', 'Sets topic, privacy, slow mode, retention.', needed),

  route('GET /messages', 'getHistory', 'A page of messages by seq, oldest first.', {
    query: { before: whole, after: whole, around: whole, limit: whole, thread: whole },
  }),
  route('POST /messages', 'message', 'Sends a message; safe to send again with the same id.', {
    ...needed,
    creates: true,
  }),
  route('GET /messages/:seq', 'getMessage', 'One message.'),
  route('PATCH /messages/:seq', 'editMessage', "Changes one's own message.", needed),
  route('DELETE /messages/:seq', 'deleteMessage', 'Deletes a message; its place stays.', {
    query: { ifRev: whole, note: text },
  }),
  route('POST /messages/:seq/append', 'appendMessage', 'Appends to a streaming message.', needed),
  route('POST /messages/:seq/finish', 'finishMessage', 'Ends a streaming message.', {
    body: 'optional',
  }),
  route('POST /messages/:seq/stop', 'stopMessage', 'Asks the sender to end a stream.'),
  route('GET /messages/:seq/reactions', 'getReactions', 'Who reacted to a message.', {
    query: { after: text, limit: whole },
  }),
  route('PUT /messages/:seq/reactions/:emoji', 'addReaction', 'Reacts to a message.'),
  route('DELETE /messages/:seq/reactions/:emoji', 'removeReaction', 'Takes a reaction back.'),

  route('GET /missed', 'getMissed', 'Messages changed after a position, oldest change first.', {
    query: { after: text, limit: whole },
  }),
  route('GET /members', 'getMembers', 'A page of the members, or of who is online.', {
    query: { after: text, limit: whole, online: flag, prefix: text },
  }),
  route('PUT /members/:userId', 'setRole', 'Invites, gives a role, or takes off the list.', needed),
  route('PUT /bans/:userId', 'banMember', 'Bans a user from the room.', { body: 'optional' }),
  route('DELETE /bans/:userId', 'unbanMember', 'Lets a banned user in again.', noted),
  route('PUT /mutes/:userId', 'muteMember', 'Mutes a user for a while.', { body: 'optional' }),
  route('DELETE /mutes/:userId', 'unmuteMember', 'Lets a muted user speak again.', noted),
  route('PUT /read', 'markRead', 'Tells how far one has read.', needed),
  route('GET /search', 'searchMessages', 'Messages with all words of a query, newest first.', {
    query: { q: { field: 'query', read: text }, from: text, before: whole, limit: whole },
  }),
  route('GET /audit', 'getAudit', 'What those with rights have done, newest first.', {
    query: { before: whole, limit: whole },
  }),
];

/** Whether a reply to a route that creates tells of what was there before. */
export function wasThere(reply: Reply<RequestName>): boolean {
  return 'duplicate' in reply;
}
