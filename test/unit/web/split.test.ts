import { expect, test } from 'vitest';
import { bytesOf, partsOf } from '../../../web/src/split.ts';

function split(text: string, most: number): string[] {
  return partsOf(text, most).map(({ from, to }) => text.slice(from, to));
}

test('a long text is split at its last empty line, line break or space', () => {
  expect(split('one two\n\nthree four', 15)).toEqual(['one two\n\n', 'three four']);
  expect(split('one two\nthree four', 13)).toEqual(['one two\n', 'three four']);
  expect(split('one two three', 10)).toEqual(['one two ', 'three']);
  expect(split('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
  expect(split('fits', 10)).toEqual(['fits']);
});

test('parts are limited in bytes, and no character is broken or lost', () => {
  const text = '日本語🎉'.repeat(300);
  const parts = split(text, 100);
  expect(parts.join('')).toBe(text);
  for (const part of parts) {
    expect(bytesOf(part)).toBeLessThanOrEqual(100);
    expect(part.isWellFormed()).toBe(true);
  }
  expect(split('🎉🎉', 1)).toEqual(['🎉', '🎉']);
});
