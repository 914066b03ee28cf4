import { describe, expect, it } from 'vitest';
import { readRange } from '../../../src/files/byte-range.ts';

describe('a Range header of a file of 1,000 bytes', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=0-499', { first: 0, last: 499 }],
    ['bytes=500-', { first: 500, last: 999 }],
    ['bytes=-500', { first: 500, last: 999 }],
    ['bytes=-5000', { first: 0, last: 999 }],
    ['bytes=999-5000', { first: 999, last: 999 }],
    ['BYTES=1-2', { first: 1, last: 2 }],
  ])('%s names one part', (header, range) => {
    expect(readRange(header, 1_000)).toEqual(range);
  });

  it.each(['bytes=1000-', 'bytes=1000-2000', 'bytes=-0', 'bytes=99999999999999999999-'])(
    '%s cannot be satisfied',
    (header) => {
      expect(readRange(header, 1_000)).toBe('unsatisfiable');
    },
  );

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-4',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=0x1-2',
    'bytes=+1-2',
  ])('%s asks for all of it', (header) => {
    expect(readRange(header, 1_000)).toBe('all');
  });

  it('cannot be satisfied for an empty file', () => {
    expect(readRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(readRange('bytes=-1', 0)).toBe('unsatisfiable');
    expect(readRange(undefined, 0)).toBe('all');
  });
});
