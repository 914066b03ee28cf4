import type { Message, Room } from '../../src/client/index.ts';

/**
 * `seq` of the first message from a moment on, by halving the room: some 15 questions for a room of
 * 30,000 messages. @param moment epoch milliseconds
 * @returns undefined where nothing was said from then on
 * @throws Refused
 */
export async function firstSeqFrom(room: Room, moment: number): Promise<number | undefined> {
  let before = 0;
  let from = (room.state.messages.at(-1)?.seq ?? 0) + 1;
  let found: number | undefined;
  while (from - before > 1) {
    const middle = (before + from) >> 1;
    // oxlint-disable-next-line no-await-in-loop -- each question depends on the answer before
    const message = await firstAfter(room, middle);
    if (message === undefined || message.seq >= from) from = middle;
    else if (message.timestamp < moment) before = message.seq;
    else {
      found = message.seq;
      from = middle;
    }
  }
  return found;
}

/** The first message from this `seq` on; some numbers are changes and no messages. */
async function firstAfter(room: Room, seq: number): Promise<Message | undefined> {
  const { messages } = await room.ask('getHistory', { after: seq - 1, limit: 1 });
  return messages[0];
}
