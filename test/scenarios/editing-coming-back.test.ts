import { expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { forEachTransport, newRoom, type OpenTransport } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, type Visitor } from '../support/visitor.ts';

const MESSAGES = 720;
/** How many users send messages, in turn, and then change their own. */
const SPEAKERS = 4;

type Kept = Omit<Message, 'replyCount'>;
type Held = Map<number, Kept>;

/** Keeps a state of a message unless a newer one is held. */
function take(held: Held, { replyCount: _, ...message }: Message): void {
  const known = held.get(message.seq);
  if (known === undefined || known.rev <= message.rev) held.set(message.seq, message);
}

function inOrder(held: Held): Kept[] {
  return [...held.values()].toSorted((a, b) => a.seq - b.seq);
}

/** The messages that a client has which only received events. */
function listenedTo(visitor: Visitor): Held {
  const held: Held = new Map();
  for (const { kind, name, payload } of visitor.stream) {
    if (kind !== 'event') continue;
    if (name === 'message') take(held, payload as Message);
    if (name === 'messageUpdated') {
      const { change: _, by: __, ...message } = payload as Message & { change: string; by: string };
      take(held, message);
    }
    if (name !== 'reactionsUpdated') continue;
    const { seq, rev, reactions } = payload as Message;
    const { reactions: _, ...rest } = held.get(seq)!;
    const isSome = Object.keys(reactions ?? {}).length > 0;
    held.set(seq, { ...rest, rev, ...(isSome && { reactions }) });
  }
  return held;
}

/** Joins with a position and reads on until nothing is missed. @returns how many pages it took */
async function comeBack(who: Visitor, roomId: string, since: string, held: Held): Promise<number> {
  const joined = ok(await who.join(roomId, { since }));
  let pages = 1;
  for (const message of joined.missed ?? []) take(held, message);
  let { position, complete } = joined;
  while (complete === false) {
    const page = ok(await who.command('getMissed', { roomId, after: position }));
    for (const message of page.messages) take(held, message);
    ({ position, complete } = page);
    pages++;
  }
  return pages;
}

async function reload(who: Visitor, roomId: string): Promise<Held> {
  const held: Held = new Map();
  let before: number | undefined;
  for (let hasMore = true; hasMore;) {
    const page = ok(
      await who.command('getHistory', { roomId, limit: 100, ...(before && { before }) }),
    );
    for (const message of page.messages) take(held, message);
    ({ hasMore } = page);
    before = page.messages[0]?.seq;
  }
  return held;
}

/** Has each message edited or deleted by its sender, or reacted to by the next speaker, or both. */
async function changeAll(speakers: Visitor[], roomId: string, said: Message[]): Promise<void> {
  await Promise.all(
    said.map(async ({ seq }, at) => {
      const who = speakers[at % speakers.length]!;
      const other = speakers[(at + 1) % speakers.length]!;
      const emoji = ['👍', '👎', '🎉'][at % 3]!;
      switch (at % 5) {
        case 0:
        case 1:
          ok(await who.command('editMessage', { roomId, seq, message: `line ${at}, better` }));
          break;
        case 2:
          ok(await who.command('deleteMessage', { roomId, seq }));
          break;
        case 3:
          ok(await other.command('addReaction', { roomId, seq, emoji }));
          break;
        default:
          ok(await other.command('addReaction', { roomId, seq, emoji }));
          ok(await who.command('editMessage', { roomId, seq, message: `line ${at}, twice` }));
          ok(await other.command('removeReaction', { roomId, seq, emoji }));
      }
    }),
  );
}

async function enterAll(transport: OpenTransport, roomId: string): Promise<Visitor[]> {
  const entered = await Promise.all(
    Array.from({ length: SPEAKERS }, (_, at) => transport.enter(`speaker ${at}`, roomId)),
  );
  return entered.map(({ visitor }) => visitor);
}

forEachTransport(
  (transport) => {
    it('[SYNC1] is the same after listening, after resuming over 700 changes, and after a reload', async () => {
      const roomId = newRoom();
      const { visitor: listener } = await transport.enter('listener', roomId);
      const speakers = await enterAll(transport, roomId);
      const said = await Promise.all(
        Array.from({ length: MESSAGES }, (_, at) =>
          say(speakers[at % SPEAKERS]!, roomId, `line ${at}`),
        ),
      );
      const { visitor: traveller } = await transport.enter('traveller', roomId);
      const held = await reload(traveller, roomId);
      const { position } = ok(await traveller.join(roomId));
      await traveller.drop();
      expect(held.size).toBe(MESSAGES);

      await changeAll(speakers, roomId, said);
      const last = await say(speakers[0]!, roomId, 'that was all');
      await listener.hears('message', ({ seq }) => seq === last.seq);
      expect(last.rev).toBeGreaterThan(MESSAGES + 700);

      const back = transport.visit({ token: await tokenFor('traveller') });
      const pages = await comeBack(back, roomId, position, held);
      expect(pages).toBeGreaterThanOrEqual(2);
      const fresh = await reload(back, roomId);
      expect(fresh.size).toBe(MESSAGES + 1);
      expect(inOrder(held)).toEqual(inOrder(fresh));
      expect(inOrder(listenedTo(listener))).toEqual(inOrder(fresh));
      const everything: Held = new Map();
      const { visitor: newcomer } = await transport.enter('newcomer', roomId);
      await comeBack(newcomer, roomId, '0:0', everything);
      expect(inOrder(everything)).toEqual(inOrder(fresh));
      const kinds = [...fresh.values()].map((message) =>
        message.deletedAt !== undefined
          ? 'deleted'
          : message.editedAt !== undefined
            ? 'edited'
            : message.reactions !== undefined
              ? 'reacted'
              : 'plain',
      );
      const count = (kind: string) => kinds.filter((each) => each === kind).length;
      expect(['deleted', 'edited', 'reacted', 'plain'].map(count)).toEqual([144, 432, 144, 1]);
    });
  },
  { COMMAND_BURST: '100000' },
);
