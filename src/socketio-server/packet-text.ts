import { memoizeByIdentity } from '../following/memoize-by-identity.ts';
import type { EnginePacket } from './engine-packet.ts';

/**
 * Socket.IO packets as text, made without parsing what is in them: `argumentsText` is a JSON array,
 * such as a line of the protocol, `["message",{…}]`. No text here may hold a binary value.
 */

/** An EVENT: `2["message",{…}]`. */
export function eventText(namespace: string, argumentsText: string): string {
  return `2${namespacePrefix(namespace)}${argumentsText}`;
}

const mainEvents = memoizeByIdentity((argumentsTexts: readonly string[]) =>
  eventsOf('/', argumentsTexts),
);

/** EVENTs, made once for all sockets of the main namespace that are given the same list. */
export function eventPackets(
  namespace: string,
  argumentsTexts: readonly string[],
): readonly EnginePacket[] {
  return namespace === '/' ? mainEvents(argumentsTexts) : eventsOf(namespace, argumentsTexts);
}

function eventsOf(namespace: string, argumentsTexts: readonly string[]): readonly EnginePacket[] {
  return argumentsTexts.map((text) => ({ type: 'message', data: eventText(namespace, text) }));
}

/** An ACK: `317[{"ok":true}]`. */
export function ackText(namespace: string, ackId: number, argumentsText: string): string {
  return `3${namespacePrefix(namespace)}${ackId}${argumentsText}`;
}

/**
 * The arguments in the text of an EVENT or ACK, as the client wrote them; empty when it has none.
 * Only for text that the parser has found to be such a packet, and without binary parts.
 */
export function readArgumentsText(packetText: string): string {
  const from = packetText[1] === '/' ? packetText.indexOf(',') : 1;
  const start = from < 0 ? -1 : packetText.indexOf('[', from);
  return start < 0 ? '' : packetText.slice(start);
}

/** The main namespace is not named. */
function namespacePrefix(namespace: string): string {
  return namespace === '/' ? '' : `${namespace},`;
}
