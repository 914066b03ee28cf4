import { answered, positionSchema, refusals } from './openapi-parts.ts';
import type { OtherRoute } from './other-routes.ts';

const JSON_TYPE = 'application/json';

/** The routes of webhooks, incoming and outgoing, as `/openapi.json` describes them. */
export const webhookDescriptions: readonly OtherRoute[] = [
  {
    method: 'GET',
    path: '/rooms/:roomId/hook',
    operationId: 'getHook',
    summary: 'Where the outgoing webhook stands in the room; for admins.',
    responses: {
      '200': answered('Its position, and what fails.', JSON_TYPE, {
        type: 'object',
        properties: {
          position: positionSchema,
          isWaiting: { type: 'boolean' },
          failingSince: { type: 'number' },
          reason: { type: 'string' },
        },
        required: ['position', 'isWaiting'],
      }),
      ...refusals(),
    },
  },
  {
    method: 'POST',
    path: '/rooms/:roomId/hook',
    operationId: 'replayHook',
    summary: 'Sends the changes of the room after a position again; for admins.',
    requestBody: {
      required: true,
      content: {
        [JSON_TYPE]: {
          schema: { type: 'object', properties: { from: positionSchema }, required: ['from'] },
        },
      },
    },
    responses: {
      '202': answered('Begun.', JSON_TYPE, { type: 'object' }),
      ...refusals({ hasBody: true }),
    },
  },
  {
    method: 'POST',
    path: '/rooms/:roomId/incoming/:id',
    operationId: 'sayIncoming',
    summary:
      'Sends a message as an incoming webhook: Slack-style JSON, or the text itself. The id is the key in its address.',
    security: [],
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'The id of the message: sent again, nothing happens.',
        schema: { type: 'string', minLength: 1, maxLength: 64 },
      },
    ],
    requestBody: {
      required: true,
      content: {
        [JSON_TYPE]: {
          schema: {
            type: 'object',
            properties: { text: { type: 'string' }, username: { type: 'string' } },
            required: ['text'],
          },
        },
        'text/plain': { schema: { type: 'string' } },
      },
    },
    responses: {
      '201': answered('Sent.', JSON_TYPE, { type: 'object' }),
      '200': answered('It had been sent before.', JSON_TYPE, { type: 'object' }),
      ...refusals({ hasBody: true }),
    },
  },
];
