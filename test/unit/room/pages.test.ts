import { describe, expect, it } from 'vitest';
import { pageOf } from '../../../src/room/messages/pages.ts';

describe('a page', () => {
  it('[HIST1] ends at its count and says whether there is more', () => {
    expect(pageOf([1, 2, 3], 3)).toEqual({ items: [1, 2, 3], hasMore: false });
    expect(pageOf([1, 2, 3], 2)).toEqual({ items: [1, 2], hasMore: true });
    expect(pageOf([], 2)).toEqual({ items: [], hasMore: false });
  });

  it('ends before its JSON exceeds the limit in UTF-8 bytes', () => {
    const found = ['\u4F60\u4F60', 'ab', 'c'];
    expect(pageOf(found, 9, 12)).toEqual({ items: found.slice(0, 2), hasMore: true });
    expect(pageOf(found, 9, 11)).toEqual({ items: found.slice(0, 1), hasMore: true });
    expect(pageOf(found, 9, 15)).toEqual({ items: found, hasMore: false });
  });

  it('[HIST1] counts the ends of lines as they are sent, escaped', () => {
    expect(pageOf(['\u0085', '\u2028'], 9, 16)).toMatchObject({ hasMore: false });
    expect(pageOf(['\u0085', '\u2028'], 9, 15)).toMatchObject({ hasMore: true });
  });

  it('[HIST1] holds at least one item, however big', () => {
    const big = 'x'.repeat(1_000_000);
    expect(pageOf([big, big], 9)).toEqual({ items: [big], hasMore: true });
  });

  it('[HIST1] holds 256 KiB by default', () => {
    const item = 'x'.repeat(1_022);
    const found = Array.from({ length: 300 }, () => item);
    expect(pageOf(found, 500).items).toHaveLength(256);
  });

  it('asks for at most one item more than it holds', () => {
    let made = 0;
    const items = {
      *[Symbol.iterator]() {
        for (;;) {
          made++;
          yield 'x'.repeat(98);
        }
      },
    };
    expect(pageOf(items, 9, 500).items).toHaveLength(5);
    expect(made).toBe(6);
  });
});
