import * as z from 'zod';
import { isOptional, nullAsAbsent } from './absent.ts';
import { invalidField, Refusal } from './codes/errors.ts';
import {
  commandNames,
  type CommandName,
  type OperationName,
  operationNames,
  operations,
  type Payload,
  transportCommands,
} from './commands.ts';
import { readFields } from './read-fields.ts';

/** For each operation, the fields of its payload in which null is absent. */
export const nullFields = Object.fromEntries(
  operationNames.map((name) => [name, nullAsAbsent(operations[name].payload)]),
) as Record<OperationName, ReadonlySet<string>>;

const commands: ReadonlySet<string> = new Set(commandNames);

export function isCommandName(name: string): name is CommandName {
  return commands.has(name);
}

export function assertCommandName(name: string): asserts name is CommandName {
  if (commands.has(name)) return;
  throw new Refusal('unknown_command', 'There is no such command; see the protocol for the list.');
}

/**
 * Checks that a command has no argument besides its payload.
 * @throws Refusal for a file in a second argument, for instance, which would be lost
 */
export function assertAlone(name: string, more: readonly unknown[] = []): void {
  if (more.length === 0) return;
  throw new Refusal('invalid_payload', `Send ${name} with one argument, a JSON object.`);
}

/** The token of a `refreshToken`. @throws Refusal `invalid_payload` */
export function readToken(payload: unknown): string {
  const result = transportCommands.refreshToken.payload.safeParse(payload);
  if (result.success) return result.data.token;
  throw invalidField('token', 'must be a string');
}

/** How text in a path or a query is converted to a field of a payload. */
export function kindOf(name: OperationName, field: string): 'whole' | 'flag' | 'text' {
  const schema = fieldsOf(name)[field];
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodNumber) return 'whole';
  return inner instanceof z.ZodBoolean ? 'flag' : 'text';
}

/** The fields of a payload except the room's id. */
export function fieldsOf(name: OperationName): Readonly<Record<string, z.core.$ZodType>> {
  const { roomId: _, ...fields } = operations[name].payload.shape;
  return fields;
}

/** Whether a field of a payload may be absent. */
export function isOptionalField(name: OperationName, field: string): boolean {
  return isOptional(operations[name].payload, field);
}

/** A command's payload. @throws Refusal `invalid_payload` that names the first invalid field */
export function readPayload<N extends OperationName>(name: N, payload: unknown): Payload<N> {
  return readFields(operations[name].payload, nullFields[name], payload) as Payload<N>;
}
