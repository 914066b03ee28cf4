import { answered, positionSchema, refusals } from './openapi-parts.ts';
import type { OtherRoute } from './other-routes.ts';

const JSON_TYPE = 'application/json';

/** The routes of the outgoing webhook, as `/openapi.json` describes them. */
export const hookDescriptions: readonly OtherRoute[] = [
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
];
