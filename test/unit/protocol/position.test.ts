import { describe, expect, it } from 'vitest';
import { formatPosition, parsePosition, START } from '../../../src/protocol/position.ts';

describe('a position', () => {
  it.each([
    ['0:0', { epoch: '0', rev: 0 }],
    ['a-B_9:17', { epoch: 'a-B_9', rev: 17 }],
    [`${'e'.repeat(64)}:9007199254740991`, { epoch: 'e'.repeat(64), rev: 9007199254740991 }],
  ])('reads %s and writes it again', (text, position) => {
    expect(parsePosition(text)).toEqual(position);
    expect(formatPosition(position)).toBe(text);
  });

  it.each([
    '',
    ':',
    '0',
    '0:',
    ':0',
    'a:01',
    'a:-1',
    'a:1.0',
    'a:1e3',
    'a:1:2',
    'a b:1',
    ' a:1',
    'a:1\n',
    '\u00E9:1',
    `${'e'.repeat(65)}:1`,
    'a:12345678901234567',
  ])('is not %j', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });

  it('of an empty room is 0:0', () => {
    expect(formatPosition(START)).toBe('0:0');
  });
});
