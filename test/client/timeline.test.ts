import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Timeline } from '../../src/client/timeline.ts';
import type { EventPayload } from '../../src/protocol/events.ts';
import type { Message } from '../../src/protocol/objects.ts';

/** What somebody hears of a room: a whole message, or new reactions of one. */
type Heard = { whole: Message } | { reactions: EventPayload<'reactionsUpdated'> };

const act = fc.record({
  kind: fc.constantFrom('send', 'send', 'edit', 'react', 'delete'),
  which: fc.nat(),
});

/** Plays a room's life. @returns its rows in the end, and all that was ever to be heard of them */
function live(acts: readonly { kind: string; which: number }[]) {
  const rows: Message[] = [];
  const heard: Heard[] = [];
  let rev = 0;
  for (const { kind, which } of acts) {
    const at = which % Math.max(1, rows.length);
    const row = rows[at];
    if (kind === 'send' || row === undefined) {
      rev++;
      const [roomId, senderId, sender, timestamp] = ['room', 'anna', 'anna', rev];
      const said = {
        roomId,
        seq: rev,
        rev,
        id: `${rev}`,
        senderId,
        sender,
        message: 'said',
        timestamp,
      };
      rows.push(said);
      heard.push({ whole: said });
    } else if (row.deletedAt === undefined) {
      const after = changed(row, kind, ++rev);
      rows[at] = after;
      heard.push(kind === 'react' ? { reactions: reactionsIn(after) } : { whole: after });
      // A page that is read just now holds the whole row.
      heard.push({ whole: after });
    }
  }
  return { rows, heard };
}

function changed(row: Message, kind: string, rev: number): Message {
  const { reactions = {}, ...rest } = row;
  switch (kind) {
    case 'edit':
      return { ...row, rev, message: `edit ${rev}`, editedAt: rev };
    case 'react': {
      const counts = reactions['👍'] === undefined ? { '👍': rev } : {};
      return { ...rest, rev, ...(counts['👍'] !== undefined && { reactions: counts }) };
    }
    default:
      return { ...rest, rev, message: '', deletedAt: rev };
  }
}

function reactionsIn({ roomId, seq, rev, reactions = {} }: Message) {
  return { roomId, seq, rev, reactions, by: 'ben', emoji: '👍', added: true };
}

function take(timeline: Timeline, heard: Heard): void {
  if ('whole' in heard) timeline.put(heard.whole);
  else timeline.react(heard.reactions);
}

/** The state of every row, in any order, with repetitions and anything that was ever heard. */
const life = fc.array(act, { maxLength: 40 }).chain((acts) => {
  const { rows, heard } = live(acts);
  const all: Heard[] = [...heard, ...rows.map((whole) => ({ whole }))];
  const extra = heard.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...heard));
  return extra.chain((more) =>
    fc.record({
      rows: fc.constant(rows),
      told: fc.shuffledSubarray([...all, ...more], {
        minLength: all.length + more.length,
        maxLength: all.length + more.length,
      }),
    }),
  );
});

describe('a timeline', () => {
  test('holds the room as it is, in whatever order and how often it hears of it', () => {
    fc.assert(
      fc.property(life, ({ rows, told }) => {
        const timeline = new Timeline();
        timeline.clear(1);
        for (const heard of told) take(timeline, heard);
        expect(timeline.list).toEqual(rows);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('needs of every row only its newest whole state and its newest reactions', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), fc.boolean(), (acts, isForward) => {
        const { rows, heard } = live(acts);
        const newest = new Map<string, Heard>();
        for (const one of heard) {
          if ('whole' in one) newest.set(`whole ${one.whole.seq}`, one);
          else newest.set(`reactions ${one.reactions.seq}`, one);
        }
        const timeline = new Timeline();
        timeline.clear(1);
        const told = [...newest.values()];
        for (const one of isForward ? told : told.toReversed()) take(timeline, one);
        expect(timeline.list).toEqual(rows);
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  test('tells each message as new once', () => {
    fc.assert(
      fc.property(life, ({ rows, told }) => {
        const timeline = new Timeline();
        timeline.clear(1);
        const fresh = told.flatMap((one) =>
          'whole' in one && timeline.put(one.whole) === 'new' ? [one.whole.seq] : [],
        );
        expect(fresh.toSorted((a, b) => a - b)).toEqual(rows.map(({ seq }) => seq));
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  test('keeps one unbroken run: leaves older ones to their page and lets go of the oldest', () => {
    const { rows } = live(Array.from({ length: 9 }, () => ({ kind: 'send', which: 0 })));
    const timeline = new Timeline();
    timeline.clear(6);
    for (const row of rows) timeline.put(row);
    const seqs = () => timeline.list.map(({ seq }) => seq);
    expect(seqs()).toEqual([6, 7, 8, 9]);
    timeline.addOlder(rows.slice(2, 5), 3);
    expect([seqs(), timeline.hasOlder]).toEqual([[3, 4, 5, 6, 7, 8, 9], true]);
    timeline.addOlder(rows.slice(0, 2), 0);
    expect([seqs(), timeline.hasOlder]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9], false]);
    timeline.trim(2);
    expect([seqs(), timeline.hasOlder]).toEqual([[8, 9], true]);
    expect([timeline.dropBelow(9), seqs(), timeline.hasOlder]).toEqual([true, [9], false]);
  });

  test('gives the same list and the same messages until something changes', () => {
    const { rows } = live(Array.from({ length: 3 }, () => ({ kind: 'send', which: 0 })));
    const timeline = new Timeline();
    timeline.clear(1);
    for (const row of rows) timeline.put(row);
    const before = timeline.list;
    for (const row of rows) timeline.put(row);
    expect(timeline.list).toBe(before);
    timeline.react({ ...reactionsIn(rows[1]!), rev: 4, reactions: { '👍': 1 } });
    expect(timeline.list).not.toBe(before);
    expect([timeline.list[0] === before[0], timeline.list[1] === before[1]]).toEqual([true, false]);
  });
});
