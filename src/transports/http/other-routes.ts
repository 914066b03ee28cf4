import * as z from 'zod';
import { answered, type Json, positionSchema, refusals, schemaRef } from './openapi-parts.ts';
import { webhookDescriptions } from './openapi-webhooks.ts';
import type { RequestName } from '../../protocol/commands.ts';
import { inboxCommands } from '../../protocol/inbox-commands.ts';
import type { Method } from '../../protocol/operation.ts';
import { type InboxRoute, inboxRoutes } from './inbox-routes.ts';
import { addressOf } from './room-routes.ts';

/** A route that is not made from the table of rooms' operations, as `/openapi.json` describes it. */
export interface OtherRoute extends Json {
  method: Method;
  /** In Hono's notation. */
  path: string;
  operationId: string;
  summary: string;
  responses: Json;
}

/** Operations whose replies these routes answer with. */
export const otherOperations: readonly RequestName[] = [
  'deleteRoom',
  'reopenRoom',
  'eraseUser',
  'importRoom',
  'tellRoom',
  'completeFile',
  'importFile',
  'makeIncoming',
];

const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';
const since = {
  name: 'since',
  in: 'query',
  description: 'The position to go on from.',
  schema: positionSchema,
};

const erasing = {
  '200': answered('Erased.', JSON_TYPE, schemaRef('EraseUserReply')),
  '202': answered('Begun; the room goes on by itself.', JSON_TYPE, schemaRef('EraseUserReply')),
  ...refusals(),
};

/** An operation whose route is written by hand. */
function ownRoute(operation: RequestName) {
  const { method, path, summary } = addressOf(operation);
  return { method, path: `/rooms/:roomId${path}`, operationId: operation, summary };
}

function fileAnswer(description: string): Json {
  return answered(description, 'application/octet-stream', { type: 'string', format: 'binary' });
}

/** A route of an inbox, from the table of its commands. */
function inboxRoute({ name, method, path, summary, inPath, inQuery, hasBody }: InboxRoute) {
  const { payload, reply } = inboxCommands[name];
  const { properties = {}, required = [] } = z.toJSONSchema(payload, { io: 'input' }) as Json & {
    properties?: Record<string, Json>;
    required?: string[];
  };
  const inBody = Object.keys(properties).filter((field) => !inPath.includes(field));
  const schema = {
    type: 'object',
    properties: Object.fromEntries(inBody.map((field) => [field, properties[field]])),
    required: required.filter((field) => inBody.includes(field)),
  };
  const { $schema: _, ...answer } = z.toJSONSchema(reply, { io: 'input' }) as Json;
  return {
    method,
    path,
    operationId: name,
    summary,
    ...(inQuery.length > 0 && {
      parameters: inQuery.map((field) =>
        field === 'since'
          ? since
          : {
              name: field,
              in: 'query',
              ...(required.includes(field) && { required: true }),
              schema: properties[field] ?? {},
            },
      ),
    }),
    ...(hasBody && {
      requestBody: { required: true, content: { [JSON_TYPE]: { schema } } },
    }),
    responses: { '200': answered('Done.', JSON_TYPE, answer), ...refusals({ hasBody }) },
  };
}

/** A test fails if the app has a route that is missing here. */
export const otherRoutes: readonly OtherRoute[] = [
  ...inboxRoutes.map(inboxRoute),
  {
    method: 'GET',
    path: '/push/key',
    operationId: 'getPushKey',
    summary: 'The key with which a browser subscribes to push notifications.',
    security: [],
    responses: {
      '200': answered('The key.', JSON_TYPE, {
        type: 'object',
        properties: { key: { type: 'string' } },
        required: ['key'],
      }),
      ...refusals(),
    },
  },
  {
    method: 'DELETE',
    path: '/users/:userId',
    operationId: 'eraseInbox',
    summary: 'Erases a person from their rooms and their inbox, some rooms at a time; for admins.',
    responses: {
      '200': answered('Erased.', JSON_TYPE, { type: 'object' }),
      '202': answered('Ask again: something is left to do.', JSON_TYPE, { type: 'object' }),
      ...refusals(),
    },
  },
  {
    method: 'GET',
    path: '/users/:userId/export',
    operationId: 'exportUser',
    summary: 'What a person wrote, one JSON object a line; for admins, and users about themselves.',
    responses: { '200': answered('Lines.', LINES_TYPE, { type: 'string' }), ...refusals() },
  },
  {
    method: 'GET',
    path: '/inbox/ws',
    operationId: 'openInboxSocket',
    summary: 'The native transport: upgrades to a WebSocket that has opened the inbox.',
    parameters: [since, { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1 } }],
    responses: { '101': { description: 'A WebSocket.' }, ...refusals() },
  },
  {
    method: 'GET',
    path: '/inbox/events',
    operationId: 'getInboxEvents',
    summary: 'Follows the inbox: server-sent events, or a long poll of up to 25 s.',
    parameters: [since],
    responses: {
      '200': {
        description: 'Events.',
        content: {
          [JSON_TYPE]: { schema: { type: 'object' } },
          'text/event-stream': { schema: { type: 'string' } },
        },
      },
      ...refusals(),
    },
  },
  {
    method: 'GET',
    path: '/health',
    operationId: 'getHealth',
    summary: 'Whether the service can do its work; wakes no room.',
    security: [],
    parameters: [
      {
        name: 'details',
        in: 'query',
        description:
          'Adds how the outgoing webhook does, and the backend that is asked before texts are stored; for admins.',
        schema: { type: 'string' },
      },
    ],
    responses: {
      '200': answered('It can.', JSON_TYPE, schemaRef('Health')),
      '503': answered('It cannot.', JSON_TYPE, schemaRef('Health')),
    },
  },
  {
    method: 'GET',
    path: '/page.json',
    operationId: 'getPageSettings',
    summary: 'What an operator decides about the page.',
    security: [],
    responses: { '200': answered('Settings of the page.', JSON_TYPE, { type: 'object' }) },
  },
  {
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This description.',
    security: [],
    responses: { '200': answered('OpenAPI 3.1.', JSON_TYPE, { type: 'object' }) },
  },
  {
    method: 'GET',
    path: '/asyncapi.json',
    operationId: 'getAsyncApi',
    summary: 'The description of the sockets.',
    security: [],
    responses: { '200': answered('AsyncAPI 3.0.', JSON_TYPE, { type: 'object' }) },
  },
  {
    method: 'GET',
    path: '/rooms/:roomId/events',
    operationId: 'getEvents',
    summary:
      'Follows a room without being in it: server-sent events, or a long poll of up to 25 s.',
    description:
      'With `Accept: text/event-stream` a stream whose durable events carry positions as ids. Else the events since a position, or the first that happens; without `since`, where the room stands, at once.',
    parameters: [
      since,
      {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'The last id of a stream that broke off; goes before `since`.',
        schema: positionSchema,
      },
    ],
    responses: {
      '200': {
        description: 'Events.',
        content: {
          [JSON_TYPE]: { schema: schemaRef('Polled') },
          'text/event-stream': { schema: { type: 'string' } },
        },
      },
      ...refusals(),
    },
  },
  {
    method: 'GET',
    path: '/rooms/:roomId/ws',
    operationId: 'openSocket',
    summary: 'The native transport: upgrades to a WebSocket that has joined the room.',
    parameters: [
      since,
      { name: 'username', in: 'query', schema: { type: 'string' } },
      { name: 'history', in: 'query', schema: { type: 'integer', minimum: 0, maximum: 100 } },
      {
        name: 'session',
        in: 'query',
        description: 'A random name for one running client: its connections replace one another.',
        schema: { type: 'string', minLength: 1, maxLength: 64 },
      },
      { name: 'quiet', in: 'query', schema: { type: 'boolean' } },
    ],
    responses: { '101': { description: 'A WebSocket.' }, ...refusals() },
  },
  ...webhookDescriptions,
  {
    ...ownRoute('deleteRoom'),
    responses: {
      '200': answered('Deleted.', JSON_TYPE, schemaRef('DeleteRoomReply')),
      ...refusals(),
    },
  },
  {
    ...ownRoute('reopenRoom'),
    responses: { '200': answered('Open.', JSON_TYPE, schemaRef('ReopenRoomReply')), ...refusals() },
  },
  {
    ...ownRoute('eraseUser'),
    responses: erasing,
  },
  {
    method: 'DELETE',
    path: '/rooms/:roomId/users',
    operationId: 'eraseUserByQuery',
    summary: 'The same for a user id that cannot stand in a path: "." or "..".',
    parameters: [
      {
        name: 'userId',
        in: 'query',
        required: true,
        schema: { type: 'string', minLength: 1, maxLength: 128 },
      },
    ],
    responses: erasing,
  },
  {
    ...ownRoute('tellRoom'),
    responses: {
      '200': answered('Begun.', JSON_TYPE, schemaRef('DeleteRoomReply')),
      ...refusals(),
    },
  },
  {
    ...ownRoute('makeIncoming'),
    description: 'Made again under its name it gets another key. The key is shown here only.',
    requestBody: {
      required: true,
      content: {
        [JSON_TYPE]: {
          schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        },
      },
    },
    responses: {
      '200': answered('Made.', JSON_TYPE, {
        type: 'object',
        properties: { url: { type: 'string', format: 'uri' } },
        required: ['url'],
      }),
      ...refusals({ hasBody: true }),
    },
  },
  {
    ...ownRoute('reserveFile'),
    description:
      'The body is the file. Its type is what its bytes say. Deleted in a day unless a message names it.',
    parameters: [
      {
        name: 'X-File-Name',
        in: 'header',
        required: true,
        description: 'Percent-encoded UTF-8.',
        schema: { type: 'string' },
      },
      {
        name: 'Content-Digest',
        in: 'header',
        description: 'Checked where it has a sha-256 (RFC 9530).',
        schema: { type: 'string' },
      },
      {
        name: 'X-Preview-Of',
        in: 'header',
        description: 'The file of which this is a smaller picture.',
        schema: { type: 'string' },
      },
    ],
    requestBody: {
      required: true,
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    },
    responses: {
      '201': answered('Stored.', JSON_TYPE, schemaRef('CompleteFileReply')),
      '411': answered('Content-Length is missing.', JSON_TYPE, schemaRef('Refusal')),
      ...refusals({ hasBody: true }),
    },
  },
  {
    ...ownRoute('getFile'),
    description: 'With `t`, as images and players ask, or with a token in `Authorization`.',
    parameters: [
      {
        name: 't',
        in: 'query',
        description: 'A token of `getFileToken`.',
        schema: { type: 'string' },
      },
      { name: 'Range', in: 'header', schema: { type: 'string', examples: ['bytes=0-99'] } },
    ],
    responses: {
      '200': fileAnswer('The file.'),
      '206': fileAnswer('A part of it.'),
      '304': { description: 'It has not changed: it never does.' },
      '416': { description: 'It has no such part.' },
      ...refusals(),
    },
  },
  {
    method: 'GET',
    path: '/rooms/:roomId/file-token',
    operationId: 'getFileToken',
    summary: "A token for the addresses of the room's files, which holds one to two hours.",
    responses: {
      '200': answered('A token.', JSON_TYPE, {
        type: 'object',
        properties: { fileToken: { type: 'string' }, expiresAt: { type: 'number' } },
        required: ['fileToken', 'expiresAt'],
      }),
      ...refusals(),
    },
  },
  {
    ...ownRoute('exportRoom'),
    description: 'With `files`, the bytes of the files in messages come too.',
    parameters: [{ name: 'files', in: 'query', schema: { type: 'string', enum: ['1'] } }],
    responses: { '200': answered('Lines.', LINES_TYPE, { type: 'string' }), ...refusals() },
  },
  {
    ...ownRoute('importRoom'),
    requestBody: {
      required: true,
      content: Object.fromEntries(
        [LINES_TYPE, 'application/ndjson', 'application/jsonl'].map((type) => [
          type,
          { schema: { type: 'string' } },
        ]),
      ),
    },
    responses: {
      '200': answered('Taken.', JSON_TYPE, schemaRef('ImportRoomReply')),
      ...refusals({ hasBody: true }),
    },
  },
];
