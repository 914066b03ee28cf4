import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enter, Listener, type Seen } from './listener.ts';
import { withHarness } from './with-harness.ts';

const alice = { userId: 'alice' };
const COSTS = new Map([
  ['getHistory', 5],
  ['joinRoom', 10],
]);
const PAGE_BYTES = 256 * 1024;

function bytes(items: unknown[]): number {
  return items.reduce<number>((sum, item) => sum + Buffer.byteLength(JSON.stringify(item)), 0);
}

/** The `seq`s of a page, checked against its limits of count and bytes. */
function seqsIn({ messages }: Seen, limit: number): number[] {
  assert(messages.length <= limit);
  assert(messages.length === 1 || bytes(messages) <= PAGE_BYTES);
  return messages.map(({ seq }) => seq);
}

describe('under flood (P11)', () => {
  it('[ADM1] [LIM1] a user never exceeds their allowance, whatever they send and when', () => {
    const step = fc.oneof(
      fc.record({
        name: fc.constantFrom('message', 'typing', 'getHistory', 'joinRoom', 'constructor', 'x'),
        times: fc.integer({ min: 1, max: 120 }),
      }),
      fc.record({ ms: fc.integer({ min: -2_000, max: 3_000 }) }),
      fc.constant('sleep' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        withHarness({}, (harness) => {
          const flood = new Listener(harness, alice);
          // The burst, less the join, plus what time refills; a room that sleeps forgets what was spent.
          let allowance = 200 - 10;
          for (const each of steps) {
            if (each === 'sleep') {
              harness.sleep();
              allowance = 200;
            } else if ('ms' in each) {
              harness.pass(Math.max(0, each.ms));
              if (each.ms < 0) harness.now += each.ms;
              allowance = Math.min(200, allowance + (Math.max(0, each.ms) / 1_000) * 50);
            } else {
              const cost = COSTS.get(each.name) ?? 1;
              const before = flood.frames.length;
              for (let n = 0; n < each.times; n++) flood.say(each.name, { message: 'x' }, n);
              harness.flush();
              const answers = flood.frames
                .slice(before)
                .flatMap((frame) => frame.split('\n'))
                .map((line) => JSON.parse(line) as [string, number, Seen])
                .filter(([name]) => name === 'ack');
              assert.deepEqual(
                answers.map(([, ref]) => ref),
                Array.from({ length: each.times }, (_, at) => at),
              );
              const done = answers.filter(([, , { error }]) => error?.code !== 'rate_limited');
              assert(done.length * cost <= allowance + 1e-6);
              allowance -= done.length * cost;
            }
          }
        });
      }),
      { seed: 11, numRuns: 40 },
    );
  });

  it('[HIST1] pages stay within their count and size, and hold every message once in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(130_000), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 100 }),
        (sizes, limit) => {
          withHarness({ COMMAND_BURST: '1000000', MAX_MESSAGE_BYTES: '262144' }, (harness) => {
            const reader = new Listener(harness, alice);
            for (const size of sizes)
              reader.say('message', { message: `x${'\u4F60'.repeat(size / 3)}` });
            harness.flush();
            const every = sizes.map((_, at) => at + 1);
            const up: number[] = [];
            for (let more = true; more;) {
              const page = reader.ask('getHistory', { after: up.at(-1) ?? 0, limit });
              up.push(...seqsIn(page, limit));
              more = page.hasMore;
            }
            expect(up).toEqual(every);
            const down: number[] = [];
            for (let more = true; more;) {
              const before = down[0] === undefined ? {} : { before: down[0] };
              const page = reader.ask('getHistory', { ...before, limit });
              down.unshift(...seqsIn(page, limit));
              more = page.hasMore;
            }
            expect(down).toEqual(every);
            for (const seq of every) {
              const around = seqsIn(reader.ask('getHistory', { around: seq, limit }), limit);
              expect(around).toContain(seq);
              expect(around).toEqual(every.slice(around[0]! - 1, around.at(-1)));
            }
          });
        },
      ),
      { seed: 12, numRuns: 15 },
    );
  });

  it('a list of members is paged by user id, each member once', () =>
    withHarness({ MAX_CONNECTIONS_PER_USER: '1' }, (harness) => {
      const ids = Array.from(
        { length: 230 },
        (_, at) => `user ${String(at * 7_919).padStart(9, '0')}`,
      );
      for (const userId of ids) {
        harness.post({ userId }, { message: 'hello' }, () => undefined);
        enter(harness, userId);
      }
      const reader = new Listener(harness, alice);
      for (const online of [false, true]) {
        const found: string[] = [];
        for (let more = true; more;) {
          const after = found.at(-1);
          const page = reader.ask('getMembers', { limit: 100, online, ...(after && { after }) });
          expect(page.members.length).toBeLessThanOrEqual(100);
          expect(page).toMatchObject({ memberCount: 230, onlineCount: 231 });
          found.push(...page.members.map(({ userId }) => userId));
          more = page.hasMore;
        }
        expect(found).toEqual(online ? ['alice', ...ids.toSorted()] : ids.toSorted());
      }
    }));

  it('[EVT2] a reader that stalls loses ephemeral events, then its connection, but never a message', () =>
    withHarness({ MAX_UNSENT_BYTES: '100000' }, (harness) => {
      const slow = new Listener(harness, { userId: 'slow' });
      const writer = new Listener(harness, alice);
      slow.buffered = 60_000;
      writer.ask('typing');
      writer.ask('message', { message: 'one' });
      writer.ask('leaveRoom');
      expect(slow.heard('typing', 'userLeft')).toEqual([]);
      expect(slow.heard('message')).toHaveLength(1);
      slow.buffered = 100_001;
      writer.ask('joinRoom');
      harness.pass(250);
      expect(slow.endedWith).toEqual([4001]);
      harness.pass(6_000);
      expect(writer.heard('userLeft')).toEqual([
        ['userLeft', expect.objectContaining({ userId: 'slow', reason: 'disconnected' })],
      ]);
      expect(slow.endedWith).toEqual([4001]);
    }));

  it('[PRES5] a reader that lost ephemeral events receives a `presence` once it keeps up', () =>
    withHarness({ MAX_UNSENT_BYTES: '100000' }, (harness) => {
      const slow = new Listener(harness, { userId: 'slow' });
      const writer = new Listener(harness, alice);
      slow.buffered = 60_000;
      writer.ask('leaveRoom');
      for (let second = 0; second < 10; second++) harness.pass(1_000);
      expect(slow.heard('userLeft', 'presence')).toEqual([]);
      slow.buffered = 0;
      harness.pass(1_000);
      expect(slow.heard('presence')).toEqual([['presence', { roomId: 'harness', onlineCount: 1 }]]);
      harness.pass(100_000);
      expect(slow.heard('presence')).toHaveLength(1);
      expect(writer.heard('presence')).toEqual([]);
      expect(slow.endedWith).toEqual([]);
    }));

  it('[PRES5] a reader that lags for a minute is disconnected, so that it resumes', () =>
    withHarness({ MAX_UNSENT_BYTES: '100000' }, (harness) => {
      const slow = new Listener(harness, { userId: 'slow' });
      const writer = new Listener(harness, alice);
      slow.buffered = 60_000;
      writer.ask('leaveRoom');
      for (let second = 0; second < 60; second++) harness.pass(1_000);
      expect(slow.endedWith).toEqual([]);
      harness.pass(1_000);
      expect(slow.endedWith).toEqual([4001]);
    }));

  it('[PRES5] a reader that lags twice for less than a minute stays connected', () =>
    withHarness({ MAX_UNSENT_BYTES: '100000' }, (harness) => {
      const slow = new Listener(harness, { userId: 'slow' });
      const writer = new Listener(harness, alice);
      for (let time = 0; time < 2; time++) {
        slow.buffered = 60_000;
        writer.ask('leaveRoom');
        writer.ask('joinRoom');
        for (let second = 0; second < 40; second++) harness.pass(1_000);
        slow.buffered = 0;
        for (let second = 0; second < 10; second++) harness.pass(1_000);
        expect(slow.heard('presence')).toHaveLength(time + 1);
      }
      expect(slow.endedWith).toEqual([]);
      expect(harness.timerCount).toBe(0);
    }));

  it('[TYP1] typing is sent at most once in 3 s for each user, and not at all above 100 users', () =>
    withHarness({}, (harness) => {
      const reader = new Listener(harness, { userId: 'reader' });
      const writer = new Listener(harness, alice);
      for (let second = 0; second < 9; second++) {
        for (let n = 0; n < 10; n++) writer.ask('typing');
        harness.pass(1_000);
      }
      expect(reader.heard('typing')).toHaveLength(3);
      for (let n = 0; n < 99; n++) enter(harness, `user ${n}`);
      harness.pass(10_000);
      writer.ask('typing');
      expect(reader.heard('typing')).toHaveLength(3);
    }));
});
