import type { Room } from '../../src/client/index.ts';

/**
 * `seq` of the first message at or after a moment. @param moment epoch milliseconds
 * @returns undefined if there is no such message
 * @throws Refused
 */
export async function firstSeqFrom(room: Room, moment: number): Promise<number | undefined> {
  const at = Math.max(0, moment);
  const { messages } = await room.ask('getHistory', { at, limit: 1 });
  return messages[0]?.seq;
}
