import type { Context } from 'hono';
import type { Application } from '../../room/application.ts';
import { nullFields } from '../../protocol/payloads.ts';
import { answered, type Json, keyOf, refusalResponses, refusals } from './openapi-parts.ts';
import { answerSchemas, payloadFields } from './openapi-schemas.ts';
import { otherOperations, otherRoutes } from './other-routes.ts';
import { type RoomRoute, roomRoutes } from './room-routes.ts';

/** `GET /openapi.json` or `GET /asyncapi.json`: a description, made at the first request. */
export function descriptionRoute(
  describe: (version: string, own: Application) => Json,
  version: string,
  own: Application,
) {
  let made: string | undefined;
  return (c: Context): Response => {
    made ??= JSON.stringify(describe(version, own));
    return c.body(made, 200, { 'content-type': 'application/json' });
  };
}

const SUMMARY = 'Chat rooms over HTTP.';
const DESCRIPTION =
  'Each route does what the command of the same meaning does at the other transports, and is heard by those present. A request speaks as the identity of its token, without joining the room.';
const TOKEN = 'Says who is speaking. May be left out where guests are let in.';

/** The description of the HTTP transport, in OpenAPI 3.1. @param own what the application declares */
export function openApi(version: string, own: Application = {}): Json {
  const { schemas, replyRef } = answerSchemas([
    ...roomRoutes.map(({ operation }) => operation),
    ...otherOperations,
  ]);
  const paths: Record<string, Json> = {};
  const add = (method: string, path: string, operation: Json) => {
    const template = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[template] = { ...(paths[template] ?? pathOf(path)), [method.toLowerCase()]: operation };
  };
  for (const { method, path, ...operation } of otherRoutes) add(method, path, operation);
  for (const route of roomRoutes) {
    add(route.method, `/rooms/:roomId${route.path}`, operationOf(route, replyRef(route.operation)));
  }
  for (const { path, ...operation } of ownRoutes(own)) add('POST', path, operation);
  return {
    openapi: '3.1.0',
    info: { title: 'Parlor', version, summary: SUMMARY, description: DESCRIPTION },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: { ...schemas, ...kindSchemas(own) },
      responses: refusalResponses(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: TOKEN },
      },
    },
  };
}

interface OwnRoute extends Json {
  path: string;
}

/** The commands and signals of the application, each at its own path. */
function ownRoutes({ commands = new Map(), signals = new Map() }: Application): OwnRoute[] {
  return [
    ...[...commands].map(([name, rule]) => ownRoute('commands', name, rule.schemaIn(DRAFT))),
    ...[...signals].map(([name, rule]) => ownRoute('signals', name, rule.schemaIn(DRAFT))),
  ];
}

function ownRoute(folder: 'commands' | 'signals', name: string, data: Json): OwnRoute {
  const schema = { type: 'object', properties: { data } };
  return {
    path: `/rooms/:roomId/${folder}/${encodeURIComponent(name)}`,
    operationId: `${folder}.${keyOf(name)}`,
    summary: `The application's own: ${name}.`,
    requestBody: { required: false, content: { 'application/json': { schema } } },
    responses: {
      '200': answered('Done.', 'application/json', { type: 'object' }),
      ...refusals({ hasBody: true }),
    },
  };
}

/** The schema of a message's `data`, for each kind. */
function kindSchemas({ kinds = new Map() }: Application): Json {
  return Object.fromEntries(
    [...kinds].map(([name, rule]) => [keyOf(`Kind.${name}`), rule.schemaIn(DRAFT)]),
  );
}

const DRAFT = 'draft-2020-12';

const pathSchemas: Record<string, Json> = {
  roomId: { type: 'string', minLength: 1, maxLength: 128 },
  userId: { type: 'string', minLength: 1, maxLength: 128 },
  seq: { type: 'integer', minimum: 1 },
};

/** What all methods of a path share. */
function pathOf(path: string): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  if (names.length === 0) return {};
  return {
    parameters: names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: pathSchemas[name] ?? { type: 'string' },
    })),
  };
}

function operationOf(route: RoomRoute, reply: Json): Json {
  const { properties, required } = payloadFields(route.operation);
  const parameters = Object.entries(route.query).map(([name, { field }]) => ({
    name,
    in: 'query',
    required: required.includes(field),
    schema: properties[field],
  }));
  const answer = answered('Done.', 'application/json', reply);
  return {
    operationId: route.operation,
    summary: route.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== 'none' && { requestBody: bodyOf(route) }),
    responses: {
      ...(route.creates && { '201': answer }),
      '200': route.creates ? { ...answer, description: 'It had been done before.' } : answer,
      ...refusals({ hasBody: route.body !== 'none' }),
    },
  };
}

/** The fields of the payload that are neither in the path nor in the query. */
function bodyOf({ operation, fields, query, body }: RoomRoute): Json {
  const { properties, required } = payloadFields(operation);
  const elsewhere = new Set([
    'roomId',
    ...Object.keys(fields),
    ...Object.values(query).map(({ field }) => field),
  ]);
  const isHere = (name: string) => !elsewhere.has(name);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => isHere(name))
        .map(([name, field]) => [name, nullFields[operation].has(name) ? orNull(field) : field]),
    ),
    required: required.filter(isHere),
  };
  return { required: body === 'needed', content: { 'application/json': { schema } } };
}

/** A schema that also allows null, as one without a type already does. */
function orNull(schema: Json): Json {
  const { type } = schema;
  return typeof type === 'string' ? { ...schema, type: [type, 'null'] } : schema;
}
