import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PostOutcome } from '../../../src/hooks/post.ts';
import { type HookEvent, hookEvents } from '../../../src/protocol/hook-requests.ts';
import { admin, HookStage, type Sent } from './hook-stage.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const down = (): PostOutcome => ({ type: 'failed', reason: 'it answered 500' });
const taken = (): PostOutcome => ({ type: 'taken' });

/** What a test does on a stage, on which nothing may fail that is not meant to. */
function onStage(
  tell: (stage: HookStage) => Promise<void> | void,
  events?: readonly HookEvent[],
): () => Promise<void> {
  return async () => {
    const stage = new HookStage(events);
    try {
      await tell(stage);
    } finally {
      stage.close();
    }
    expect([...stage.failures, ...stage.room.defects]).toEqual([]);
  };
}

/** Ranges of the log that requests were about. */
const ranges = (sent: readonly Sent[]) =>
  sent.filter(({ type }) => type === 'room.changed').map(({ data }) => [data.from, data.to]);

describe('the hook', () => {
  it(
    'sends pages of 100 changes, one request after the other',
    onStage(async (stage) => {
      for (let at = 0; at < 250; at++) stage.say(`m${at}`);
      await stage.settle();
      expect(ranges(stage.sent)).toEqual([
        [0, 100],
        [100, 200],
        [200, 250],
      ]);
      expect(stage.changes.map(({ rev }) => rev)).toEqual(
        Array.from({ length: 250 }, (_, at) => at + 1),
      );
    }),
  );

  it(
    'sends what a streamed message becomes, and nothing while it grows',
    onStage(async (stage) => {
      stage.do('message', { message: '', streaming: true });
      stage.do('appendMessage', { seq: 1, offset: 0, text: 'whole' });
      await stage.settle();
      expect(stage.changes).toEqual([]);
      stage.do('finishMessage', { seq: 1 });
      await stage.settle();
      expect(stage.changes).toMatchObject([{ seq: 1, message: 'whole' }]);
    }),
  );

  it(
    'tries again from a second on up to an hour apart, for ever',
    onStage(async (stage) => {
      stage.answer = down;
      stage.say('one');
      await stage.settle();
      const at: number[] = [];
      stage.answer = () => {
        at.push(stage.room.now);
        return down();
      };
      const start = stage.room.now;
      await stage.pass(2 * DAY_MS);
      const waits = at.map((time, index) => time - (at[index - 1] ?? start));
      expect(waits[0]).toBeLessThanOrEqual(1_000);
      expect(waits.every((wait, index) => wait <= Math.min(2 ** index * 1_000, HOUR_MS))).toBe(
        true,
      );
      expect(Math.min(...waits.slice(-20))).toBeGreaterThanOrEqual(HOUR_MS / 2);
      expect(new Set(stage.sent.map(({ id, text }) => id + text)).size).toBe(1);
      stage.answer = taken;
      await stage.pass(HOUR_MS);
      expect(stage.noted).toEqual(['it answered 500', 'works']);
      const before = stage.sent.length;
      // A failure after that counts from the beginning.
      stage.answer = down;
      stage.say('two');
      await stage.settle();
      await stage.pass(1_000);
      expect(stage.sent.length - before).toBeGreaterThan(1);
    }),
  );

  it(
    'catches up after a week of a backend that is down, without the room',
    onStage(async (stage) => {
      stage.answer = down;
      const sizes: number[] = [];
      for (let day = 0; day < 7; day++) {
        for (let at = 0; at < 60; at++) stage.say(`day ${day}, ${at} ${'x'.repeat(500)}`);
        await stage.settle();
        await stage.pass(2 * HOUR_MS);
        stage.room.sleep();
        const asked = stage.asked;
        const { lives } = stage.room;
        await stage.pass(DAY_MS - 2 * HOUR_MS);
        // The request that is tried is kept: the room is asked no more, and sleeps.
        expect([stage.asked - asked, stage.room.lives - lives]).toEqual([0, 0]);
        sizes.push(statSync(join(stage.folder, 'hook.sqlite')).size);
      }
      expect(sizes[6]).toBeLessThanOrEqual(sizes[1]!);
      const failed = stage.sent.length;
      stage.answer = taken;
      await stage.pass(HOUR_MS);
      const caught = stage.sent.slice(failed).flatMap(({ data }) => data.changes ?? []);
      expect(caught.map(({ rev }) => rev)).toEqual(Array.from({ length: 420 }, (_, at) => at + 1));
    }),
  );

  it(
    'reads again what has changed since a request failed: it keeps no text that is gone',
    onStage(async (stage) => {
      stage.answer = down;
      stage.say('a secret');
      await stage.settle();
      stage.do('deleteMessage', { seq: 1 });
      await stage.settle();
      stage.answer = taken;
      const failed = stage.sent.length;
      await stage.pass(DAY_MS);
      const later = stage.sent.slice(failed);
      expect(later.map(({ text }) => text.includes('secret'))).toEqual(later.map(() => false));
      expect(later.at(-1)?.data.changes).toMatchObject([{ seq: 1, rev: 2, message: '' }]);
    }),
  );

  it(
    'stops at 410 until the settings change',
    onStage(async (stage) => {
      stage.answer = () => ({ type: 'gone' });
      stage.say('one');
      await stage.settle();
      stage.say('two');
      await stage.pass(30 * DAY_MS);
      expect(ranges(stage.sent)).toEqual([[0, 1]]);
      expect(stage.use((hook) => hook.summary())).toMatchObject({ failing: 1, stopped: true });
      const before = stage.sent.length;
      stage.answer = taken;
      stage.die();
      stage.fingerprint = 'other settings';
      stage.use((hook) => hook.wake());
      await stage.settle();
      expect(stage.sent.length).toBeGreaterThan(before);
      expect(ranges(stage.sent.slice(before))).toEqual([[0, 2]]);
      expect(stage.use((hook) => hook.summary())).toEqual({
        failing: 0,
        stopped: false,
        rooms: [],
      });
    }),
  );

  it(
    'sends again what a crash kept it from knowing to be taken',
    onStage(async (stage) => {
      stage.say('one');
      stage.answer = () => {
        stage.die();
        return { type: 'taken' };
      };
      await stage.settle();
      stage.answer = taken;
      await stage.pass(HOUR_MS);
      const logs = stage.sent.filter(({ type }) => type === 'room.changed');
      expect(logs.at(-1)?.data.changes).toMatchObject([{ rev: 1 }]);
    }),
  );

  it(
    'sends a replay under other ids, also one that comes while a request is under way',
    onStage(async (stage) => {
      for (let at = 0; at < 3; at++) stage.say(`m${at}`);
      await stage.settle();
      const { epoch } = stage.sent.at(-1)!.data;
      const before = stage.sent.length;
      stage.say('m3');
      stage.answer = (sent) => {
        if (sent.data.from === 3) stage.use((hook) => hook.replay('stage', `${epoch}:1`));
        stage.answer = taken;
        return { type: 'taken' };
      };
      await stage.settle();
      expect(ranges(stage.sent.slice(before))).toEqual([
        [3, 4],
        [1, 4],
      ]);
      expect(new Set(stage.sent.map(({ id }) => id)).size).toBe(stage.sent.length);
    }),
  );

  it(
    'tries a room that is replayed at once, however long it was to wait',
    onStage(async (stage) => {
      stage.answer = down;
      stage.say('one');
      await stage.pass(DAY_MS);
      stage.answer = taken;
      const before = stage.sent.length;
      stage.use((hook) => hook.replay('stage', hook.statusOf('stage').position));
      await stage.settle();
      expect(ranges(stage.sent.slice(before))).toEqual([[0, 1]]);
      expect(stage.use((hook) => hook.statusOf('stage'))).toMatchObject({ isWaiting: false });
    }),
  );

  it(
    'says what retention has removed, and that a room has begun anew',
    onStage(async (stage) => {
      stage.say('one');
      await stage.settle();
      stage.do('deleteRoom', {}, admin);
      stage.do('reopenRoom', {}, admin);
      stage.say('again');
      await stage.settle();
      const last = stage.sent.findLast(({ type }) => type === 'room.changed');
      expect(last?.data).toMatchObject({
        reset: true,
        from: 0,
        to: 1,
        changes: [{ message: 'again' }],
      });
      const types = stage.sent.map(({ type }) => type);
      expect(types.slice(0, 3)).toEqual(['room.created', 'room.changed', 'room.deleted']);
    }, hookEvents),
  );

  it(
    'is told of nothing by a room that it does not follow',
    onStage(async (stage) => {
      expect(stage.use((hook) => hook.summary())).toEqual({
        failing: 0,
        stopped: false,
        rooms: [],
      });
      expect(stage.use((hook) => hook.statusOf('elsewhere'))).toEqual({
        position: '0:0',
        isWaiting: false,
      });
    }),
  );
});
