import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SoakOptions } from '../../scripts/soak.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { Listener } from '../unit/room/listener.ts';
import { RoomHarness } from '../unit/room/room-harness.ts';
import { fillRoom } from '../support/fill.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
/** How many times as long an operation may take in the large room as in the small one. */
const MAX_TIMES = 3;
/** The users who speak in turn, the same number in both rooms. */
const PEOPLE = 100;
/** Measured repetitions of each operation, of which the median counts, after `WARMING` unmeasured ones. */
const ROUNDS = 60;
const WARMING = 20;

const { limits } = readSettings({ COMMAND_BURST: '1000000' }).settings;

/** Operations that could depend on the size of a room. */
const operations: Record<string, (place: EventIdTracker) => void> = {
  join: ({ enter }) => enter({ history: 50 }),
  'join, 500 behind': ({ enter, count, epoch }) => enter({ since: `${epoch}:${count - 500}` }),
  'join, all behind': ({ enter, epoch }) => enter({ since: `${epoch}:0` }),
  'newest page': ({ ask }) => ask('getHistory', {}),
  'oldest page': ({ ask }) => ask('getHistory', { after: 0 }),
  'middle page': ({ ask, count }) => ask('getHistory', { around: count / 2 }),
  'middle of what was missed': ({ ask, count, epoch }) =>
    ask('getMissed', { after: `${epoch}:${count / 2}` }),
  'search, a word of the newest': ({ ask, count }) =>
    ask('searchMessages', { query: `no${count}` }),
  'search, a word of the oldest': ({ ask }) => ask('searchMessages', { query: 'no1' }),
  'search, a common word': ({ ask }) => ask('searchMessages', { query: 'thunder' }),
  'search, common words': ({ ask }) => ask('searchMessages', { query: 'thunder fox lazy' }),
  'search, a common word, further back': ({ ask, count }) =>
    ask('searchMessages', { query: 'thunder', before: count / 2 }),
  'search, of one user': ({ ask }) => ask('searchMessages', { query: 'rain', from: 'user 7' }),
  'search, a phrase': ({ ask }) => ask('searchMessages', { query: '"lazy dog"' }),
  'search, the beginning of a word': ({ ask }) => ask('searchMessages', { query: 'thund' }),
  'search, nothing': ({ ask }) => ask('searchMessages', { query: 'unheard' }),
  'mark as read': ({ ask, next }) => ask('markRead', { readUpTo: next() }),
  'read, and how much is unread': ({ ask }) => ask('markRead', { readUpTo: 1 }),
  members: ({ ask }) => ask('getMembers', { limit: 100 }),
  send: ({ ask, next }) => ask('message', { message: `something new ${next()}` }),
};

interface EventIdTracker {
  count: number;
  epoch: string;
  enter: (join: object) => void;
  ask: (name: string, payload: object) => void;
  next: () => number;
}

function medianOf(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** Measures each operation in a room of `count` messages. @returns milliseconds by operation */
async function measure(folder: string, count: number): Promise<Map<string, number>> {
  const path = join(folder, `${count}.sqlite`);
  await fillRoom({ path, roomId: 'harness', messages: count, members: PEOPLE });
  const harness = new RoomHarness(path, limits);
  const listener = new Listener(harness, { userId: 'user 1' });
  let made = 0;
  const place: EventIdTracker = {
    count,
    epoch: listener.joined.epoch,
    enter: (join) => {
      const entered = new Listener(harness, { userId: 'user 2' }, join);
      harness.drop(entered.plug, 'left');
      harness.tellEnds();
    },
    ask: (name, payload) => {
      listener.frames.length = 0;
      const { ok, error } = listener.ask(name, payload);
      assert(ok, `${name}: ${JSON.stringify(error)}`);
    },
    next: () => count / 2 + made++,
  };
  const times = new Map(
    Object.entries(operations).map(([name, operation]) => {
      for (let at = 0; at < WARMING; at++) operation(place);
      const all = Array.from({ length: ROUNDS }, () => {
        const begun = performance.now();
        operation(place);
        return performance.now() - begun;
      });
      return [name, medianOf(all)] as const;
    }),
  );
  harness.close();
  return times;
}

/** Measures rooms of 10,000 and of a million messages, once. @throws if an operation takes 3 times as long */
export async function soak({ log }: Pick<SoakOptions, 'log'>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-scale-'));
  try {
    const small = await measure(folder, SMALL);
    log(`measured ${SMALL} messages; filling ${LARGE}`);
    const large = await measure(folder, LARGE);
    const slow: string[] = [];
    for (const [name, before] of small) {
      const after = large.get(name)!;
      const times = after / before;
      log(`${name}: ${before.toFixed(2)} ms, ${after.toFixed(2)} ms, ${times.toFixed(2)} times`);
      if (times > MAX_TIMES) slow.push(name);
    }
    assert.deepEqual(slow, [], `more than ${MAX_TIMES} times as slow`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
