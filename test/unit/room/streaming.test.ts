import { describe, expect, it } from 'vitest';
import { fixed } from '../../../src/protocol/codes/limits.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { checkIndex } from '../../support/check-index.ts';
import { admin, DAY_MS, exportOf, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { seeded } from '../../support/seeded.ts';
import { playStream } from '../../support/stream-play.ts';
import { refusal } from '../../support/visitor.ts';
import { Listener } from './listener.ts';
import { withHarness } from './with-harness.ts';

const bot = person('bot');
const alice = person('alice');

/** A room in which `bot` streams the message `seq` 1, of which `text` is there. */
function streamed(text = 'Hello', extra: object = {}): RoomAtHand {
  const room = new RoomAtHand();
  room.ask(bot, 'message', { message: '', streaming: true, id: 'b-1', ...extra });
  if (text !== '') append(room, 0, text);
  return room;
}

function append(room: RoomAtHand, offset: number, text: string) {
  return room.ask(bot, 'appendMessage', { seq: 1, offset, text });
}

function refused(room: RoomAtHand, offset: number, text: string, who = bot) {
  return refusal(room.execute(who, 'appendMessage', { seq: 1, offset, text }));
}

function shown(room: RoomAtHand): Message {
  return room.ask(alice, 'getMessage', { seq: 1 }).message;
}

function search(room: RoomAtHand, query: string): number[] {
  return room.ask(alice, 'searchMessages', { query }).results.map(({ seq }) => seq);
}

describe('appending', () => {
  it('[STRM2] grows the text for all who read it, at one rev each', () => {
    const room = streamed();
    expect(append(room, 5, ', world')).toEqual({ ok: true, seq: 1, rev: 3, length: 12 });
    expect(shown(room)).toMatchObject({ seq: 1, rev: 3, message: 'Hello, world', streaming: true });
    const { messages } = room.ask(alice, 'getMissed', { after: '0:0' });
    expect(messages).toEqual([shown(room)]);
  });

  it('[STRM1] begins with the text that came with the message', () => {
    const room = streamed('', { message: 'so ' });
    append(room, 3, 'far');
    expect(shown(room).message).toBe('so far');
  });

  it('[STRM3] is idempotent by offset: what is there is left out', () => {
    const room = streamed();
    const { rev } = room;
    expect(append(room, 0, 'Hell')).toMatchObject({ rev, length: 5, duplicate: true });
    expect(append(room, 3, 'lo')).toMatchObject({ rev, length: 5, duplicate: true });
    expect(append(room, 3, 'lo, you')).toEqual({ ok: true, seq: 1, rev: rev + 1, length: 10 });
    expect(shown(room).message).toBe('Hello, you');
  });

  it('refuses other text, and an offset beyond the end, with the length', () => {
    const room = streamed();
    for (const [offset, text] of [
      [0, 'Help'],
      [6, 'x'],
      [4, 'x'],
    ] as const) {
      expect(refused(room, offset, text)).toMatchObject({ code: 'conflict', length: 5 });
    }
    expect(shown(room).message).toBe('Hello');
  });

  it('counts in UTF-16 units and never splits a surrogate pair', () => {
    const room = streamed('a😀');
    expect(refused(room, 2, '\ude00b')).toMatchObject({ code: 'invalid_payload', field: 'text' });
    expect(refused(room, 3, 'b\ud83d')).toMatchObject({ code: 'invalid_payload', field: 'text' });
    expect(refused(room, 2, 'b')).toMatchObject({ code: 'conflict', length: 3 });
    expect(append(room, 1, '😀שלום 你好')).toMatchObject({ length: 10 });
    expect(shown(room).message).toBe('a😀שלום 你好');
  });

  it('is for its sender alone, and for those who may send', () => {
    const room = streamed();
    expect(refused(room, 5, 'x', alice).code).toBe('forbidden');
    room.ask(admin, 'muteMember', { userId: 'bot' });
    expect(refused(room, 5, 'x').code).toBe('muted');
    expect(refusal(room.execute(bot, 'appendMessage', { seq: 9, offset: 0, text: 'x' })).code).toBe(
      'muted',
    );
    room.ask(admin, 'unmuteMember', { userId: 'bot' });
    expect(refusal(room.execute(bot, 'appendMessage', { seq: 9, offset: 0, text: 'x' })).code).toBe(
      'message_not_found',
    );
  });

  it('[STRM10] ends at MAX_STREAM_BYTES, in UTF-8', () => {
    const room = streamed('語'.repeat(21_845));
    expect(refused(room, 21_845, 'ab')).toMatchObject({ code: 'too_large', field: 'text' });
    expect(append(room, 21_845, 'a').length).toBe(21_846);
    const begin = { message: 'a'.repeat(65_537), streaming: true };
    expect(refusal(room.execute(bot, 'message', begin)).code).toBe('too_large');
  });

  it('[ADM14] takes 20 appends a second to a message, and 40 at once', () => {
    const room = streamed('');
    for (let at = 0; at < fixed.appendBurst; at++) append(room, at, 'x');
    expect(refused(room, 40, 'x')).toMatchObject({ code: 'rate_limited', retryAfterMs: 50 });
    room.now += 50;
    append(room, 40, 'x');
    // Others, and the user's other streams, are not held back.
    room.ask(bot, 'message', { message: 'and so on', streaming: true });
  });

  it('[ADM15] lets a user stream four messages of a room at a time', () => {
    const room = streamed();
    const begin = { message: '', streaming: true };
    const seqs = [1, 2, 3].map(() => room.ask(bot, 'message', begin).message.seq);
    expect(refusal(room.execute(bot, 'message', begin)).code).toBe('rate_limited');
    // One that is there already is answered all the same.
    expect(room.ask(bot, 'message', { ...begin, id: 'b-1' }).duplicate).toBe(true);
    room.ask(alice, 'message', begin);
    room.ask(bot, 'finishMessage', { seq: seqs[0]! });
    room.ask(bot, 'message', begin);
  });

  it('[STRM4] shares rev, row and event among the appends of one flush', () => {
    withHarness({}, (harness) => {
      const writer = new Listener(harness, bot);
      const reader = new Listener(harness, alice);
      writer.ask('message', { message: '', streaming: true });
      for (const [offset, text] of ['He', 'llo', ', world'].map((text, at) => [
        [0, 2, 5][at],
        text,
      ])) {
        writer.say('appendMessage', { seq: 1, offset, text }, 10 + Number(offset));
      }
      harness.flush();
      const revs = writer.lines.flatMap(([name, ref, reply]) =>
        name === 'ack' && Number(ref) >= 10 ? [(reply as unknown as Message).rev] : [],
      );
      expect(revs).toEqual([2, 2, 2]);
      const event = { roomId: 'harness', seq: 1, rev: 2, offset: 0, text: 'Hello, world' };
      expect(reader.heard('messageAppended')).toEqual([['messageAppended', event]]);
      expect(harness.file.all('SELECT * FROM chunks')).toHaveLength(1);
      // The next flush has its own.
      writer.ask('appendMessage', { seq: 1, offset: 12, text: '!' });
      expect(reader.heard('messageAppended').at(-1)![1]).toMatchObject({ rev: 3, text: '!' });
    });
  });

  it('gives whoever joins within a flush a state that does not grow under its rev', () => {
    withHarness({}, (harness) => {
      const writer = new Listener(harness, bot);
      writer.ask('message', { message: '', streaming: true });
      writer.say('appendMessage', { seq: 1, offset: 0, text: 'one' });
      const late = { heard: [] as string[], buffered: 0, closed: () => undefined };
      harness.connect(alice, { since: '0:0' }, { ...late, hear: (text) => late.heard.push(text) });
      writer.say('appendMessage', { seq: 1, offset: 3, text: ' two' });
      harness.flush();
      const lines = late.heard.flatMap((text) =>
        text.split('\n').map((line) => JSON.parse(line) as [string, { missed: Message[] }]),
      );
      expect(lines[0]![1].missed).toMatchObject([{ rev: 2, message: 'one' }]);
      expect(lines[1]).toEqual([
        'messageAppended',
        { roomId: 'harness', seq: 1, rev: 3, offset: 3, text: ' two' },
      ]);
    });
  });

  it('lets the other connections of its sender hear it, in whatever flush', () => {
    withHarness({}, (harness) => {
      const one = new Listener(harness, bot);
      const two = new Listener(harness, bot);
      one.ask('message', { message: '', streaming: true });
      one.say('appendMessage', { seq: 1, offset: 0, text: 'a' });
      two.say('appendMessage', { seq: 1, offset: 1, text: 'b' });
      one.say('appendMessage', { seq: 1, offset: 2, text: 'c' });
      harness.flush();
      const texts = (who: Listener) => who.heard('messageAppended').map(([, { text }]) => text);
      expect([texts(one), texts(two)]).toEqual([['b'], ['a', 'c']]);
    });
  });

  it('stores as much for each append, however long the text is', () => {
    withHarness({ COMMAND_BURST: '100000' }, (harness) => {
      const writer = new Listener(harness, bot);
      writer.ask('message', { message: '', streaming: true });
      const writes: number[] = [];
      for (let at = 0; at < 600; at++) {
        harness.pass(50);
        const before = harness.sql.writes;
        writer.ask('appendMessage', { seq: 1, offset: at * 100, text: 'x'.repeat(100) });
        writes.push(harness.sql.writes - before);
      }
      // A chunk, the message's rev and the room's own.
      expect(new Set(writes)).toEqual(new Set([3]));
      const [sizes] = harness.file.all<{ text: number; own: number }>(
        `SELECT (SELECT sum(length(text)) FROM chunks) AS text,
          (SELECT length(message) FROM messages) AS own`,
      );
      expect(sizes).toEqual({ text: 60_000, own: 0 });
      expect(writer.ask('finishMessage', { seq: 1 }).ok).toBe(true);
      expect(harness.file.all('SELECT * FROM chunks')).toEqual([]);
    });
  });
});

describe('the end of a stream', () => {
  it('[STRM5] tells of it without the text, and leaves a message like any other', () => {
    const room = streamed();
    const reader = room.join(alice);
    expect(room.ask(bot, 'finishMessage', { seq: 1 })).toMatchObject({
      rev: 3,
      length: 5,
      status: 'done',
    });
    expect(reader.heard('messageAppended')).toEqual([
      { roomId: room.roomId, seq: 1, rev: 3, offset: 5, text: '', status: 'done' },
    ]);
    expect(shown(room)).toMatchObject({ message: 'Hello', rev: 3 });
    expect(shown(room)).not.toHaveProperty('streaming');
    expect(shown(room)).not.toHaveProperty('status');
    room.ask(bot, 'editMessage', { seq: 1, message: 'edited' });
    expect(room.count('streams') + room.count('chunks')).toBe(0);
  });

  it.each(['stopped', 'failed'] as const)('says that it was %s', (status) => {
    const room = streamed();
    room.ask(bot, 'finishMessage', { seq: 1, status });
    expect(shown(room)).toMatchObject({ message: 'Hello', status });
  });

  it('may be sent again, as may the last append, and takes nothing more', () => {
    const room = streamed();
    room.ask(bot, 'finishMessage', { seq: 1, status: 'stopped' });
    const { rev } = room;
    expect(room.ask(bot, 'finishMessage', { seq: 1 })).toMatchObject({ rev, status: 'stopped' });
    expect(append(room, 3, 'lo')).toMatchObject({ rev, duplicate: true, status: 'stopped' });
    expect(refused(room, 5, '!')).toMatchObject({ code: 'conflict', length: 5 });
    expect(room.rev).toBe(rev);
  });

  it('[STRM6] comes by itself as interrupted after a minute of silence, over a crash too', () => {
    const room = streamed();
    room.now += 30_000;
    append(room, 5, '!');
    const began = room.now;
    room.crash();
    const reader = room.join(alice);
    room.now = began + 59_999;
    room.wake();
    expect(shown(room).streaming).toBe(true);
    expect(room.wakeAt).toBe(began + 60_000);
    room.now = began + 60_000;
    expect(room.wakeWhileDue()).toBe(1);
    expect(room.wakeAt).toBeUndefined();
    expect(shown(room)).toMatchObject({ message: 'Hello!', status: 'interrupted' });
    expect(reader.heard('messageAppended')).toMatchObject([{ offset: 6, status: 'interrupted' }]);
    expect(room.failures).toEqual([]);
  });

  it('is put off by a sign of life, which is an append of nothing', () => {
    const room = streamed();
    room.now += 50_000;
    const { rev } = room;
    expect(append(room, 5, '')).toEqual({ ok: true, seq: 1, rev, length: 5 });
    room.now += 50_000;
    room.wakeWhileDue();
    expect(shown(room).streaming).toBe(true);
    room.now += 10_000;
    room.wakeWhileDue();
    expect(shown(room).status).toBe('interrupted');
  });

  it('interrupts many, a step at a time', () => {
    const room = new RoomAtHand();
    for (let user = 0; user < 120; user++) {
      room.ask(person(`u${user}`), 'message', { message: `text ${user}`, streaming: true });
    }
    room.now += 60_000;
    expect(room.wakeWhileDue()).toBe(3);
    expect(room.count('streams')).toBe(0);
    expect(search(room, 'text')).toHaveLength(20);
  });

  it('[STRM9] is where search begins and mentions count', () => {
    const room = new RoomAtHand();
    room.ask(alice, 'message', { message: 'hello' });
    const begin = { message: 'xylograph', streaming: true, mentions: ['alice'] };
    const { seq } = room.ask(bot, 'message', begin).message;
    const { you } = room.join(alice).joined;
    expect([you.unread, you.unreadMentions, search(room, 'xylograph')]).toEqual([1, 0, []]);
    room.ask(bot, 'finishMessage', { seq });
    expect(room.join(alice).joined.you.unreadMentions).toBe(1);
    expect(search(room, 'xylograph')).toEqual([seq]);
    checkIndex(room.file);
  });
});

describe('stopping a stream', () => {
  it('[STRM8] asks its sender, once, and tells with the next append', () => {
    const room = streamed();
    const writer = room.join(bot);
    const reader = room.join(alice);
    room.ask(alice, 'stopMessage', { seq: 1 });
    room.ask(alice, 'stopMessage', { seq: 1 });
    expect(writer.heard('stopRequested')).toEqual([{ roomId: room.roomId, seq: 1, by: 'alice' }]);
    expect(reader.heard('stopRequested')).toEqual([]);
    room.crash();
    expect(append(room, 5, '!')).toMatchObject({ length: 6, stopRequested: true });
    room.ask(bot, 'finishMessage', { seq: 1, status: 'stopped' });
    expect(room.ask(alice, 'stopMessage', { seq: 1 })).toEqual({ ok: true });
  });

  it('is refused to those who may not send, and where there is no message', () => {
    const room = streamed();
    room.ask(admin, 'setRole', { userId: 'alice', role: 'viewer' });
    const ask = (who: typeof alice, seq: number) =>
      refusal(room.execute(who, 'stopMessage', { seq })).code;
    expect([ask(alice, 1), ask(bot, 7)]).toEqual(['forbidden', 'message_not_found']);
  });
});

describe('a message that streams', () => {
  it('cannot be edited, and can be deleted with all that was stored of it', () => {
    const room = streamed('xylograph');
    const edit = { seq: 1, message: 'x' };
    expect(refusal(room.execute(bot, 'editMessage', edit)).code).toBe('conflict');
    const { message } = room.ask(admin, 'deleteMessage', { seq: 1 });
    expect(message).toMatchObject({ message: '', deletedAt: room.now });
    expect(message).not.toHaveProperty('streaming');
    expect(shown(room)).toEqual(message);
    expect(room.count('streams') + room.count('chunks')).toBe(0);
    expect(refused(room, 9, 'x').code).toBe('message_not_found');
    checkIndex(room.file);
  });

  it('takes reactions, whose states hold its text', () => {
    const room = streamed();
    const { message } = room.ask(alice, 'addReaction', { seq: 1, emoji: '👍' });
    expect(message).toMatchObject({ message: 'Hello', streaming: true, reactions: { '👍': 1 } });
    expect(append(room, 5, '!').rev).toBe(4);
    expect(shown(room)).toMatchObject({ message: 'Hello!', rev: 4, reactions: { '👍': 1 } });
  });

  it('leaves no trace when its sender, or one whom it mentions, is erased', () => {
    const room = streamed('xylograph', { mentions: ['quintessa-7'] });
    const erase = (userId: string) => {
      while (!room.ask(admin, 'eraseUser', { userId }).done);
    };
    erase('quintessa-7');
    expect(shown(room)).toMatchObject({ message: 'xylograph', streaming: true });
    expect(room.bytes().includes('quintessa')).toBe(false);
    erase('bot');
    expect(shown(room)).toMatchObject({ message: '', senderId: '' });
    expect(room.bytes().includes('xylograph')).toBe(false);
    expect(room.count('streams') + room.count('chunks')).toBe(0);
  });

  it('goes with what is pruned', () => {
    const room = streamed();
    room.ask(admin, 'updateRoom', { retentionDays: 1 });
    const at = room.now;
    for (let kept = 0; kept < 30; kept++) {
      room.now += DAY_MS / 24;
      append(room, 5 + kept, '!');
    }
    room.now = at + DAY_MS + 1;
    room.wakeWhileDue();
    expect(room.count('messages') + room.count('streams') + room.count('chunks')).toBe(0);
  });

  it('[STRM11] is exported with its text, and imported as interrupted', () => {
    const room = streamed();
    room.ask(bot, 'message', { message: 'x', streaming: true });
    room.ask(bot, 'finishMessage', { seq: 3, status: 'failed' });
    const text = exportOf(room);
    const copy = new RoomAtHand(room.roomId);
    copy.ask(admin, 'importRoom', { text, line: 1 });
    const { messages } = copy.ask(alice, 'getHistory', {});
    expect(messages).toMatchObject([
      { message: 'Hello', status: 'interrupted' },
      { message: 'x', status: 'failed' },
    ]);
    expect(messages[0]).not.toHaveProperty('streaming');
    expect(search(copy, 'Hello')).toEqual([1]);
    expect(room.bytes().length).toBeGreaterThan(0);
  });
});

it.each([1, Math.floor(Math.random() * 2 ** 31)])(
  '[STRM7] reads the same for whoever stayed, came late or came back, at the price of its text (seed %i)',
  (seed) => {
    const [short, long] = [300, 600].map((appends) =>
      withHarness({ COMMAND_BURST: '100000' }, (harness) =>
        playStream(harness, seeded(seed), appends),
      ),
    );
    // Twice the appends of half the size write twice the rows: none grows with the text.
    expect(long!.rows / short!.rows).toBeLessThan(2.1);
    expect(long!.stored / short!.stored).toBeLessThan(2.1);
    expect(short!.text).toBeGreaterThan(65_000);
  },
);
