import { describe, expect, it } from 'vitest';
import { audit, type Client, type Entry, type Noted } from './auditor.ts';

const noted = (seq: number, senderId = 'ann'): Noted => ({
  seq,
  id: `${senderId} ${seq}`,
  senderId,
  text: `text ${seq}`,
});
const joined = (seq: number, more: Partial<Extract<Entry, { kind: 'joined' }>> = {}): Entry => ({
  kind: 'joined',
  seq,
  complete: true,
  reset: false,
  online: ['ben'],
  ...more,
});
const ok = (seq: number, isNew = true): Entry => ({ kind: 'ok', message: noted(seq), isNew });
const heard = (seq: number): Entry => ({ kind: 'heard', message: noted(seq) });
const page = (seqs: number[], complete = true): Entry => ({
  kind: 'page',
  seq: seqs.at(-1) ?? 0,
  complete,
  messages: seqs.map((seq) => noted(seq)),
});

/** A client's record that a test can falsify. */
interface Scripted extends Client {
  invoked: Client['invoked'];
  connections: { since: number; entries: Entry[] }[];
}

const STORED = [1, 2, 3, 4, 5].map((seq) => noted(seq));

/** Ann sends five messages; Ben listens, loses his connection after the second, and resumes. */
function run() {
  const invoked = STORED.map(({ id, text }) => ({ id, text }));
  const ann: Scripted = {
    name: 'ann',
    userId: 'ann',
    invoked,
    connections: [
      { since: 0, entries: [joined(0), ok(1), ok(2), ok(3)] },
      { since: 3, entries: [joined(4), ok(4, false), ok(5)] },
    ],
  };
  const ben: Scripted = {
    name: 'ben',
    userId: 'ben',
    invoked: [],
    connections: [
      { since: 0, entries: [joined(0), { kind: 'came', userId: 'ann' }, heard(1), heard(2)] },
      {
        since: 2,
        entries: [joined(3, { complete: false }), page([3], false), heard(5), page([4])],
      },
    ],
  };
  return { ann, ben, stored: STORED };
}

const judge = ({ ann, ben, stored }: ReturnType<typeof run>) => audit([ann, ben], stored);

describe('the auditor', () => {
  it('finds nothing if every guarantee was kept', () => {
    expect(judge(run())).toEqual([]);
  });

  const broken: [promise: string, break_: (all: ReturnType<typeof run>) => void, says: RegExp][] = [
    [
      'a hole in the stored messages',
      (all) => (all.stored = all.stored.filter(({ seq }) => seq !== 3)),
      /in the place of 3/,
    ],
    [
      'an acknowledged message that is lost',
      (all) => (all.stored = STORED.slice(0, 4)),
      /answered as 5 and is not there/,
    ],
    [
      'a message stored twice',
      (all) => (all.stored = [...STORED, { ...noted(5), seq: 6 }]),
      /twice/,
    ],
    [
      'a stored message that no client sent',
      (all) => (all.stored = [...STORED, noted(6, 'eve')]),
      /nobody said/,
    ],
    [
      'a message stored with another text',
      (all) => (all.stored = STORED.map((one) => ({ ...one, text: 'x' }))),
      /nobody said so/,
    ],
    [
      'a message without an answer',
      (all) => all.ann.invoked.push({ id: 'more', text: 'x' }),
      /more was never answered/,
    ],
    [
      'two different answers to a message',
      (all) =>
        all.ann.connections[1]!.entries.push({
          kind: 'ok',
          message: { ...noted(5), id: 'ann 1' },
          isNew: false,
        }),
      /answered as 1 and 5/,
    ],
    [
      'messages stored in another order than sent',
      (all) => (all.ann.invoked = all.ann.invoked.toReversed()),
      /stands behind what was said after it/,
    ],
    [
      'a missing live message',
      (all) => all.ben.connections[0]!.entries.splice(2, 1),
      /2 came, and 1 had not/,
    ],
    [
      'a live message twice',
      (all) => all.ben.connections[0]!.entries.push(heard(2)),
      /2 came behind 2/,
    ],
    [
      'live messages out of order',
      (all) => all.ben.connections[0]!.entries.splice(2, 2, heard(2), heard(1)),
      /1 came behind 2/,
    ],
    [
      'a hole between pages',
      (all) => all.ben.connections[1]!.entries.splice(1, 1),
      /skip from 2 to 4/,
    ],
    [
      'a repeated page',
      (all) => all.ben.connections[1]!.entries.push(page([4])),
      /4 came in a page behind 4/,
    ],
    [
      'a message that a client never receives',
      (all) => all.ben.connections[1]!.entries.pop(),
      /never learnt of 1 messages, the first of them 4/,
    ],
    [
      'a reset without a reason',
      (all) => all.ben.connections[1]!.entries.splice(0, 1, joined(3, { reset: true })),
      /begin anew/,
    ],
    [
      'a user who joins twice',
      (all) => all.ben.connections[0]!.entries.push({ kind: 'came', userId: 'ann' }),
      /ann came, and was there/,
    ],
    [
      'a user who leaves without having joined',
      (all) => all.ben.connections[0]!.entries.push({ kind: 'went', userId: 'cleo' }),
      /cleo went, and was not there/,
    ],
    [
      'a received message that differs from the stored one',
      (all) =>
        all.ben.connections[0]!.entries.push({
          kind: 'heard',
          message: { ...noted(3), text: 'x' },
        }),
      /3 was shown as/,
    ],
  ];

  it.each(broken)('finds %s', (_, break_, says) => {
    const all = run();
    break_(all);
    expect(judge(all).join('\n')).toMatch(says);
  });

  it('checks no joins and leaves once presence is a number', () => {
    const all = run();
    all.ben.connections[0]!.entries.push({ kind: 'counted' }, { kind: 'went', userId: 'cleo' });
    expect(judge(all)).toEqual([]);
  });
});
