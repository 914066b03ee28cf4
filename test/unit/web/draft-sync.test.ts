import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Conversation } from '../../../src/client/inbox.ts';
import { Drafts } from '../../../web/src/drafts.ts';
import { DraftSync } from '../../../web/src/draft-sync.ts';

const life = new AbortController();
const PLACE = { roomId: 'r' };

/** A browser's drafts, what its inbox was asked, and the rooms whose draft came from elsewhere. */
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
  drafts.wrote = (roomId, text) => sync.wrote(roomId, text);
  const write = (text: string) => drafts.set(PLACE, { text, mode: 'new', mentions: [] });
  const meet = (more: Partial<Conversation>) => sync.met({ roomId: 'r', ...more } as Conversation);
  return { drafts, sent, came, write, meet, text: () => drafts.get(PLACE)?.text };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('drafts that other devices share', () => {
  it('goes to the inbox after a rest, once, and is then one that another device may change', async () => {
    const { sent, came, write, meet, text } = device();
    write('h');
    write('hello');
    await expect.poll(() => sent, { timeout: 20_000 }).toEqual(['hello']);
    // Drawing it again is no change.
    write('hello');
    meet({ draft: 'hello, Bob' });
    expect([text(), came]).toEqual(['hello, Bob', ['r']]);
    meet({});
    expect([text(), came]).toEqual([undefined, ['r', 'r']]);
    expect(sent).toEqual(['hello']);
  });

  it('keeps what was typed here and is not sent yet', () => {
    const { came, write, meet, text } = device();
    write('mine');
    meet({ draft: 'theirs' });
    meet({});
    expect([text(), came]).toEqual(['mine', []]);
  });

  it('keeps a draft removed that was sent, whatever the inbox answers from before that', async () => {
    const { sent, came, write, meet, text } = device();
    meet({ draft: 'from the phone' });
    write('');
    // Asked for when the room was opened, answered now.
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

  it('removes a draft that is sent from the inbox at once, also one that it may not have yet', () => {
    vi.useFakeTimers();
    const { sent, write } = device();
    write('hello');
    vi.advanceTimersByTime(799);
    expect(sent).toEqual([]);
    write('');
    vi.advanceTimersByTime(0);
    expect(sent).toEqual(['']);
  });

  it('takes a draft where there is none, and knows nothing new from its mark', () => {
    const { came, meet, text } = device();
    meet({ hasDraft: true });
    expect([text(), came]).toEqual([undefined, []]);
    meet({ draft: 'from the phone' });
    meet({ hasDraft: true });
    expect([text(), came]).toEqual(['from the phone', ['r']]);
  });

  it('shares no reply, edit or thread, and no text that the inbox would refuse', async () => {
    const { drafts, sent, write } = device();
    drafts.set(PLACE, { text: 'a reply', mode: 'reply', seq: 3, mentions: [] });
    drafts.set({ roomId: 'r', thread: 3 }, { text: 'x', mode: 'new', mentions: [] });
    drafts.set({ roomId: 'long' }, { text: 'é'.repeat(5_000), mode: 'new', mentions: [] });
    write('short');
    await expect.poll(() => sent, { timeout: 20_000 }).toEqual(['short']);
  });
});
