import { describe, expect, it } from 'vitest';
import type { Conversation } from '../../../src/client/inbox.ts';
import { InboxModel } from '../../../src/client/inbox-model.ts';

const conversation = (roomId: string, more: Partial<Conversation> = {}): Conversation => ({
  roomId,
  rev: 1,
  kind: 'room',
  role: 'member',
  readUpTo: 0,
  unread: 0,
  unreadMentions: 0,
  notify: 'mentions',
  activityAt: 1,
  ...more,
});

const page = (conversations: Conversation[], hasMore = false) => ({
  epoch: 'e',
  position: 'e:1',
  conversations,
  hasMore,
  totals: { unread: 0, mentions: 0 },
});

const unreadOf = (model: InboxModel, roomId: string) =>
  model.state.conversations.find((one) => one.roomId === roomId)?.unread;

const roomsOf = (model: InboxModel) => model.state.conversations.map(({ roomId }) => roomId);

describe("a client's model of an inbox", () => {
  it('has pinned conversations first, then by activity, and no archived ones', () => {
    const model = new InboxModel();
    model.begin(
      page([
        conversation('old', { activityAt: 1 }),
        conversation('new', { activityAt: 3 }),
        conversation('same', { activityAt: 3 }),
        conversation('pinned', { pinned: true }),
        conversation('archived', { archived: true, activityAt: 9 }),
      ]),
    );
    expect(roomsOf(model)).toEqual(['pinned', 'same', 'new', 'old']);
  });

  it('ignores an earlier state, and takes newer counts of the same state', () => {
    const model = new InboxModel();
    model.put(conversation('r', { rev: 5, unread: 1 }));
    model.put(conversation('r', { rev: 4, unread: 9 }));
    expect(unreadOf(model, 'r')).toBe(1);
    model.put(conversation('r', { rev: 5, unread: 3 }));
    expect(unreadOf(model, 'r')).toBe(3);
  });

  it('continues after the last conversation of the loaded pages that has not moved up', () => {
    const model = new InboxModel();
    expect(model.last).toBeUndefined();
    const listed = ['c', 'b', 'a'].map((id, at) => conversation(id, { activityAt: 9 - at }));
    model.begin(page(listed, true));
    expect(model.last).toBe('a');
    // A conversation from further down, known by an event only: those before it are not loaded.
    model.put(conversation('z', { activityAt: 2 }));
    expect(model.last).toBe('a');
    model.put(conversation('a', { activityAt: 20, rev: 2 }));
    expect(model.last).toBe('b');
    model.remove('b');
    expect(model.last).toBe('c');
  });

  it('takes changes and removals, and replaces everything by a new list', () => {
    const model = new InboxModel();
    model.begin(page([conversation('kept'), conversation('gone')]));
    model.changed({ ...page([conversation('came', { activityAt: 2 })]), removed: ['gone'] });
    expect(roomsOf(model)).toEqual(['came', 'kept']);
    model.begin(page([conversation('other')]));
    expect(roomsOf(model)).toEqual(['other']);
  });
});
