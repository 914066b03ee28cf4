import { describe, expect, it } from 'vitest';
import { Listener, type Seen } from './listener.ts';
import { withHarness } from './with-harness.ts';
import type { RoomHarness } from './room-harness.ts';

const alice = { userId: 'alice' };
const bob = { userId: 'bob' };
const SETTINGS = { COMMAND_BURST: '1000000' };

/** The `rev`s from `first` to `last`. */
function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
}

/** Sends `count` messages as alice; returns her listener. */
function written(harness: RoomHarness, count: number): Listener {
  const writer = new Listener(harness, alice);
  for (let n = 1; n <= count; n++) writer.say('message', { message: `text ${n}` });
  harness.flush();
  return writer;
}

function revs(messages: { rev: number }[]): number[] {
  return messages.map(({ rev }) => rev);
}

function comeBack(harness: RoomHarness, since: string): Seen {
  return new Listener(harness, bob, { since }).joined;
}

describe('resuming (P5)', () => {
  it('[SYNC1] in an empty room from its own position misses nothing', () =>
    withHarness(SETTINGS, (harness) => {
      expect(comeBack(harness, '0:0')).toMatchObject({
        ok: true,
        position: 'first:0',
        missed: [],
        complete: true,
      });
      expect(comeBack(harness, '0:0')).not.toHaveProperty('reset');
    }));

  it('[SYNC3] in an empty room from a position of another room is a reset', () =>
    withHarness(SETTINGS, (harness) => {
      expect(comeBack(harness, 'abc:3')).toMatchObject({
        reset: true,
        position: 'first:0',
        messages: [],
      });
      expect(comeBack(harness, '0:3')).toMatchObject({ reset: true });
      expect(comeBack(harness, 'first:3')).toMatchObject({ reset: true });
    }));

  it('[SYNC1] from the current position misses nothing', () =>
    withHarness(SETTINGS, (harness) => {
      const { position } = written(harness, 3).ask('joinRoom');
      expect(comeBack(harness, position)).toMatchObject({ missed: [], complete: true, position });
    }));

  it.each([0, 1, 499, 500, 501, 999, 1_200])(
    '[SYNC1] [SYNC2] from %i messages ago returns exactly those',
    (behind) =>
      withHarness(SETTINGS, (harness) => {
        const writer = written(harness, 1_203);
        const { epoch, position } = writer.ask('joinRoom');
        const bobs = new Listener(harness, bob, { since: `${epoch}:${1_203 - behind}` });
        const got = revs(bobs.joined.missed);
        expect(got).toHaveLength(Math.min(500, behind));
        let page = bobs.joined;
        while (!page.complete) {
          page = bobs.ask('getMissed', { after: page.position });
          got.push(...revs(page.messages));
        }
        expect(got).toEqual(range(1_204 - behind, 1_203));
        expect(page.position).toBe(position);
      }),
  );

  it('[ROOM3] from 0:0 is no reset, whatever the epoch', () =>
    withHarness(SETTINGS, (harness) => {
      written(harness, 3);
      expect(revs(comeBack(harness, '0:0').missed)).toEqual([1, 2, 3]);
      expect(comeBack(harness, '0:0')).not.toHaveProperty('reset');
    }));

  it.each([
    ['ahead of the room', (epoch: string) => `${epoch}:4`],
    ['of another epoch', () => 'other:2'],
    ['of another epoch with the same number', () => 'other:3'],
    ['of no epoch', () => '0:1'],
  ])('[SYNC3] from a position %s is a reset that ends where live events begin', (_, since) =>
    withHarness(SETTINGS, (harness) => {
      const writer = written(harness, 3);
      const { epoch, position } = writer.ask('joinRoom');
      const bobs = new Listener(harness, bob, { since: since(epoch), history: 2 });
      expect(bobs.joined).toMatchObject({ reset: true, position });
      expect(bobs.joined).not.toHaveProperty('missed');
      expect(revs(bobs.joined.messages)).toEqual([2, 3]);
      writer.ask('message', { message: 'live' });
      expect(bobs.heard('message').map(([, { rev }]) => rev)).toEqual([4]);
      expect(bobs.ask('getMissed', { after: since(epoch) })).toMatchObject({ ok: true });
    }),
  );

  it('[HIST1] returns missed messages in pages limited by bytes too, each message once', () =>
    withHarness({ ...SETTINGS, MAX_MESSAGE_BYTES: '100000' }, (harness) => {
      const writer = new Listener(harness, alice);
      for (let n = 0; n < 12; n++) writer.say('message', { message: 'x'.repeat(60_000) });
      harness.flush();
      const bobs = new Listener(harness, bob, { since: '0:0' });
      const pages = [bobs.joined.missed];
      let { complete, position } = bobs.joined;
      while (!complete) {
        const page = bobs.ask('getMissed', { after: position });
        pages.push(page.messages);
        ({ complete, position } = page);
      }
      expect(pages.map(({ length }) => length)).toEqual([4, 4, 4]);
      expect(pages.flatMap(revs)).toEqual(range(1, 12));
    }));

  it('works after the room slept, was evicted or failed to commit', () =>
    withHarness(SETTINGS, (harness) => {
      const { position } = written(harness, 2).ask('joinRoom');
      harness.sleep();
      expect(comeBack(harness, position)).toMatchObject({ missed: [], complete: true });
      harness.die();
      const again = new Listener(harness, alice);
      again.say('message', { message: 'lost' });
      harness.flush(true);
      expect(again.endedWith).toEqual([4000]);
      expect(again.heard('ack')).toEqual([]);
      expect(comeBack(harness, position)).toMatchObject({ missed: [], complete: true, position });
    }));
});
