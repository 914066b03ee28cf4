import { expect, test } from 'vitest';
import { bytesOf, partsOf } from '../../../web/src/split.ts';

function split(text: string, most: number): string[] {
  return partsOf(text, most).map(({ from, to }) => text.slice(from, to));
}

test('splits a text as late as there is an empty line, a line break, or a space', () => {
  expect(split('one two\n\nthree four', 15)).toEqual(['one two\n\n', 'three four']);
  expect(split('one two\nthree four', 13)).toEqual(['one two\n', 'three four']);
  expect(split('one two three', 10)).toEqual(['one two ', 'three']);
  expect(split('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
  expect(split('fits', 10)).toEqual(['fits']);
});

test('counts bytes, breaks no character, and loses none', () => {
  const text = '日本語🎉'.repeat(300);
  const parts = split(text, 100);
  expect(parts.join('')).toBe(text);
  for (const part of parts) {
    expect(bytesOf(part)).toBeLessThanOrEqual(100);
    expect(part.isWellFormed()).toBe(true);
  }
  expect(split('🎉🎉', 1)).toEqual(['🎉', '🎉']);
});
