import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { applicationOf } from '../../../src/app/application.ts';
import { defineApp } from '../../../src/app/define.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { Listener } from './listener.ts';
import { withHarness } from './with-harness.ts';
import type { RoomHarness } from './room-harness.ts';

const bot = { userId: 'bot', name: 'Bot' };
const alice = { userId: 'alice', name: 'Alice' };
const admin = { userId: 'root', name: 'Root', admin: true as const };

const sum = z.object({ sum: z.number().max(50) });
const broken = (): never => {
  throw new Error('a defect of the application');
};

/** An application whose functions throw for certain texts and values. */
const app = defineApp({
  kinds: {
    answer: { data: z.object({ model: z.string() }) },
    titled: { data: z.object({ title: z.string().trim() }), text: ({ title }) => title },
    poll: {
      data: z.object({ question: z.string(), votes: z.int().optional(), open: z.boolean() }),
      counted: ['votes'],
    },
    count: {
      data: sum,
      count: (data, value: number, by) =>
        value === 13 && by === -1 ? broken() : { sum: data.sum + by * value },
    },
  },
  commands: {
    setModel: {
      payload: z.object({ seq: z.int(), model: z.string() }),
      handle: (room, { seq, model }) => void room.update(seq, { model }),
    },
    setVotes: {
      payload: z.object({ seq: z.int(), votes: z.int() }),
      handle: (room, { seq, votes }) =>
        void room.update(seq, { ...room.message(seq, 'poll').data, votes }),
    },
    add: {
      payload: z.object({ seq: z.int(), value: z.number() }),
      handle(room, { seq, value }) {
        room.perUser(seq).set(value);
        return { reply: { sum: room.message(seq, 'count').data.sum } };
      },
    },
    addToBoth: {
      payload: z.object({ seqs: z.tuple([z.int(), z.int()]), value: z.number() }),
      handle(room, { seqs, value }) {
        for (const seq of seqs) room.perUser(seq).set(value);
      },
    },
    withdraw: {
      payload: z.object({ seq: z.int() }),
      handle: (room, { seq }) => room.perUser(seq).delete(),
    },
  },
  beforeMessage: (_room, { message }) => (message.includes('crash') ? broken() : undefined),
});

function withAppHarness<T>(work: (harness: RoomHarness) => T): T {
  return withHarness({ COMMAND_BURST: '100000' }, work, { application: applicationOf(app) });
}

/** Begins a stream as the bot and appends this text; returns its `seq`. */
function stream(writer: Listener, text: string, extra: object = {}): number {
  const { seq } = writer.ask('message', { message: '', streaming: true, ...extra }).message;
  if (text !== '') expect(writer.ask('appendMessage', { seq, offset: 0, text }).ok).toBe(true);
  return seq;
}

function newest(listener: Listener): Partial<Message> | undefined {
  return listener.ask('getHistory', { limit: 1 }).messages[0];
}

/** Wakes the room until it asks for no further wakeup at this time. */
function wakeWhileDue(harness: RoomHarness): void {
  for (let times = 0; harness.wakeAt !== undefined && harness.wakeAt <= harness.now; times++) {
    if (times === 100) throw new Error('The room never stops asking to be woken.');
    harness.wakeAt = undefined;
    harness.wake();
  }
}

describe('a rule that throws', () => {
  it('[APP5] refuses a stream at its end, and is logged once', () => {
    withAppHarness((harness) => {
      const writer = new Listener(harness, bot);
      const reader = new Listener(harness, alice);
      const seq = stream(writer, 'then crash');
      expect(writer.ask('finishMessage', { seq })).toMatchObject({
        ok: true,
        status: 'refused',
        reason: 'The application failed to check this message, so it was deleted.',
      });
      expect(reader.heard('messageUpdated').at(-1)?.[1]).toMatchObject({
        seq,
        change: 'deleted',
        message: '',
      });
      expect(harness.defects).toEqual([new Error('a defect of the application')]);
      expect(writer.ask('finishMessage', { seq })).toMatchObject({ ok: false });
      expect(harness.defects).toHaveLength(1);
    });
  });

  it('[APP5] deletes a stream whose sender is silent, and does not stop other upkeep', () => {
    withAppHarness((harness) => {
      const writer = new Listener(harness, bot);
      const bad = stream(writer, 'then crash');
      const good = stream(writer, 'fine');
      harness.pass(120_000);
      wakeWhileDue(harness);
      const { messages } = writer.ask('getHistory', {});
      expect(messages).toMatchObject([
        { seq: bad, message: '', deletedAt: expect.any(Number) },
        { seq: good, message: 'fine', status: 'interrupted' },
      ]);
      expect(harness.defects).toHaveLength(1);
      expect(harness.wakeAt).toBeUndefined();
    });
  });
});

it('[MSG7] an edit that is sent again changes nothing, also if the kind has changed its data', () => {
  withAppHarness((harness) => {
    const writer = new Listener(harness, alice);
    const { seq } = writer.ask('message', { kind: 'titled', data: { title: 'one' } }).message;
    const edit = { seq, data: { title: ' two ' }, ifRev: 1 };
    const { message } = writer.ask('editMessage', edit);
    expect(message).toMatchObject({ rev: 2, message: 'two', data: { title: 'two' } });
    expect(writer.ask('editMessage', edit).message).toEqual(message);
    // The text of such a message is made of its data.
    expect(writer.ask('editMessage', { seq, message: 'other' }).message).toEqual(message);
  });
});

it('[APP3] a command that stores two values puts its user on the list once', () => {
  withAppHarness((harness) => {
    const writer = new Listener(harness, alice);
    const seqs = [1, 2].map(
      () => writer.ask('message', { kind: 'count', data: { sum: 0 } }).message.seq,
    );
    expect(new Listener(harness, bot).ask('addToBoth', { seqs, value: 5 }).ok).toBe(true);
    expect(writer.ask('getMembers')).toMatchObject({
      members: [{ userId: 'alice' }, { userId: 'bot' }],
      memberCount: 2,
    });
  });
});

it('[APP3] a user is erased even where `count` throws, and that is logged once', () => {
  withAppHarness((harness) => {
    const writer = new Listener(harness, alice);
    const add = (value: number) => {
      const { seq } = writer.ask('message', { kind: 'count', data: { sum: 0 } }).message;
      expect(new Listener(harness, bot).ask('add', { seq, value }).ok).toBe(true);
      return seq;
    };
    const [bad, good] = [add(13), add(5)];
    harness.ask(admin, 'eraseUser', { userId: 'bot' });
    harness.flush();
    wakeWhileDue(harness);
    expect(harness.defects).toHaveLength(1);
    const { messages } = writer.ask('getHistory', {});
    expect(messages).toMatchObject([
      { seq: bad, data: { sum: 13 } },
      { seq: good, data: { sum: 0 } },
    ]);
    expect(harness.file.all('SELECT * FROM per_user')).toEqual([]);
    expect(harness.file.all("SELECT * FROM members WHERE user_id = 'bot'")).toEqual([]);
  });
});

it('[APP3] a counted field is never taken from a sender, and keeps its stored value in an edit', () => {
  withAppHarness((harness) => {
    const writer = new Listener(harness, alice);
    const forged = { question: 'tea?', votes: 99, open: true };
    const { seq } = writer.ask('message', { message: 'vote', kind: 'poll', data: forged }).message;
    expect(newest(writer)?.data).toEqual({ question: 'tea?', open: true });
    /** The message as stored after an edit. */
    const edited = (data: object) => {
      expect(writer.ask('editMessage', { seq, data }).ok).toBe(true);
      return newest(writer) ?? {};
    };
    expect(edited({ ...forged, open: false }).data).toEqual({ question: 'tea?', open: false });
    writer.ask('setVotes', { seq, votes: 2 });
    const counted = { question: 'tea?', votes: 2, open: false };
    expect(newest(writer)?.data).toEqual(counted);
    const asked = (question: string) => ({ ...counted, question });
    expect(edited(asked('coffee?')).data).toEqual(asked('coffee?'));
    const { rev, data } = edited({ question: 'soup?', open: false });
    expect(data).toEqual(asked('soup?'));
    // The same data with an outdated count is no change.
    expect(edited({ question: 'soup?', votes: 1, open: false }).rev).toBe(rev);
    // The same rule holds for a stream.
    const streamed = stream(writer, 'so far', { kind: 'poll', data: forged });
    expect(writer.ask('finishMessage', { seq: streamed }).ok).toBe(true);
    expect(newest(writer)?.data).toEqual({ question: 'tea?', open: true });
  });
});

describe("a kind's count over its users' values", () => {
  const play = (work: (writer: Listener, reader: Listener, seq: number) => void) =>
    withAppHarness((harness) => {
      const writer = new Listener(harness, bot);
      const reader = new Listener(harness, alice);
      const { seq } = writer.ask('message', { kind: 'count', data: { sum: 0 } }).message;
      work(writer, reader, seq);
    });

  it('[APP3] follows a value that is set, replaced and deleted', () => {
    play((writer, reader, seq) => {
      expect(writer.ask('add', { seq, value: 5 })).toMatchObject({ ok: true, sum: 5 });
      expect(reader.ask('add', { seq, value: 2 })).toMatchObject({ ok: true, sum: 7 });
      expect(writer.ask('add', { seq, value: 1 })).toMatchObject({ ok: true, sum: 3 });
      expect(writer.ask('withdraw', { seq }).ok).toBe(true);
      expect(writer.ask('withdraw', { seq }).ok).toBe(true);
      const sums = reader.heard('messageUpdated').map(([, { data }]) => data);
      expect(sums).toEqual([5, 7, 3, 2].map((total) => ({ sum: total })));
      expect(newest(reader)).toMatchObject({ seq, data: { sum: 2 } });
    });
  });

  it('[APP3] does not change when the same value is set again', () => {
    play((writer, reader, seq) => {
      writer.ask('add', { seq, value: 5 });
      const { rev } = newest(reader)!;
      expect(writer.ask('add', { seq, value: 5 })).toMatchObject({ ok: true, sum: 5 });
      expect(newest(reader)).toMatchObject({ rev, data: { sum: 5 } });
      expect(reader.heard('messageUpdated')).toHaveLength(1);
    });
  });

  it('[APP2] is undone when the command that changes it is refused', () => {
    play((writer, reader, seq) => {
      writer.ask('add', { seq, value: 5 });
      expect(writer.ask('add', { seq, value: 99 })).toMatchObject({
        ok: false,
        error: { code: 'invalid_payload' },
      });
      expect(writer.ask('add', { seq, value: 6 })).toMatchObject({ ok: true, sum: 6 });
      expect(reader.heard('messageUpdated')).toHaveLength(2);
    });
  });

  it('[APP2] exists for messages of its kind only: a value for another message is refused', () => {
    play((writer) => {
      const { seq } = writer.ask('message', { message: 'plain' }).message;
      const error = { code: 'refused', message: 'This message is not of the kind count.' };
      expect(writer.ask('add', { seq, value: 5 })).toMatchObject({ ok: false, error });
    });
  });
});

describe('a streamed message of a kind', () => {
  it('[APP2] may have its data replaced while its text grows, and is found by search once finished', () => {
    withAppHarness((harness) => {
      const writer = new Listener(harness, bot);
      const reader = new Listener(harness, alice);
      const seq = stream(writer, 'Hello', { kind: 'answer', data: { model: 'a' } });
      expect(reader.ask('setModel', { seq, model: 'b' }).ok).toBe(true);
      const update = { seq, message: 'Hello', data: { model: 'b' }, streaming: true };
      expect(writer.heard('messageUpdated').at(-1)?.[1]).toMatchObject(update);
      const append = { seq, offset: 5, text: ', world' };
      expect(writer.ask('appendMessage', append).ok).toBe(true);
      const found = () => reader.ask('searchMessages', { query: 'hello' }) as unknown;
      expect(found()).toMatchObject({ results: [] });
      expect(writer.ask('finishMessage', { seq }).ok).toBe(true);
      expect(found()).toMatchObject({ results: [{ message: 'Hello, world' }] });
      expect(reader.ask('setModel', { seq, model: 'c' }).ok).toBe(true);
      expect(newest(reader)).toMatchObject({ message: 'Hello, world', data: { model: 'c' } });
    });
  });

  it('[APP2] keeps a text longer than other messages may have when its data changes', () => {
    withAppHarness((harness) => {
      const writer = new Listener(harness, bot);
      const text = 'long '.repeat(10_000);
      const seq = stream(writer, text, { kind: 'answer', data: { model: 'a' } });
      expect(writer.ask('finishMessage', { seq }).ok).toBe(true);
      expect(writer.ask('setModel', { seq, model: 'b' }).ok).toBe(true);
      expect(writer.ask('editMessage', { seq, data: { model: 'c' } }).ok).toBe(true);
      expect(newest(writer)).toMatchObject({ message: text, data: { model: 'c' } });
      const longer = writer.ask('editMessage', { seq, message: `${text}.` });
      expect(longer).toMatchObject({ ok: false, error: { code: 'too_large' } });
    });
  });

  it('[APP1] is refused where the kind makes its text from data', () => {
    withAppHarness((harness) => {
      const writer = new Listener(harness, bot);
      const payload = { kind: 'titled', data: { title: 'Hello' }, streaming: true };
      expect(writer.ask('message', payload)).toMatchObject({
        ok: false,
        error: { code: 'invalid_payload', field: 'streaming' },
      });
    });
  });
});
