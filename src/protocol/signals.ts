import { operationNames, transportCommands } from './commands.ts';
import { eventNames } from './events.ts';
import { inboxCommands } from './inbox-commands.ts';

/** Names that the protocol, the client library and Socket.IO use beside commands and events. */
const CONTROL = [
  'ack',
  'joined',
  'position',
  'events',
  'inbox',
  'reset',
  'change',
  'status',
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
  'constructor',
  'prototype',
];

/** Names that no application may give its own events: an event of any other name is a signal. */
export const reserved: ReadonlySet<string> = new Set([
  ...operationNames,
  ...Object.keys(transportCommands),
  ...eventNames,
  ...Object.keys(inboxCommands),
  'conversationUpdated',
  'conversationRemoved',
  'inboxTotals',
  ...CONTROL,
]);

/** Letters, digits, spaces and a few signs, so that a name needs no escaping in a line. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_ .:/-]{0,63}$/u;

/** What is wrong with the name of an application's own event, completing "name …". */
export function wrongSignalName(name: string): string | undefined {
  if (reserved.has(name)) return 'is a name of the protocol, of the client library or of Socket.IO';
  return NAME.test(name) ? undefined : 'must be 1 to 64 letters, digits, spaces, or _ . : / -';
}
