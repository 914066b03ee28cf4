import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Timeline } from '../../../src/client/timeline.ts';
import type { EventPayload } from '../../../src/protocol/events.ts';
import type { Message } from '../../../src/protocol/objects.ts';

/** A change as a client receives it: a whole message, or its new reactions. */
type Heard = { whole: Message } | { reactions: EventPayload<'reactionsUpdated'> };

const act = fc.record({
  kind: fc.constantFrom('send', 'reply', 'reply', 'edit', 'react', 'delete', 'delete'),
  which: fc.nat(),
});

type Act = { kind: string; which: number };

/** A room as the server stores it. */
class ServerRoom {
  readonly #rows: Message[] = [];
  rev = 0;

  /** The messages as a page read now returns them. */
  get rows(): Message[] {
    return this.#rows.map((row) => this.#counted(row));
  }

  /** Changes the room. @returns the event for listeners, and the message as a page read now returns it */
  act({ kind, which }: Act): Heard[] {
    const at = which % Math.max(1, this.#rows.length);
    const row = this.#rows[at];
    if (kind === 'send' || kind === 'reply' || row === undefined) {
      const said = this.#said(kind === 'reply' ? row?.seq : undefined);
      this.#rows.push(said);
      return [{ whole: said }];
    }
    if (row.deletedAt !== undefined) return [];
    const after = changed(row, kind, ++this.rev);
    this.#rows[at] = after;
    const whole = { whole: this.#counted(after) };
    return kind === 'react' ? [{ reactions: reactionsIn(after) }, whole] : [whole];
  }

  #said(replyTo: number | undefined): Message {
    const rev = ++this.rev;
    const who = { roomId: 'room', senderId: 'anna', sender: 'anna' };
    const at = { seq: rev, rev, id: `${rev}`, timestamp: rev };
    return { ...who, ...at, message: 'said', ...(replyTo !== undefined && { replyTo }) };
  }

  /** `replyCount` is derived when a row is read, outside `rev`. */
  #counted(row: Message): Message {
    const replies = this.#rows.filter(
      ({ replyTo, deletedAt }) => replyTo === row.seq && deletedAt === undefined,
    );
    return { ...row, ...(replies.length > 0 && { replyCount: Math.min(1_000, replies.length) }) };
  }
}

/** Executes all acts. @returns the room's final messages, and every change that clients could receive */
function playAll(acts: readonly Act[]) {
  const room = new ServerRoom();
  const heard = acts.flatMap((act) => room.act(act));
  return { rows: room.rows, heard };
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

function applyTo(timeline: Timeline, heard: Heard): void {
  if ('whole' in heard) timeline.put(heard.whole);
  else timeline.react(heard.reactions);
}

/** A client that follows a room over a bad connection. */
class RoomVisitor {
  readonly room = new ServerRoom();
  readonly timeline = new Timeline();
  readonly #heard: Heard[] = [];
  #isHere = true;
  /** The last `rev` received. */
  #rev = 0;

  /** The room's messages in the range that the client has loaded. */
  get expected(): Message[] {
    return this.room.rows.filter(({ seq }) => seq >= this.timeline.from);
  }

  step({ kind, which }: Act): void {
    switch (kind) {
      case 'lose':
        this.#isHere = false;
        break;
      case 'return':
        this.#return();
        break;
      case 'reset':
        this.#begin(which % 10);
        break;
      case 'older':
        if (this.#isHere) this.#loadOlder(1 + (which % 5));
        break;
      case 'trim':
        this.timeline.trim(1 + (which % 10));
        break;
      case 'again': {
        const old = this.#heard[which % Math.max(1, this.#heard.length)];
        if (old !== undefined) applyTo(this.timeline, old);
        break;
      }
      default:
        this.#hear(this.room.act({ kind, which }));
    }
  }

  #hear(heard: readonly Heard[]): void {
    if (!this.#isHere) return;
    for (const one of heard) applyTo(this.timeline, one);
    this.#heard.push(...heard);
    this.#rev = this.room.rev;
  }

  #return(): void {
    this.#isHere = true;
    const missed = this.room.rows.filter(({ rev }) => rev > this.#rev);
    this.#hear(missed.toSorted((a, b) => a.rev - b.rev).map((whole) => ({ whole })));
  }

  #begin(history: number): void {
    this.#isHere = true;
    const { rows, rev } = this.room;
    const page = history === 0 ? [] : rows.slice(-history);
    this.timeline.clear(page[0]?.seq ?? rev + 1);
    this.#hear(page.map((whole) => ({ whole })));
    this.#rev = rev;
  }

  #loadOlder(limit: number): void {
    const { from } = this.timeline;
    const older = this.room.rows.filter(({ seq }) => seq < from);
    const page = older.slice(-limit);
    this.timeline.addOlder(page, older.length > limit ? (page[0]?.seq ?? 0) : 0);
  }
}

/** All changes and final messages of a random room, in any order and with repetitions. */
const life = fc.array(act, { maxLength: 40 }).chain((acts) => {
  const { rows, heard } = playAll(acts);
  const all: Heard[] = [...heard, ...rows.map((whole) => ({ whole }))];
  const extra = heard.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...heard));
  return extra.chain((more) =>
    fc.record({
      rows: fc.constant(rows),
      received: fc.shuffledSubarray([...all, ...more], {
        minLength: all.length + more.length,
        maxLength: all.length + more.length,
      }),
    }),
  );
});

describe('a timeline', () => {
  test("has the room's state, in whatever order and however often changes arrive", () => {
    fc.assert(
      fc.property(life, ({ rows, received }) => {
        const timeline = new Timeline();
        timeline.clear(1);
        for (const heard of received) applyTo(timeline, heard);
        expect(timeline.list).toEqual(rows);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('needs only the newest state and the newest reactions of every message', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), fc.boolean(), (acts, isForward) => {
        const { rows, heard } = playAll(acts);
        const newest = new Map<string, Heard>();
        for (const one of heard) {
          if ('whole' in one) newest.set(`whole ${one.whole.seq}`, one);
          else newest.set(`reactions ${one.reactions.seq}`, one);
        }
        const timeline = new Timeline();
        timeline.clear(1);
        const received = [...newest.values()];
        for (const one of isForward ? received : received.toReversed()) applyTo(timeline, one);
        expect(timeline.list).toEqual(rows);
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  test('counts replies as the room does, through lost connections, pages and trims', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: act },
      fc.record({
        kind: fc.constantFrom('lose', 'return', 'older', 'trim', 'again', 'reset'),
        which: fc.nat(),
      }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), fc.array(step), (before, steps) => {
        const visitor = new RoomVisitor();
        for (const one of before) visitor.room.act(one);
        visitor.step({ kind: 'reset', which: 5 });
        for (const one of steps) visitor.step(one);
        visitor.step({ kind: 'return', which: 0 });
        expect(visitor.timeline.list).toEqual(visitor.expected);
      }),
      { numRuns: 1_000, seed: 4 },
    );
  });

  test('counts 1,000 replies and no more', () => {
    const timeline = new Timeline();
    timeline.clear(1);
    const room = new ServerRoom();
    const take = (act: Act) => room.act(act).forEach((heard) => applyTo(timeline, heard));
    for (let at = 0; at <= 1_001; at++) take({ kind: at === 0 ? 'send' : 'reply', which: 0 });
    expect(timeline.find(1)?.replyCount).toBe(1_000);
    take({ kind: 'delete', which: 1 });
    expect(timeline.find(1)?.replyCount).toBe(1_000);
    take({ kind: 'delete', which: 2 });
    expect(timeline.find(1)?.replyCount).toBe(999);
  });

  test('reports each message as new exactly once', () => {
    fc.assert(
      fc.property(life, ({ rows, received }) => {
        const timeline = new Timeline();
        timeline.clear(1);
        const fresh = received.flatMap((one) =>
          'whole' in one && timeline.put(one.whole) === 'new' ? [one.whole.seq] : [],
        );
        expect(fresh.toSorted((a, b) => a - b)).toEqual(rows.map(({ seq }) => seq));
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  test('has one gapless range: ignores older messages until their page is loaded, drops the oldest', () => {
    const { rows } = playAll(Array.from({ length: 9 }, () => ({ kind: 'send', which: 0 })));
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

  test('returns the same list and message objects until something changes', () => {
    const { rows } = playAll(Array.from({ length: 3 }, () => ({ kind: 'send', which: 0 })));
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
