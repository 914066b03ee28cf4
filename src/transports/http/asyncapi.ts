import * as z from 'zod';
import { commandNames, operations, transportCommands } from '../../protocol/commands.ts';
import { eventNames, events } from '../../protocol/events.ts';
import { inboxCommands, type InboxEntry } from '../../protocol/inbox-commands.ts';
import { inboxEvents } from '../../protocol/inbox-events.ts';
import { presentSchema } from '../../protocol/objects.ts';
import type { Application } from '../../room/application.ts';
import { type Json, keyOf } from './openapi-parts.ts';
import { problemSchema } from './openapi-schemas.ts';

const DESCRIPTION =
  'What sockets of rooms and inboxes carry. A text frame holds one or more of these messages, one a line. Over Socket.IO, at /socket.io/, a command is an emitted event with the payload as its argument, a reply is the argument of its callback, and events are events.';

/** A command or an event, by name, with JSON Schemas. */
interface Described {
  payload: Json;
  /** Only of a command. */
  reply?: Json;
  summary?: string;
}

/** What one channel carries. */
interface Carried {
  commands: ReadonlyMap<string, Described>;
  events: ReadonlyMap<string, Described>;
  /** The first tuple of a socket, and the reply in it. */
  opening: [name: string, reply: Json];
}

/** The description of the native transport, in AsyncAPI 3.0. @param own what the application declares */
export function asyncApi(version: string, own: Application = {}): Json {
  const channels = { room: roomCarries(own), inbox: inboxCarries() };
  return {
    asyncapi: '3.0.0',
    info: { title: 'Parlor', version, description: DESCRIPTION },
    defaultContentType: 'application/json',
    channels: {
      room: {
        address: '/rooms/{roomId}/ws',
        parameters: { roomId: { description: 'The room, as one percent-encoded segment.' } },
        messages: messagesOf(channels.room),
      },
      inbox: { address: '/inbox/ws', messages: messagesOf(channels.inbox) },
    },
    operations: {
      ...operationsOf('room', channels.room),
      ...operationsOf('inbox', channels.inbox),
    },
    components: { schemas: { Problem: schemaOf(problemSchema), ...kindsOf(own) } },
  };
}

function roomCarries({ signals = new Map(), commands = new Map() }: Application): Carried {
  const sender = schemaOf(presentSchema.extend({ roomId: z.string() }));
  return {
    commands: new Map<string, Described>([
      ...commandNames.map((name) => [name, commandOf(operations[name])] as const),
      ...Object.entries(transportCommands).map(([name, one]) => [name, commandOf(one)] as const),
      ...[...commands].map(
        ([name, rule]) => [name, { payload: rule.schemaIn(DRAFT), reply: ANY_OBJECT }] as const,
      ),
      ...[...signals].map(
        ([name, rule]) => [name, { payload: rule.schemaIn(DRAFT), reply: ANY_OBJECT }] as const,
      ),
    ]),
    events: new Map<string, Described>([
      ...eventNames.map((name) => [name, { payload: schemaOf(events[name].payload) }] as const),
      ...[...signals].map(
        ([name, rule]) => [name, { payload: { allOf: [rule.schemaIn(DRAFT), sender] } }] as const,
      ),
    ]),
    opening: ['joined', schemaOf(operations.joinRoom.reply)],
  };
}

function inboxCarries(): Carried {
  const all = Object.entries(inboxCommands) as [string, InboxEntry][];
  return {
    commands: new Map(
      all.filter(([, { http }]) => http !== true).map(([name, one]) => [name, commandOf(one)]),
    ),
    events: new Map(
      Object.entries(inboxEvents).map(([name, payload]) => [name, { payload: schemaOf(payload) }]),
    ),
    opening: ['inbox', schemaOf(inboxCommands.openInbox.reply)],
  };
}

const DRAFT = 'draft-07';
const ANY_OBJECT = { type: 'object' };

function commandOf(entry: {
  payload: z.ZodType;
  reply: z.ZodType;
  summary?: string | undefined;
}): Described {
  const { payload, reply, summary } = entry;
  return {
    payload: schemaOf(payload),
    reply: schemaOf(reply),
    ...(summary !== undefined && { summary }),
  };
}

function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: DRAFT });
  return rest;
}

/** The schema of `data` for each kind of message. */
function kindsOf({ kinds = new Map() }: Application): Json {
  return Object.fromEntries(
    [...kinds].map(([name, rule]) => [keyOf(`kind.${name}`), rule.schemaIn(DRAFT)]),
  );
}

const REF = { type: 'integer', minimum: 0 };
const REFUSAL = {
  type: 'object',
  properties: { ok: { const: false }, error: { $ref: '#/components/schemas/Problem' } },
  required: ['ok', 'error'],
};

/** The schema of a JSON array of these elements, in order; the optional ones may be missing. */
function tuple(needed: readonly Json[], optional: readonly Json[] = []): Json {
  const items = [...needed, ...optional];
  return { type: 'array', items, minItems: needed.length, maxItems: items.length };
}

function resultOf(reply: Json): Json {
  const isOk = { type: 'object', properties: { ok: { const: true } }, required: ['ok'] };
  return { anyOf: [{ allOf: [isOk, reply] }, REFUSAL] };
}

function messagesOf({ commands, events: all, opening: [name, reply] }: Carried): Json {
  const messages: Json = {
    [keyOf(name)]: { name, payload: tuple([{ const: name }, resultOf(reply)]) },
    position: { name: 'position', payload: tuple([{ const: 'position' }, { type: 'string' }]) },
  };
  for (const [command, about] of commands) {
    const payload = tuple([{ const: command }, about.payload], [REF]);
    const answer = tuple([{ const: 'ack' }, REF, resultOf(about.reply ?? ANY_OBJECT)]);
    messages[keyOf(`${command}.command`)] = { name: command, payload };
    messages[keyOf(`${command}.reply`)] = { name: 'ack', payload: answer };
  }
  for (const [event, { payload }] of all) {
    messages[keyOf(`${event}.event`)] = {
      name: event,
      payload: tuple([{ const: event }, payload]),
    };
  }
  return messages;
}

function operationsOf(channel: string, { commands, events: all, opening }: Carried): Json {
  const at = { $ref: `#/channels/${channel}` };
  const message = (key: string) => ({ $ref: `#/channels/${channel}/messages/${keyOf(key)}` });
  const send = (key: string) => ({ action: 'send', channel: at, messages: [message(key)] });
  const made: Json = {
    [`${channel}.send.${opening[0]}`]: send(opening[0]),
    [`${channel}.send.position`]: send('position'),
  };
  for (const [name, { summary }] of commands) {
    made[`${channel}.receive.${keyOf(name)}`] = {
      action: 'receive',
      channel: at,
      ...(summary !== undefined && { summary }),
      messages: [message(`${name}.command`)],
      reply: { channel: at, messages: [message(`${name}.reply`)] },
    };
  }
  for (const name of all.keys()) made[`${channel}.send.${keyOf(name)}`] = send(`${name}.event`);
  return made;
}
