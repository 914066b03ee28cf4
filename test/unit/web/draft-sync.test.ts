import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Conversation } from '../../../src/client/inbox.ts';
import { Drafts } from '../../../web/src/drafts.ts';
import { DraftSync } from '../../../web/src/draft-sync.ts';

const life = new AbortController();
const PLACE = { roomId: 'r' };

/** A browser's drafts, the drafts that it set in its inbox, and the rooms whose draft was taken. */
function device() {
  const items = new Map<string, string>();
  const store = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  const drafts = new Drafts(store, 'ann');
  const sent: string[] = [];
  const came: string[] = [];
  const inbox = {
    set: (_: string, { draft = '' } = {}) => {
      sent.push(draft);
      return Promise.resolve({} as Conversation);
    },
  };
  const sync = new DraftSync(
    inbox,
    {
      read: (roomId) => drafts.shared(roomId),
      write: (roomId, text) => drafts.setShared(roomId, text),
    },
    (roomId) => came.push(roomId),
    life.signal,
  );
  drafts.onWritten = (roomId, text) => sync.upload(roomId, text);
  const write = (text: string) => drafts.set(PLACE, { text, mode: 'new', mentions: [] });
  const meet = (more: Partial<Conversation>) =>
    sync.receive({ roomId: 'r', ...more } as Conversation);
  return { drafts, sent, came, write, meet, text: () => drafts.get(PLACE)?.text };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('drafts that other devices share', () => {
  it('go to the inbox once the user pauses, and may then be changed by another device', async () => {
    const { sent, came, write, meet, text } = device();
    write('h');
    write('hello');
    await expect.poll(() => sent, { timeout: 20_000 }).toEqual(['hello']);
    // The same text again is no change.
    write('hello');
    meet({ draft: 'hello, Bob' });
    expect([text(), came]).toEqual(['hello, Bob', ['r']]);
    meet({});
    expect([text(), came]).toEqual([undefined, ['r', 'r']]);
    expect(sent).toEqual(['hello']);
  });

  it('keep what was typed here and is not in the inbox yet', () => {
    const { came, write, meet, text } = device();
    write('mine');
    meet({ draft: 'theirs' });
    meet({});
    expect([text(), came]).toEqual(['mine', []]);
  });

  it('stay removed after the message was sent, even if the inbox answers with an older state', async () => {
    const { sent, came, write, meet, text } = device();
    meet({ draft: 'from the phone' });
    write('');
    // The answer to a question from before the removal.
    meet({ draft: 'from the phone' });
    expect([text(), came]).toEqual([undefined, ['r']]);
    await expect.poll(() => sent, { timeout: 20_000 }).toEqual(['']);
    await expect
      .poll(() => {
        meet({ draft: 'the next one' });
        return text();
      })
      .toBe('the next one');
  });

  it('are removed from the inbox at once when they are emptied, even if it may not have them yet', () => {
    vi.useFakeTimers();
    const { sent, write } = device();
    write('hello');
    vi.advanceTimersByTime(799);
    expect(sent).toEqual([]);
    write('');
    vi.advanceTimersByTime(0);
    expect(sent).toEqual(['']);
  });

  it('are taken where there is none yet, and `hasDraft` alone changes nothing', () => {
    const { came, meet, text } = device();
    meet({ hasDraft: true });
    expect([text(), came]).toEqual([undefined, []]);
    meet({ draft: 'from the phone' });
    meet({ hasDraft: true });
    expect([text(), came]).toEqual(['from the phone', ['r']]);
  });

  it('are shared except replies, edits, threads, and texts that the inbox would refuse', async () => {
    const { drafts, sent, write } = device();
    drafts.set(PLACE, { text: 'a reply', mode: 'reply', seq: 3, mentions: [] });
    drafts.set({ roomId: 'r', thread: 3 }, { text: 'x', mode: 'new', mentions: [] });
    drafts.set({ roomId: 'long' }, { text: 'é'.repeat(5_000), mode: 'new', mentions: [] });
    write('short');
    await expect.poll(() => sent, { timeout: 20_000 }).toEqual(['short']);
  });
});
