import { describe, expect, it } from 'vitest';
import type { Audience } from '../../../src/room/broadcast/audience.ts';
import { type Entry, frameOf, ownFrame } from '../../../src/room/broadcast/framing.ts';

function entry(line: string, audience: Audience, position?: string): Entry {
  return { line, audience, position, ephemeral: false, deferrable: false };
}

function connection(id: string, userId: string, joined = true) {
  return { state: { v: 1 as const, id, identity: { userId }, joined } };
}

const entries = [
  entry('all', { to: 'everyone' }, 'e:1'),
  entry('not c1', { to: 'everyone', except: 'c1' }, 'e:2'),
  entry('c1', { to: 'connection', id: 'c1' }),
  entry('alice', { to: 'user', userId: 'alice' }),
];

describe('framing', () => {
  it('[WIRE6] makes one frame of entries, with the last position', () => {
    const frame = frameOf(entries.filter(({ audience }) => audience.to === 'everyone'));
    expect(frame?.lines).toEqual(['all', 'not c1']);
    expect(frame?.position).toBe('e:2');
    expect(frameOf([])).toBeUndefined();
  });

  it.each([
    ['c1', 'alice', ['all', 'c1', 'alice']],
    ['c2', 'alice', ['all', 'not c1', 'alice']],
    ['c3', 'bob', ['all', 'not c1']],
  ])('gives connection %s of %s the entries whose audience it is in', (id, userId, lines) => {
    expect(ownFrame(connection(id, userId), entries, undefined)?.lines).toEqual(lines);
  });

  it('[PRES6] leaves loud lines out of the frames of quiet connections', () => {
    const loud = { ...entry('typing', { to: 'everyone' }), ephemeral: true, loud: true };
    const frame = frameOf([entry('said', { to: 'everyone' }, 'e:1'), loud])!;
    expect(frame.lines).toEqual(['said', 'typing']);
    expect(frame.quiet).toMatchObject({ lines: ['said'], position: 'e:1' });
    expect(frame.quiet).toBe(frame.quiet);
    expect(frameOf([loud])!.quiet).toBeUndefined();
    const { state } = connection('c1', 'alice');
    expect(ownFrame({ state: { ...state, quiet: true } }, [loud], undefined)).toBeUndefined();
  });

  it('gives a connection that has not joined only the entries addressed to it', () => {
    expect(ownFrame(connection('c1', 'alice', false), entries, undefined)?.lines).toEqual(['c1']);
    expect(ownFrame(connection('c3', 'bob', false), entries, undefined)).toBeUndefined();
  });

  it('gives a connection only the events from while it was joined', () => {
    const spans = [{ from: 0, to: 1 }];
    expect(ownFrame(connection('c3', 'bob', false), entries, spans)?.lines).toEqual(['all']);
    const later = [{ from: 1, to: Infinity }];
    expect(ownFrame(connection('c3', 'bob'), entries, later)?.lines).toEqual(['not c1']);
  });
});
