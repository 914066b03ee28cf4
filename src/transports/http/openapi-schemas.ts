import * as z from 'zod';
import { operations, type RequestName } from '../../protocol/commands.ts';
import { type ErrorCode, errorCodes } from '../../protocol/codes/errors.ts';
import { eventNames, events } from '../../protocol/events.ts';
import { memberSchema, messageSchema, roomSchema } from '../../protocol/objects.ts';
import { type Json, schemaPath, schemaRef } from './openapi-parts.ts';

/** The events that a poll can return: all but `error`, which answers a command. */
const polled = eventNames.filter((name) => name !== 'error');

export const problemSchema = z.object({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode]),
  message: z.string(),
  field: z.string().optional(),
  retryAfterMs: z.number().optional(),
  current: messageSchema.optional(),
  length: z.number().optional(),
});

const named = {
  Message: messageSchema,
  Member: memberSchema,
  Room: roomSchema,
  Problem: problemSchema,
  Refusal: z.object({ error: problemSchema }),
  Health: z.object({
    ok: z.boolean(),
    version: z.string(),
    protocol: z.number(),
    host: z.enum(['node', 'edge']),
    /** The most bytes that a message's text may have, in UTF-8. */
    messageBytes: z.number().optional(),
  }),
  /** The answer of a long poll, with events as tuples of name and payload, signals of name and arguments. */
  Polled: z.object({
    position: z.string(),
    events: z.array(
      z.union([
        ...polled.map((name) => z.tuple([z.literal(name), events[name].payload])),
        z.tuple([z.string()], z.unknown()),
      ]),
    ),
    reset: z.literal(true).optional(),
  }),
} as const;

/** The schemas of all answers, by name, and a reference to the reply of each operation. */
export function answerSchemas(answered: Iterable<RequestName>): {
  schemas: Json;
  replyRef: (operation: RequestName) => Json;
} {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  for (const operation of answered) {
    const { reply } = operations[operation];
    // Operations with the same reply share a schema.
    if (!registry.has(reply)) registry.add(reply, { id: nameOfReply(operation) });
  }
  const made = z.toJSONSchema(registry, { io: 'input', uri: schemaPath });
  return {
    schemas: Object.fromEntries(
      Object.entries(made.schemas).map(([id, schema]) => [id, bare(schema as Json)]),
    ),
    replyRef: (operation) => schemaRef(registry.get(operations[operation].reply)?.id ?? ''),
  };
}

/** The fields of an operation's payload, and which of them are required. */
export function payloadFields(operation: RequestName): {
  properties: Record<string, Json>;
  required: readonly string[];
} {
  const schema = z.toJSONSchema(operations[operation].payload, { io: 'input' });
  const { properties = {}, required = [] } = schema;
  return { properties: properties as Record<string, Json>, required };
}

function nameOfReply(operation: string): string {
  return `${operation[0]?.toUpperCase()}${operation.slice(1)}Reply`;
}

/** A schema without `$schema`, which the description has once, and `$id`: parts have no address. */
function bare({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}
