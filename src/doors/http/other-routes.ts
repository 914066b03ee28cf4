import { answered, type Json, refusals, schemaRef } from './openapi-parts.ts';
import type { Method } from './room-routes.ts';

/** A route that is no operation of a room, as `/openapi.json` describes it. */
export interface OtherRoute extends Json {
  method: Method;
  /** As Hono writes it. */
  path: string;
  operationId: string;
  summary: string;
  responses: Json;
}

const JSON_TYPE = 'application/json';
const positionSchema = { type: 'string', examples: ['0:0'] };
const since = {
  name: 'since',
  in: 'query',
  description: 'The position to go on from.',
  schema: positionSchema,
};

/** A route that stands in the app but not here fails a test. */
export const otherRoutes: readonly OtherRoute[] = [
  {
    method: 'GET',
    path: '/health',
    operationId: 'getHealth',
    summary: 'Whether the service can do its work; wakes no room.',
    security: [],
    responses: {
      '200': answered('It can.', JSON_TYPE, schemaRef('Health')),
      '503': answered('It cannot.', JSON_TYPE, schemaRef('Health')),
    },
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
    summary: 'The native door: upgrades to a WebSocket that has joined the room.',
    parameters: [
      since,
      { name: 'username', in: 'query', schema: { type: 'string' } },
      { name: 'history', in: 'query', schema: { type: 'integer', minimum: 0, maximum: 100 } },
    ],
    responses: { '101': { description: 'A WebSocket.' }, ...refusals() },
  },
];
