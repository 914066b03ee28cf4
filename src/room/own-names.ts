import { Refusal } from '../protocol/codes/errors.ts';
import type { Command } from '../protocol/frames.ts';
import { wrongSignalName } from '../protocol/signals.ts';
import type { Application } from './application.ts';

/** The operation of the protocol by which a room does what an application has named. */
export interface Asked {
  name: 'runCommand' | 'sendSignal';
  payload: unknown;
}

/**
 * A command that is none of the protocol, as an operation: a command of the application, or a signal.
 * @param isOpen whether signals that are not declared are passed on
 * @throws Refusal `unknown_command`
 */
export function operationOf(
  { name, payload }: Command,
  { commands, signals }: Application,
  isOpen: boolean,
): Asked {
  const { roomId } = (payload ?? {}) as { roomId?: unknown };
  const own = { roomId, name, data: payload };
  if (commands?.has(name) === true) return { name: 'runCommand', payload: own };
  if (signals?.has(name) === true || (isOpen && wrongSignalName(name) === undefined)) {
    return { name: 'sendSignal', payload: own };
  }
  throw new Refusal('unknown_command', 'There is no such command; see the protocol for the list.');
}

/** The names by which an application's commands and signals are called. */
export function namesOf({ commands, signals }: Application): ReadonlySet<string> {
  return new Set([...(commands?.keys() ?? []), ...(signals?.keys() ?? [])]);
}
