import { describe, expect, it } from 'vitest';
import { Listener } from './listener.ts';
import { withHarness } from './with-harness.ts';

const alice = { userId: 'alice' };
const bob = { userId: 'bob' };
const carol = { userId: 'carol' };

/** A listener's frames from index `from` on: the name and the distinctive part of each line. */
function frames({ frames }: Listener, from: number): string[][] {
  return frames.slice(from).map((text) =>
    text.split('\n').map((line) => {
      const [name, first, second] = JSON.parse(line) as [string, never, never];
      const said = (second ?? first) as { message?: string | { message: string }; userId?: string };
      if (name === 'position') return `position ${String(first).split(':')[1]}`;
      const { message, userId = '' } = said;
      return `${name} ${typeof message === 'object' ? message.message : (message ?? userId)}`.trim();
    }),
  );
}

describe('an outbox', () => {
  it('sends each connection one frame at a flush, in the order of the commands', () =>
    withHarness({}, (harness) => {
      const [one, two, three] = [alice, bob, carol].map((user) => new Listener(harness, user)) as [
        Listener,
        Listener,
        Listener,
      ];
      harness.pass(1_000);
      const before = [one, two, three].map((each) => each.frames.length) as [
        number,
        number,
        number,
      ];
      one.say('message', { message: 'a' }, 1);
      two.say('typing');
      two.say('message', { message: 'b' }, 1);
      one.say('message', { message: 'c' });
      expect([one, two, three].map((each) => each.frames.length)).toEqual(before);
      harness.flush();
      expect(frames(one, before[0])).toEqual([['ack a', 'typing bob', 'message b', 'position 2']]);
      expect(frames(two, before[1])).toEqual([['message a', 'ack b', 'message c', 'position 3']]);
      expect(frames(three, before[2])).toEqual([
        ['message a', 'typing bob', 'message b', 'message c', 'position 3'],
      ]);
      harness.flush();
      expect(frames(three, before[2])).toHaveLength(1);
    }));

  it('sends a connection nothing between its leave and its join, even within one flush', () =>
    withHarness({}, (harness) => {
      const writer = new Listener(harness, alice);
      const reader = new Listener(harness, bob);
      const { length } = reader.frames;
      writer.say('message', { message: 'heard' });
      reader.say('leaveRoom', {}, 1);
      writer.say('message', { message: 'not heard' });
      reader.say('joinRoom', { history: 1 }, 2);
      writer.say('message', { message: 'heard again' });
      harness.flush();
      expect(frames(reader, length)).toEqual([
        ['message heard', 'ack', 'ack', 'message heard again', 'position 3'],
      ]);
      expect(reader.lines.at(-3)![2]).toMatchObject({ messages: [{ message: 'not heard' }] });
    }));

  it('[WIRE6] sends no position for an ephemeral event or a duplicate', () =>
    withHarness({}, (harness) => {
      const writer = new Listener(harness, alice);
      const reader = new Listener(harness, bob);
      writer.ask('message', { message: 'a', id: '1' });
      const { length } = reader.frames;
      writer.ask('typing');
      const { frames: written } = writer;
      writer.ask('message', { message: 'a', id: '1' });
      expect(written.at(-1)).not.toContain('position"');
      expect(frames(reader, length)).toEqual([['typing alice']]);
    }));

  it('sends nothing when the commit fails', () =>
    withHarness({}, (harness) => {
      const writer = new Listener(harness, alice);
      const reader = new Listener(harness, bob);
      const counts = [writer.frames.length, reader.frames.length];
      writer.say('message', { message: 'a' }, 1);
      harness.flush(true);
      expect([writer.frames.length, reader.frames.length]).toEqual(counts);
      expect([writer.endedWith, reader.endedWith]).toEqual([[4000], [4000]]);
    }));

  it('[WIRE1] reports a refusal without a ref as an event that names its command and id', () =>
    withHarness({}, (harness) => {
      const writer = new Listener(harness, alice);
      writer.say('message', { message: '', id: 'a1' });
      harness.flush();
      expect(writer.lines.at(-1)).toEqual([
        'error',
        {
          code: 'invalid_payload',
          message: 'message must not be empty.',
          field: 'message',
          command: 'message',
          roomId: 'harness',
          id: 'a1',
        },
      ]);
    }));
});
