import * as z from 'zod';
import { commandNames, operations, traits } from '../src/protocol/commands.ts';
import { inboxCommands } from '../src/protocol/inbox-commands.ts';
import { inboxEvents } from '../src/protocol/inbox-events.ts';
import { conversationSchema, notifySchema, totalsSchema } from '../src/protocol/inbox-objects.ts';
import { errorCodes } from '../src/protocol/codes/errors.ts';
import { eventNames, events } from '../src/protocol/events.ts';
import {
  fileSchema,
  memberSchema,
  messageSchema,
  presentSchema,
  reactionSchema,
  receiptSchema,
  roomSchema,
  youSchema,
} from '../src/protocol/objects.ts';

/** The part of JSON Schema that the protocol's schemas use. */
interface Schema {
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  type?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | false;
}

const objects = {
  Message: messageSchema,
  FileInfo: fileSchema,
  Conversation: conversationSchema,
  Notify: notifySchema,
  Totals: totalsSchema,
  Member: memberSchema,
  Present: presentSchema,
  Reaction: reactionSchema,
  Receipt: receiptSchema,
  RoomInfo: roomSchema,
  You: youSchema,
};

/** Types of the protocol for the client's declarations that are not made from schemas. */
const REST = `
export type CommandName = keyof Payloads;
export type Payload<N extends CommandName> = Payloads[N];
export type Reply<N extends CommandName> = Replies[N];

export type InboxCommandName = keyof InboxPayloads;
export type InboxPayload<N extends InboxCommandName> = InboxPayloads[N];
export type InboxReply<N extends InboxCommandName> = InboxReplies[N];

export type InboxEventName = keyof InboxEvents;
export type InboxEventPayload<N extends InboxEventName> = InboxEvents[N];

export type EventName = keyof Events;
export type EventPayload<N extends EventName> = Events[N];

/** A refusal as it is sent. */
export interface Problem {
  code: ErrorCode;
  /** One plain sentence that says what to do. */
  message: string;
  /** Which field of the payload did not fit, with dots between levels. */
  field?: string;
  /** How long to wait before trying again, in milliseconds. */
  retryAfterMs?: number;
  /** With \`conflict\`: the current state of what was to be changed. */
  current?: unknown;
  /** With the \`conflict\` of an append: how long the text is, in UTF-16 units. */
  length?: number;
}

/** The answer to a command. */
export type Result<R extends object = object> = ({ ok: true } & R) | { ok: false; error: Problem };
`;

/** The protocol's types in plain TypeScript, for users of the client, who do not have the schemas. */
export function protocolTypes(): string {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(objects)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io: 'input', uri: (id) => id });
  const named = Object.entries(made.schemas as Record<string, Schema>).map(
    ([id, schema]) => `export type ${id} = ${typeOf(schema)};`,
  );
  const connectionCommands = commandNames.filter((name) => traits.get(name)?.via === 'connection');
  return [
    '/** Made from the schemas of the protocol. */',
    ...named,
    table('Payloads', commandNames, (name) => operations[name].payload, registry),
    table('Replies', commandNames, (name) => operations[name].reply, registry),
    table('Events', eventNames, (name) => events[name].payload, registry),
    ...inboxTables(registry),
    `export type ConnectionCommand = ${namesOf(connectionCommands)};`,
    `export type ErrorCode = ${namesOf(Object.keys(errorCodes))};`,
    REST,
  ].join('\n');
}

/** The commands, replies and events of an inbox. */
function inboxTables(registry: Registry): string[] {
  const commands = Object.keys(inboxCommands) as (keyof typeof inboxCommands)[];
  const names = Object.keys(inboxEvents) as (keyof typeof inboxEvents)[];
  return [
    table('InboxPayloads', commands, (name) => inboxCommands[name].payload, registry),
    table('InboxReplies', commands, (name) => inboxCommands[name].reply, registry),
    table('InboxEvents', names, (name) => inboxEvents[name], registry),
  ];
}

function namesOf(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(' | ');
}

type Registry = z.core.$ZodRegistry<{ id: string }>;

function table<N extends string>(
  name: string,
  keys: readonly N[],
  schemaOf: (key: N) => z.ZodType,
  metadata: Registry,
): string {
  const rows = keys.map((key) => {
    const schema = schemaOf(key);
    const { id } = metadata.get(schema) ?? {};
    const made = z.toJSONSchema(schema, { io: 'input', metadata }) as Schema;
    return `  ${key}: ${id ?? typeOf(made)};`;
  });
  return `interface ${name} {\n${rows.join('\n')}\n}`;
}

function typeOf(schema: Schema): string {
  const { $ref, anyOf, properties, required = [], items, additionalProperties } = schema;
  if ($ref !== undefined) return $ref.replace(/^.*\//, '');
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return namesOf(schema.enum as string[]);
  if (items !== undefined) return `Array<${typeOf(items)}>`;
  if (properties !== undefined) return objectOf(properties, required);
  if (additionalProperties) return `Record<string, ${typeOf(additionalProperties)}>`;
  if (schema.type === 'integer') return 'number';
  return schema.type ?? 'unknown';
}

function objectOf(properties: Record<string, Schema>, required: readonly string[]): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const isNeeded = required.includes(name);
    return `${name}${isNeeded ? '' : '?'}: ${typeOf(schema)}${isNeeded ? '' : ' | undefined'};`;
  });
  return fields.length === 0 ? 'Record<string, never>' : `{ ${fields.join(' ')} }`;
}
