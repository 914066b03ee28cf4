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

/** A room in which `bot` streams the message with `seq` 1, so far with `text`. */
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

describe('an append', () => {
  it('[STRM2] makes the text longer for every reader, and takes one rev', () => {
    const room = streamed();
    expect(append(room, 5, ', world')).toEqual({ ok: true, seq: 1, rev: 3, length: 12 });
    expect(shown(room)).toMatchObject({ seq: 1, rev: 3, message: 'Hello, world', streaming: true });
    const { messages } = room.ask(alice, 'getMissed', { after: '0:0' });
    expect(messages).toEqual([shown(room)]);
  });

  it('[STRM1] continues the text that the message began with', () => {
    const room = streamed('', { message: 'so ' });
    append(room, 3, 'far');
    expect(shown(room).message).toBe('so far');
  });

  it('[STRM3] is idempotent by offset: text that is already there is skipped', () => {
    const room = streamed();
    const { rev } = room;
    expect(append(room, 0, 'Hell')).toMatchObject({ rev, length: 5, duplicate: true });
    expect(append(room, 3, 'lo')).toMatchObject({ rev, length: 5, duplicate: true });
    expect(append(room, 3, 'lo, you')).toEqual({ ok: true, seq: 1, rev: rev + 1, length: 10 });
    expect(shown(room).message).toBe('Hello, you');
  });

  it('is refused with the current length if it has other text or an offset beyond the end', () => {
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

  it("is allowed only to the message's sender, and only while they may send", () => {
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

  it('[STRM10] is refused beyond MAX_STREAM_BYTES, counted in UTF-8', () => {
    const room = streamed('語'.repeat(21_845));
    expect(refused(room, 21_845, 'ab')).toMatchObject({ code: 'too_large', field: 'text' });
    expect(append(room, 21_845, 'a').length).toBe(21_846);
    const begin = { message: 'a'.repeat(65_537), streaming: true };
    expect(refusal(room.execute(bot, 'message', begin)).code).toBe('too_large');
  });

  it('[ADM14] is allowed 20 times a second for a message, with a burst of 40', () => {
    const room = streamed('');
    for (let at = 0; at < fixed.appendBurst; at++) append(room, at, 'x');
    expect(refused(room, 40, 'x')).toMatchObject({ code: 'rate_limited', retryAfterMs: 50 });
    room.now += 50;
    append(room, 40, 'x');
    // Other commands of the user are not limited by it.
    room.ask(bot, 'message', { message: 'and so on', streaming: true });
  });

  it('[ADM15] belongs to one of at most four streams that a user may have at a time in a room', () => {
    const room = streamed();
    const begin = { message: '', streaming: true };
    const seqs = [1, 2, 3].map(() => room.ask(bot, 'message', begin).message.seq);
    expect(refusal(room.execute(bot, 'message', begin)).code).toBe('rate_limited');
    // Beginning an existing stream again is answered as a duplicate.
    expect(room.ask(bot, 'message', { ...begin, id: 'b-1' }).duplicate).toBe(true);
    room.ask(alice, 'message', begin);
    room.ask(bot, 'finishMessage', { seq: seqs[0]! });
    room.ask(bot, 'message', begin);
  });

  it('[STRM4] shares rev, row and event with the other appends of its flush', () => {
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
      // An append in the next flush has its own.
      writer.ask('appendMessage', { seq: 1, offset: 12, text: '!' });
      expect(reader.heard('messageAppended').at(-1)![1]).toMatchObject({ rev: 3, text: '!' });
    });
  });

  it('after a join within one flush takes a new rev, not the one that the joiner received', () => {
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

  it("reaches its sender's other connections, even if they append in the same flush", () => {
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

  it('writes the same number of rows, however long the text is', () => {
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
      // The chunk, the message's rev and the room's rev.
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
  it('[STRM5] is sent without the text, and leaves a message like any other', () => {
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

  it.each(['stopped', 'failed'] as const)('gives the message the status %s', (status) => {
    const room = streamed();
    room.ask(bot, 'finishMessage', { seq: 1, status });
    expect(shown(room)).toMatchObject({ message: 'Hello', status });
  });

  it('may be sent again, as may the last append, and allows no further text', () => {
    const room = streamed();
    room.ask(bot, 'finishMessage', { seq: 1, status: 'stopped' });
    const { rev } = room;
    expect(room.ask(bot, 'finishMessage', { seq: 1 })).toMatchObject({ rev, status: 'stopped' });
    expect(append(room, 3, 'lo')).toMatchObject({ rev, duplicate: true, status: 'stopped' });
    expect(refused(room, 5, '!')).toMatchObject({ code: 'conflict', length: 5 });
    expect(room.rev).toBe(rev);
  });

  it('[STRM6] comes as `interrupted` after a minute of silence, also after a crash', () => {
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

  it('is put off by an append without text, as a sign of life', () => {
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

  it('comes for many interrupted streams in steps', () => {
    const room = new RoomAtHand();
    for (let user = 0; user < 120; user++) {
      room.ask(person(`u${user}`), 'message', { message: `text ${user}`, streaming: true });
    }
    room.now += 60_000;
    expect(room.wakeWhileDue()).toBe(3);
    expect(room.count('streams')).toBe(0);
    expect(search(room, 'text')).toHaveLength(20);
  });

  it('[STRM9] makes the message searchable and counts its mentions', () => {
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
  it('[STRM8] sends its sender one event, and marks the reply to the next append', () => {
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

  it('is refused to users who may not send, and for a message that does not exist', () => {
    const room = streamed();
    room.ask(admin, 'setRole', { userId: 'alice', role: 'viewer' });
    const ask = (who: typeof alice, seq: number) =>
      refusal(room.execute(who, 'stopMessage', { seq })).code;
    expect([ask(alice, 1), ask(bot, 7)]).toEqual(['forbidden', 'message_not_found']);
  });
});

describe('a streaming message', () => {
  it('cannot be edited, and can be deleted with everything stored for it', () => {
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

  it('takes reactions, whose events hold its text so far', () => {
    const room = streamed();
    const { message } = room.ask(alice, 'addReaction', { seq: 1, emoji: '👍' });
    expect(message).toMatchObject({ message: 'Hello', streaming: true, reactions: { '👍': 1 } });
    expect(append(room, 5, '!').rev).toBe(4);
    expect(shown(room)).toMatchObject({ message: 'Hello!', rev: 4, reactions: { '👍': 1 } });
  });

  it('keeps no trace of its sender, or of a user it mentions, once they are erased', () => {
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

  it('is removed by retention', () => {
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
  '[STRM7] readers who stayed, came late or came back read the same, at a cost linear in the text (seed %i)',
  (seed) => {
    const [short, long] = [300, 600].map((appends) =>
      withHarness({ COMMAND_BURST: '100000' }, (harness) =>
        playStream(harness, seeded(seed), appends),
      ),
    );
    // Twice as many appends store about twice as much: the cost of one does not grow with the text.
    expect(long!.rows / short!.rows).toBeLessThan(2.1);
    expect(long!.stored / short!.stored).toBeLessThan(2.1);
    expect(short!.text).toBeGreaterThan(65_000);
  },
);
