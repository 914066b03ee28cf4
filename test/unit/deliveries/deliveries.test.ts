import { describe, expect, it } from 'vitest';
import { WAKEUP_EVERY_MS } from '../../../src/deliveries/deliveries.ts';
import { type Flight, type Mailroom, type Told, withMailroom } from './mailroom.ts';

const HOUR_MS = 3_600_000;

function told({ deliveries }: Flight): Omit<Told, 'epoch'>[] {
  return deliveries.map(({ body }) => {
    const { rev, deletion } = JSON.parse(body) as Told;
    return { rev, deletion };
  });
}

/** Sends a message that owes a delivery to each target, and commits it. */
function sayNow(mailroom: Mailroom, ...targets: string[]): void {
  mailroom.say(...targets);
  mailroom.harness.flush();
}

describe('a delivery', () => {
  it('is sent after the commit with the state at that time, and deleted when it is acknowledged', () =>
    withMailroom((mailroom) => {
      mailroom.say('a');
      mailroom.say();
      expect(mailroom.flights).toEqual([]);
      mailroom.harness.flush();
      expect(mailroom.flights.map(told)).toEqual([[{ rev: 2, deletion: null }]]);
      expect(mailroom.rows()).toHaveLength(1);
      mailroom.flights[0]!.settle('delivered');
      expect(mailroom.rows()).toEqual([]);
      expect(mailroom.flights).toHaveLength(1);
    }));

  it('is not stored when the commit fails', () =>
    withMailroom((mailroom) => {
      mailroom.say('a');
      mailroom.harness.flush(true);
      sayNow(mailroom);
      expect(mailroom.flights).toEqual([]);
      expect(mailroom.rows()).toEqual([]);
    }));

  it('that changes while an attempt is under way is sent once more after that attempt', () =>
    withMailroom((mailroom) => {
      sayNow(mailroom, 'a');
      for (let more = 0; more < 5; more++) sayNow(mailroom, 'a');
      expect(mailroom.flights).toHaveLength(1);
      mailroom.flights[0]!.settle('delivered');
      expect(mailroom.flights.map(told)).toEqual([
        [{ rev: 1, deletion: null }],
        [{ rev: 6, deletion: null }],
      ]);
      expect(mailroom.flights[1]!.deliveries[0]!.version).toBeGreaterThan(
        mailroom.flights[0]!.deliveries[0]!.version,
      );
      // A repeated acknowledgement of the first version does not acknowledge the newer one.
      mailroom.flights[0]!.settle('delivered');
      expect(mailroom.rows()).toHaveLength(1);
      mailroom.flights[1]!.settle('delivered');
      expect(mailroom.rows()).toEqual([]);
    }));

  it('shares an attempt with up to 99 others for its target, each with its own outcome', () =>
    withMailroom((mailroom) => {
      sayNow(mailroom, 'a');
      mailroom.flights.pop()!.settle('delivered');
      mailroom.keys = Array.from({ length: 250 }, (_, at) => `key ${at}`);
      sayNow(mailroom, 'a');
      const outcomes = Array.from({ length: 100 }, (_, at) => (at === 7 ? 'failed' : 'delivered'));
      for (const at of [0, 1, 2]) {
        expect(mailroom.flights).toHaveLength(at + 1);
        mailroom.flights[at]!.settle(...(outcomes as 'failed'[]));
      }
      expect(mailroom.flights.map(({ deliveries }) => deliveries.length)).toEqual([100, 100, 50]);
      expect(mailroom.rows().map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    }));

  it('that fails is retried after a wait that doubles up to an hour, half of it random', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      sayNow(mailroom, 'a');
      for (let failures = 0; failures < 15; failures++) {
        expect(flights).toHaveLength(failures + 1);
        expect(flights[failures]!.deliveries[0]!.attempt).toBe(failures);
        flights[failures]!.settle('failed');
        const waitsMs = mailroom.rows()[0]!.due - harness.now;
        const longest = Math.min(1_000 * 2 ** failures, HOUR_MS);
        expect(waitsMs).toBeGreaterThanOrEqual(longest / 2);
        expect(waitsMs).toBeLessThanOrEqual(longest);
        harness.now += waitsMs - 1;
        harness.flush();
        expect(flights).toHaveLength(failures + 1);
        harness.now += 1;
        harness.flush();
      }
    }));

  it('waits as long as others of its target that failed with it, so that they stay in order', () =>
    withMailroom((mailroom) => {
      mailroom.keys = ['1', '2', '3'];
      sayNow(mailroom, 'a');
      for (let failures = 0; failures < 15; failures++) {
        mailroom.flights[failures]!.settle('failed', 'failed', 'failed');
        const [first, ...others] = mailroom.rows().map(({ due }) => due);
        expect(others).toEqual([first, first]);
        mailroom.harness.now = first!;
        mailroom.harness.flush();
      }
    }));

  it('that changes while it waits keeps its retry time, and is sent with its latest state', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      sayNow(mailroom, 'a');
      flights[0]!.settle({ retryAfterMs: 30_000 });
      sayNow(mailroom, 'a');
      expect(mailroom.rows()).toMatchObject([{ attempt: 1, due: harness.now + 30_000 }]);
      expect(flights).toHaveLength(1);
      harness.now += 30_000;
      harness.flush();
      expect(told(flights[1]!)).toEqual([{ rev: 2, deletion: null }]);
    }));

  it('waits at most an hour, even if the target asks for longer or the clock is set back', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      sayNow(mailroom, 'a');
      flights[0]!.settle({ retryAfterMs: 10 * HOUR_MS });
      expect(mailroom.rows()[0]!.due).toBe(harness.now + HOUR_MS);
      harness.now -= 48 * HOUR_MS;
      harness.wake();
      expect(flights).toHaveLength(2);
    }));

  it('counts each attempt by its outcome', () =>
    withMailroom((mailroom) => {
      sayNow(mailroom, 'a', 'b', 'c');
      const [a, b, c] = mailroom.flights;
      a!.settle('delivered');
      b!.settle('failed');
      c!.settle({ retryAfterMs: 5 });
      expect(mailroom.attempted).toEqual(['delivered', 'failed', 'failed']);
    }));

  it('without a body is deleted, and one whose body cannot be read is retried', () =>
    withMailroom((mailroom) => {
      sayNow(mailroom, 'nothing', 'broken', 'a');
      expect(mailroom.flights.map(({ target }) => target)).toEqual(['a']);
      mailroom.harness.pass(0);
      expect(mailroom.rows()).toMatchObject([
        { target: 'a', attempt: 0 },
        { target: 'broken', attempt: 1 },
      ]);
      expect(mailroom.harness.defects).toHaveLength(1);
    }));
});

describe('the wakeup for deliveries', () => {
  it('is set with the first delivery, at most once a minute, and cleared when nothing waits', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      const begun = harness.now;
      sayNow(mailroom, 'a');
      expect(harness.wakeAt).toBe(begun + WAKEUP_EVERY_MS);
      const before = harness.wakeupsSet;
      for (let more = 0; more < 50; more++) {
        harness.now += 1_000;
        sayNow(mailroom, 'a', `b${more}`);
        for (const flight of flights.splice(0)) flight.settle('delivered');
      }
      expect(harness.wakeupsSet).toBe(before);
      harness.now = begun + WAKEUP_EVERY_MS;
      for (const flight of flights.splice(0)) flight.settle('delivered');
      harness.wake();
      expect(harness.wakeAt).toBeUndefined();
    }));

  it('replaces a later wakeup that was set for other work', () =>
    withMailroom((mailroom) => {
      const { harness } = mailroom;
      sayNow(mailroom);
      mailroom.order('updateRoom', { retentionDays: 7 });
      harness.flush();
      expect(harness.wakeAt).toBeGreaterThan(harness.now + WAKEUP_EVERY_MS);
      sayNow(mailroom, 'a');
      expect(harness.wakeAt).toBe(harness.now + WAKEUP_EVERY_MS);
    }));

  it('sends what a crash left, and is set to the next attempt, at least a minute ahead', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      mailroom.say('a');
      harness.file.commit();
      harness.die();
      expect(flights).toEqual([]);
      harness.now = harness.wakeAt!;
      harness.wake();
      expect(told(flights[0]!)).toEqual([{ rev: 1, deletion: null }]);
      flights[0]!.settle({ retryAfterMs: 5_000 });
      expect(harness.wakeAt).toBe(harness.now + WAKEUP_EVERY_MS);
      harness.now = harness.wakeAt!;
      harness.wake();
      flights[1]!.settle({ retryAfterMs: 20 * 60_000 });
      harness.now = harness.wakeAt!;
      harness.wake();
      expect(flights).toHaveLength(2);
      expect(harness.wakeAt).toBe(mailroom.rows()[0]!.due);
    }));

  it('sends deliveries of an import, and after a deletion those whose body outlives the room', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      mailroom.order(
        'importRoom',
        { text: '{"type":"export","version":1,"roomId":"x"}', line: 1 },
        'a',
      );
      harness.flush();
      expect(harness.wakeAt).toBe(harness.now + WAKEUP_EVERY_MS);
      expect(flights).toHaveLength(1);
      mailroom.order('deleteRoom', {}, 'a', 'b');
      harness.flush();
      harness.die();
      flights.splice(0);
      harness.wake();
      expect(harness.wakeAt).toBe(harness.now + WAKEUP_EVERY_MS);
      expect(flights.map(({ target }) => target)).toEqual(['a', 'b']);
      expect(flights.map(told)).toEqual(flights.map(() => [{ rev: 0, deletion: 'marked' }]));
      for (const flight of flights.splice(0)) flight.settle('delivered');
      expect(mailroom.rows()).toEqual([]);
    }));

  it('sends the new state once a deleted room is reopened and has changed', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      sayNow(mailroom, 'a');
      mailroom.order('deleteRoom', {}, 'a');
      harness.flush();
      mailroom.order('reopenRoom', {});
      mailroom.say('a');
      harness.flush();
      flights[0]!.settle('delivered');
      expect(told(flights[1]!)).toEqual([{ rev: 1, deletion: null }]);
    }));
});

describe('a thousand targets that fail', () => {
  it('cost a message no statements, whether they fail or hang', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      const cost = () => {
        const before = harness.sql.statements;
        sayNow(mailroom, 'good');
        const flight = flights.findLast(({ target }) => target === 'good')!;
        flights.splice(flights.indexOf(flight), 1);
        flight.settle('delivered');
        return harness.sql.statements - before;
      };
      cost();
      const alone = cost();
      const bad = Array.from({ length: 1_000 }, (_, at) => `bad ${at}`);
      sayNow(mailroom, ...bad);
      expect(flights).toHaveLength(100);
      const before = harness.sql.statements;
      sayNow(mailroom);
      const plain = harness.sql.statements - before;
      // All 100 attempts that may be under way hang, so a message looks for no further deliveries.
      expect(plain).toBeLessThanOrEqual(alone);
      while (flights.length > 0) flights.shift()!.settle('failed');
      expect(mailroom.rows().every(({ attempt }) => attempt >= 1)).toBe(true);
      expect(cost()).toBeLessThanOrEqual(alone);
    }));

  it('are all tried, 100 at a time', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      sayNow(mailroom, ...Array.from({ length: 1_000 }, (_, at) => `bad ${at}`));
      harness.die();
      flights.splice(0);
      harness.now = harness.wakeAt!;
      harness.wake();
      const tried = new Set<string>();
      while (flights.length > 0) {
        expect(flights.length).toBeLessThanOrEqual(100);
        const flight = flights.shift()!;
        tried.add(flight.target);
        flight.settle('delivered');
      }
      expect(tried.size).toBe(1_000);
      expect(mailroom.rows()).toEqual([]);
    }));
});

describe('storage that fails', () => {
  it('fails no flush, and repeats no attempt before the next wakeup', () =>
    withMailroom((mailroom) => {
      const { harness, flights } = mailroom;
      sayNow(mailroom, 'a');
      harness.sql.failAfter = 0;
      flights[0]!.settle('delivered');
      for (let more = 0; more < 5; more++) harness.flush();
      expect(flights).toHaveLength(1);
      harness.now += WAKEUP_EVERY_MS;
      harness.wake();
      flights[1]!.settle('delivered');
      expect(mailroom.rows()).toEqual([]);
    }));
});
