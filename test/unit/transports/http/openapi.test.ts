import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { applicationOf } from '../../../../src/app/application.ts';
import { openApi } from '../../../../src/transports/http/openapi.ts';
import { operations as table } from '../../../../src/protocol/commands.ts';
import { errorCodes } from '../../../../src/protocol/codes/errors.ts';
import app from '../../../fixtures/app.ts';
import { httpApp } from '../../../support/http-app.ts';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: object;
}

interface Operation {
  operationId: string;
  summary: string;
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { $ref?: string; description?: string }>;
}

interface Description {
  openapi: string;
  paths: Record<string, Record<string, Operation> & { parameters?: Parameter[] }>;
  components: { schemas: Record<string, object>; responses: Record<string, object> };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const description = JSON.parse(JSON.stringify(openApi('1.2.3'))) as Description;

/** Every operation, written as "GET /rooms/{roomId}". */
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  METHODS.flatMap((method) => {
    const operation = methods[method];
    return operation === undefined ? [] : [{ method, path, operation, shared: methods.parameters }];
  }),
);

it('/openapi.json describes every route of the transport, and no other', () => {
  const { app, rooms } = httpApp();
  rooms.close();
  const served = app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(served.length).toBeGreaterThan(20);
  expect(described.toSorted()).toEqual([...new Set(served)].toSorted());
});

const withApplication = JSON.parse(
  JSON.stringify(openApi('1.2.3', applicationOf(app))),
) as Description;

it.each([
  ['without an application', description],
  ['with an application that declares commands, signals and kinds', withApplication],
])('/openapi.json is valid by the official schema of OpenAPI 3.1, %s', async (_, made) => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(made) as never)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  // The official schema does not check the JSON Schemas in it.
  const ajv = new Ajv2020({ strict: false });
  const schemas = schemasIn(made);
  expect(schemas.length).toBeGreaterThan(100);
  for (const schema of schemas) {
    const isValid = ajv.validateSchema(schema as object);
    expect([isValid, ajv.errors], JSON.stringify(schema)).toEqual([true, null]);
  }
});

/** Every outermost JSON Schema in a part of the description. */
function schemasIn(part: unknown, key?: string): unknown[] {
  if (typeof part !== 'object' || part === null) return [];
  if (key === 'schema') return [part];
  if (key === 'schemas') return Object.values(part);
  return Object.entries(part).flatMap(([name, value]) => schemasIn(value, name));
}

it('/openapi.json declares OpenAPI 3.1, and names every operation once', () => {
  expect(description.openapi).toBe('3.1.0');
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { operation } of operations) expect(operation.summary).toMatch(/^[A-Z].+\.$/);
});

it('/openapi.json has one name for each segment of a path, whatever the method', () => {
  const shapes = Object.keys(description.paths).map((path) => path.replaceAll(/\{\w+\}/g, '{}'));
  expect(shapes).toEqual([...new Set(shapes)]);
});

it('/openapi.json refers only to its own definitions', () => {
  const refs = [...JSON.stringify(description).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
    ([, path = '']) => path,
  );
  expect(refs.length).toBeGreaterThan(100);
  for (const path of new Set(refs)) {
    const found = path
      .split('/')
      .reduce<unknown>(
        (at, key) => (at as Record<string, unknown> | undefined)?.[key],
        description,
      );
    expect(found, path).toBeTypeOf('object');
  }
  expect(JSON.stringify(description)).not.toContain('"$id"');
});

it('/openapi.json has a parameter for each segment of a path, and each field in one place', () => {
  for (const { method, path, operation, shared = [] } of operations) {
    const about = `${method} ${path}`;
    const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(
      shared.map(({ name }) => name),
      about,
    ).toEqual(places);
    for (const parameter of shared) expect(parameter).toMatchObject({ in: 'path', required: true });
    const { parameters = [], requestBody } = operation;
    for (const { in: place } of parameters) expect(['query', 'header'], about).toContain(place);
    const schema = requestBody?.content['application/json']?.schema;
    const { properties = {} } = (schema ?? {}) as { properties?: object };
    const names = [...places, ...parameters.map(({ name }) => name), ...Object.keys(properties)];
    expect(new Set(names).size, about).toBe(names.length);
    expect(schema === undefined || Object.keys(properties).length > 0, about).toBe(true);
  }
});

it('/openapi.json names all parameters for opening a socket', () => {
  const { parameters = [] } = operations.find(
    ({ operation }) => operation.operationId === 'openSocket',
  )!.operation;
  const { roomId: _, gather: __, ...join } = table.joinRoom.payload.shape;
  expect(parameters.map(({ name }) => name).toSorted()).toEqual(Object.keys(join).toSorted());
});

it('/openapi.json says which fields of a body may be null, and that a compressed one is refused', () => {
  const { requestBody, responses } = operations.find(
    ({ operation }) => operation.operationId === 'message',
  )!.operation;
  const { schema } = requestBody!.content['application/json'] as { schema: object };
  const body = z.fromJSONSchema(schema as never);
  const nulls = { id: null, replyTo: null, mentions: null, meta: null, sender: null };
  expect(body.safeParse({ message: 'a', ...nulls }).success).toBe(true);
  expect(body.safeParse({ message: 7 }).success).toBe(false);
  expect(responses).toHaveProperty('415');
});

it('/openapi.json lists every error code with its status', () => {
  const responses = JSON.stringify(description.components.responses);
  for (const [code, { status }] of Object.entries(errorCodes)) {
    // These cannot occur over HTTP, which has no joins and no sockets.
    if (code === 'not_joined' || code === 'too_many_rooms') continue;
    const response = description.components.responses[`Refused${status}`] as {
      description: string;
    };
    expect(response.description, code).toContain(`\`${code}\``);
  }
  expect(responses).not.toContain('not_joined');
});

it('/openapi.json has schemas that a validator accepts, and that fit examples', () => {
  const { schemas } = description.components;
  const message = {
    roomId: 'r',
    seq: 1,
    rev: 2,
    id: 'a',
    senderId: 'u',
    sender: 'U',
    message: 'hi',
    timestamp: 3,
  };
  for (const name of Object.keys(schemas)) expect(validatorOf(name), name).toBeDefined();
  expect(validatorOf('Message').safeParse(message).success).toBe(true);
  expect(validatorOf('Message').safeParse({ ...message, seq: 'one' }).success).toBe(false);
  expect(
    validatorOf('GetHistoryReply').safeParse({ messages: [message], hasMore: false }).success,
  ).toBe(true);
  expect(validatorOf('GetHistoryReply').safeParse({ messages: [{}], hasMore: false }).success).toBe(
    false,
  );
  const isPolled = (...events: unknown[]) =>
    validatorOf('Polled').safeParse({ position: 'e:2', events }).success;
  expect(isPolled(['message', message])).toBe(true);
  expect(isPolled(['cursor', { x: 1 }], ['shout', 'a', null, [2]], ['nudge'])).toBe(true);
  for (const event of ['message', [], [7, message]]) expect(isPolled(event)).toBe(false);
});

/** A validator for a schema of the description, with the schemas that it refers to. */
function validatorOf(name: string): z.ZodType {
  const schema = { $ref: `#/components/schemas/${name}`, $defs: description.components.schemas };
  const text = JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/');
  return z.fromJSONSchema(JSON.parse(text) as never);
}
