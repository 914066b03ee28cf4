import type { Message } from '../../src/protocol/objects.ts';
import type { OpenTransport } from './for-each-transport.ts';
import { ok, type Visitor } from './visitor.ts';

/** Messages that one user can send at once after joining, within the default rate limit. */
const AT_ONCE = 180;

/**
 * Sends `count` messages to a room, by as many users as the rate limit requires.
 * @returns all messages in the room's order
 */
export async function talk(
  transport: OpenTransport,
  roomId: string,
  count: number,
  textOf = (at: number) => `line ${at}`,
): Promise<Message[]> {
  const speakers = await Promise.all(
    Array.from({ length: Math.ceil(count / AT_ONCE) }, async (_, at) => {
      const { visitor } = await transport.enter(`talker ${at} ${crypto.randomUUID()}`, roomId);
      return visitor;
    }),
  );
  const sent = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      say(speakers[at % speakers.length]!, roomId, textOf(at)),
    ),
  );
  await Promise.all(speakers.map((speaker) => speaker.close()));
  return sent.toSorted((a, b) => a.seq - b.seq);
}

/** Sends one message. */
export async function say(speaker: Visitor, roomId: string, message: string): Promise<Message> {
  return ok(await speaker.command('message', { roomId, message })).message;
}

/** All messages of a room that a visitor has received, its own included, each once and in order. */
export function seenBy(visitor: Visitor): Message[] {
  const seen = new Map<number, Message>();
  for (const { kind, name, payload } of visitor.stream) {
    const shown = kind === 'event' ? { message: payload } : (payload as object);
    for (const message of messagesIn(name, shown)) seen.set(message.seq, message);
  }
  return [...seen.values()].toSorted((a, b) => a.seq - b.seq);
}

function messagesIn(name: string, shown: object): Message[] {
  if (name === 'message' && 'message' in shown) return [shown.message as Message];
  const { messages = [], missed = [] } = shown as { messages?: Message[]; missed?: Message[] };
  return [...messages, ...missed];
}
