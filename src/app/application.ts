import type { App } from '../protocol/app.ts';
import type { JsonObject } from '../protocol/app-room.ts';
import { wrongSignalName } from '../protocol/signals.ts';
import {
  type AnySchema,
  jsonSchemaOf,
  parseWith,
  type SchemaDraft,
} from '../protocol/standard-schema.ts';
import type { Application, KindRule } from '../room/application.ts';
import type { AnyDefinition, SignalDefinition } from './define.ts';
import { refuse } from './define.ts';
import { isAsynchronous } from './is-asynchronous.ts';

/**
 * The application in the form that rooms use.
 * @throws Error that says what is not allowed: a reserved name, or an asynchronous schema
 */
export function applicationOf(app: App): Application {
  const {
    signals = {},
    kinds = {},
    commands = {},
    beforeMessage,
  } = app['~parlor'] as AnyDefinition;
  for (const name of [...Object.keys(signals), ...Object.keys(commands)]) assertName(name);
  for (const name of Object.keys(kinds)) assertSpelling(name);
  for (const name of Object.keys(commands)) {
    if (Object.hasOwn(signals, name))
      throw wrong(name, 'is both a signal and a command: rename one');
  }
  return {
    signals: mapOf(signals, (definition, name) => {
      const { schema, crowd } = signalOf(definition);
      assertSynchronous(`The signal ${name}`, schema);
      return { crowd, read: (payload) => objectBy(schema, payload), ...described(schema) };
    }),
    kinds: mapOf(kinds, ({ data: schema, text, count, counted }, name) => {
      assertSynchronous(`The kind ${name}`, schema, text, count);
      return {
        read: (data) => objectBy(schema, data, 'data'),
        ...described(schema),
        ...(text && { text }),
        ...(count && { count: count as NonNullable<KindRule['count']> }),
        ...(counted && { counted }),
      };
    }),
    commands: mapOf(commands, ({ payload: schema, reads = false, handle }, name) => {
      assertSynchronous(`The command ${name}`, schema, handle);
      return { reads, handle, read: (payload) => parseWith(schema, payload), ...described(schema) };
    }),
    ...(beforeMessage && { beforeMessage: judgeBy(beforeMessage) }),
  };
}

function judgeBy(
  beforeMessage: NonNullable<AnyDefinition['beforeMessage']>,
): NonNullable<Application['beforeMessage']> {
  assertSynchronous('beforeMessage', beforeMessage);
  return (room, draft) => {
    const verdict = beforeMessage(room, draft) ?? undefined;
    if (verdict instanceof Promise) throw new Error('beforeMessage is asynchronous.');
    if (verdict === undefined) return undefined;
    if ('refuse' in verdict) throw refuse(verdict.refuse);
    return verdict.replace;
  };
}

function described(schema: AnySchema): { schemaIn: (draft: SchemaDraft) => JsonObject } {
  return { schemaIn: (draft) => jsonSchemaOf(schema, draft) };
}

function signalOf(definition: SignalDefinition<AnySchema>): { schema: AnySchema; crowd: boolean } {
  if ('~standard' in definition) return { schema: definition, crowd: false };
  return { schema: definition.schema, crowd: definition.crowd };
}

function objectBy(schema: AnySchema, given: unknown, within?: string): JsonObject {
  const read = parseWith(schema, given, within);
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as JsonObject;
  throw new Error('The schema gives something that is no JSON object.');
}

function mapOf<D, R>(
  definitions: Readonly<Record<string, D>>,
  make: (definition: D, name: string) => R,
): ReadonlyMap<string, R> {
  return new Map(
    Object.entries(definitions).map(([name, definition]) => [name, make(definition, name)]),
  );
}

function assertName(name: string): void {
  const why = wrongSignalName(name);
  if (why !== undefined) throw wrong(name, why);
}

/** A kind is in a field of its own, so it may have the name of a command. */
function assertSpelling(name: string): void {
  if (!/^[\p{L}\p{N}][\p{L}\p{N}_ .:/-]{0,63}$/u.test(name)) {
    throw wrong(name, 'must be 1 to 64 letters, digits, spaces, or _ . : / -');
  }
}

function assertSynchronous(whose: string, ...parts: unknown[]): void {
  if (!parts.some((part) => part !== undefined && isAsynchronous(part))) return;
  throw new Error(
    `src/app.ts: ${whose} is asynchronous; a room decides at once, so make it synchronous.`,
  );
}

function wrong(name: string, why: string): Error {
  return new Error(`src/app.ts: The name "${name}" ${why}.`);
}
