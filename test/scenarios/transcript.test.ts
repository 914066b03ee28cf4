import { expect, it } from 'vitest';
import { transportsOf } from '../support/transports.ts';
import {
  barrier,
  newRoom,
  open,
  type OpenTransport,
  useHosts,
} from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { namelessToken } from '../support/tokens.ts';
import { ok, refusal, type Visitor } from '../support/visitor.ts';

const hosts = useHosts({}, { atRelays: true });
const transports = transportsOf(true);

it('an afternoon in a room looks the same at every transport, except for ids, times and epochs', async () => {
  const transcripts = await Promise.all(
    transports.map(async (transport) => transcriptOf(await spendAfternoon(open(transport, hosts)))),
  );
  const [first, ...others] = transcripts;
  expect(first?.length).toBeGreaterThan(50);
  for (const [at, transcript] of others.entries()) {
    expect(transcript, `${transports[at + 1]?.name} against ${transports[0]?.name}`).toEqual(first);
  }
});

interface Afternoon {
  roomId: string;
  /** Every connection that took part, by name. */
  people: Record<string, Visitor>;
}

/** An afternoon in a room: some of most commands, one after the other. */
async function spendAfternoon(transport: OpenTransport): Promise<Afternoon> {
  const roomId = newRoom('afternoon');
  const { visitor: alice } = await transport.enter('alice', roomId, { since: '0:0', history: 5 });
  await say(alice, roomId, 'hello');
  const { visitor: bob } = await transport.enter('bob', roomId, { history: 5 });
  await alice.hears('userJoined');

  ok(await bob.command('message', { roomId, message: 'hi Alice', id: 'b-1', sender: 'Eve' }));
  ok(await bob.command('message', { roomId, message: 'hi again', id: 'b-1' }));
  bob.tell('message', { roomId, message: '' });
  await bob.hears('error');
  ok(await bob.command('typing', { roomId }));
  refusal(await bob.command('message', { roomId, message: 'x'.repeat(8_193), id: 'b-2' }));
  refusal(await bob.command('dance', { roomId }));

  const reply = {
    roomId,
    message: 'a reply',
    replyTo: 1,
    mentions: ['bob'],
    meta: { mood: 'fine' },
  };
  ok(await alice.command('message', reply));
  ok(await bob.command('editMessage', { roomId, seq: 2, message: 'hi, Alice!' }));
  refusal(await alice.command('editMessage', { roomId, seq: 2, message: 'not mine' }));
  ok(await alice.command('addReaction', { roomId, seq: 2, emoji: '🎉' }));
  ok(await alice.command('addReaction', { roomId, seq: 2, emoji: '🎉' }));
  ok(await alice.command('getReactions', { roomId, seq: 2 }));
  ok(await alice.command('removeReaction', { roomId, seq: 2, emoji: '🎉' }));
  ok(await bob.command('markRead', { roomId, readUpTo: 3 }));
  await alice.hears('readReceipts');
  ok(await alice.command('deleteMessage', { roomId, seq: 1 }));
  refusal(await bob.command('setRole', { roomId, userId: 'bob', role: 'owner' }));
  ok(await alice.command('updateRoom', { roomId, topic: 'tea' }));
  ok(await alice.command('pinMessage', { roomId, seq: 2 }));
  refusal(await bob.command('unpinMessage', { roomId, seq: 2 }));
  await barrier(roomId, bob, [alice]);

  const zed = transport.visit({ token: await namelessToken('u-26') });
  ok(await zed.join(roomId, { username: 'Zed', since: '0:0', history: 3 }));
  await say(zed, roomId, 'from one without a name');
  ok(await zed.command('getHistory', { roomId, around: 2, limit: 3 }));
  ok(await zed.command('getMissed', { roomId, after: '0:0', limit: 2 }));
  ok(await zed.command('getMissed', { roomId, after: 'another-life:1' }));
  ok(await zed.command('getMembers', { roomId }));
  ok(await zed.command('searchMessages', { roomId, query: 'alice' }));
  ok(await zed.command('leaveRoom', { roomId }));
  refusal(await zed.command('message', { roomId, message: 'from outside' }));
  await alice.hears('userLeft');
  ok(await alice.command('muteMember', { roomId, userId: 'bob' }));
  refusal(await bob.command('message', { roomId, message: 'may I?' }));
  await barrier(roomId, alice, [bob]);
  const since = bob.position(roomId);
  await bob.drop();
  await alice.hears('userLeft', ({ userId }) => userId === 'bob');
  await say(alice, roomId, 'bob is gone');
  const { visitor: back } = await transport.enter('bob', roomId, { since });
  await alice.until('bob again', () => alice.heard('userJoined').length === 3);
  await barrier(roomId, alice, [back]);
  ok(await zed.join(roomId, { username: 'Not Zed' }));
  await back.hears('userJoined');
  await alice.until('zed again', () => alice.heard('userJoined').length === 4);
  return { roomId, people: { alice, bob, back, zed } };
}

const TIMES = new Set([
  'timestamp',
  'createdAt',
  'expiresAt',
  'editedAt',
  'deletedAt',
  'mutedUntil',
  'retryAfterMs',
]);
const MADE = /\b(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/g;

/** What each connection received, in order, with placeholders for values that differ from room to room. */
function transcriptOf({ roomId, people }: Afternoon): string[] {
  const known = new Map<string, string>();
  const nameOf = (id: string) => {
    if (!known.has(id)) known.set(id, `<made ${known.size}>`);
    return known.get(id)!;
  };
  return Object.entries(people).flatMap(([who, { stream }]) =>
    stream.map((heard) => {
      const text = JSON.stringify(heard, (key, value: unknown) =>
        TIMES.has(key) && value !== 0 ? '<time>' : value,
      );
      return `${who}: ${text.replaceAll(roomId, '<room>').replaceAll(MADE, nameOf)}`;
    }),
  );
}
