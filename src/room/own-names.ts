import { Refusal } from '../protocol/codes/errors.ts';
import type { Command } from '../protocol/frames.ts';
import { assertAlone } from '../protocol/payloads.ts';
import { isObject } from '../protocol/shape.ts';
import { wrongSignalName } from '../protocol/signals.ts';
import type { Application } from './application.ts';

/** The protocol's operation that runs an application's own command or signal. */
export interface Asked {
  name: 'runCommand' | 'sendSignal';
  payload: unknown;
  /** The depth at which the payload counts: its parts must not count deeper than in the client's tuple. */
  level: number;
}

/** With 0, arguments in a list inside the payload count at depth 2, as in the client's tuple. */
const LEVEL = 0;

/**
 * Turns a command whose name is not in the protocol into an operation: a command of the application, or
 * a signal.
 * @param isOpen whether signals that are not declared are passed on
 * @throws Refusal `unknown_command`
 */
export function operationOf(
  { name, payload, more }: Command,
  { commands, signals }: Application,
  isOpen: boolean,
): Asked {
  const { roomId } = (payload ?? {}) as { roomId?: unknown };
  const own = { roomId, name, data: payload };
  if (commands?.has(name) === true) {
    assertAlone(name, more);
    return { name: 'runCommand', payload: own, level: LEVEL };
  }
  if (signals?.has(name) === true || (isOpen && wrongSignalName(name) === undefined)) {
    const isPlain = payload === undefined || (isObject(payload) && more === undefined);
    const given = isPlain ? own : { roomId, name, args: [payload, ...(more ?? [])] };
    return { name: 'sendSignal', payload: given, level: LEVEL };
  }
  throw new Refusal('unknown_command', 'There is no such command; see the protocol for the list.');
}

/** The names by which an application's commands and signals are called. */
export function namesOf({ commands, signals }: Application): ReadonlySet<string> {
  return new Set([...(commands?.keys() ?? []), ...(signals?.keys() ?? [])]);
}
