import { expect, test } from 'vitest';
import type { Store } from '../../../src/client/index.ts';
import { type Draft, Drafts } from '../../../web/src/drafts.ts';

class MapStore implements Store {
  readonly entries = new Map<string, string>();
  getItem(key: string): string | null {
    return this.entries.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.entries.set(key, value);
  }
  removeItem(key: string): void {
    this.entries.delete(key);
  }
}

const draft = (text: string): Draft => ({ text, mode: 'new', mentions: [] });

test('there is a draft for each room and thread, and none that is empty', () => {
  const store = new MapStore();
  const drafts = new Drafts(store, 'ann');
  const reply: Draft = {
    text: 'hi @Alex',
    mode: 'reply',
    seq: 3,
    mentions: [{ at: 3, userId: 'u-2', name: 'Alex' }],
  };
  drafts.set({ roomId: 'a' }, draft('one'));
  drafts.set({ roomId: 'a', thread: 7 }, reply);
  drafts.set({ roomId: 'b' }, draft('two'));
  const again = new Drafts(store, 'ann');
  expect(again.get({ roomId: 'a' })).toMatchObject(draft('one'));
  expect(again.get({ roomId: 'a', thread: 7 })).toMatchObject(reply);
  expect(again.get({ roomId: 'b', thread: 7 })).toBeUndefined();
  expect([...again.rooms].toSorted()).toEqual(['a', 'b']);
  again.set({ roomId: 'b' }, draft(' '));
  again.clear('a');
  expect(again.rooms.size).toBe(0);
  expect(store.entries.size).toBe(0);
});

test('a draft keeps its reply target, even when it has no text', () => {
  const drafts = new Drafts(new MapStore(), 'ann');
  drafts.set({ roomId: 'a' }, { text: '', mode: 'reply', seq: 3, mentions: [] });
  expect(drafts.get({ roomId: 'a' })).toMatchObject({ mode: 'reply', seq: 3 });
});

test('drafts are hidden from another user', () => {
  const store = new MapStore();
  new Drafts(store, 'ann').set({ roomId: 'a' }, draft('secret'));
  expect(new Drafts(store, 'ben').get({ roomId: 'a' })).toBeUndefined();
});

test('the newest 50 drafts are kept, and none that is too large', () => {
  const store = new MapStore();
  const drafts = new Drafts(store, 'ann');
  for (let room = 1; room <= 51; room++) drafts.set({ roomId: `${room}` }, draft('text'));
  expect(drafts.rooms.size).toBe(50);
  expect(drafts.rooms.has('1')).toBe(false);
  drafts.set({ roomId: '51' }, draft('x'.repeat(65_537)));
  expect(drafts.rooms.has('51')).toBe(false);
});

test.each(['{', '7', '[null, 1, {}]'])('%s in the store counts as no drafts', (kept) => {
  const store = new MapStore();
  store.setItem('drafts.ann', kept);
  expect(new Drafts(store, 'ann').rooms.size).toBe(0);
});
