import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ConnectOptions, connect, Refused } from '../../src/client/index.ts';
import type { Conversation, Inbox } from '../../src/client/inbox.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

/** Wait after an erasure, in ms: data written within a second of it is erased too ([INB9]). */
const AFTER_ERASURE_MS = 1_500;
/** Timing of a client that reconnects at once. */
const QUICK = { retryFirstMs: 10, retryLongestMs: 50, againMs: 50 };

const hosts = useHosts();

describe.each(['node', 'edge'] as const)(
  'the inbox of the client library at the %s host',
  (host) => {
    const newUser = (name: string) => `${name}-${crypto.randomUUID()}`;

    async function inboxOf(userId: string, options: Partial<ConnectOptions> = {}): Promise<Inbox> {
      const token = () => tokenFor(userId);
      const client = connect({ url: hosts[host].url, token, timing: QUICK, ...options });
      onTestFinished(() => client.close());
      return client.inbox();
    }

    const http = async (userId: string, claims = {}) =>
      new HttpVisitor(hosts[host].url, await tokenFor(userId, claims));

    const say = async (userId: string, roomId: string, message: string, more = {}) =>
      (await http(userId)).ask('POST', roomId, '/messages', { body: { message, ...more } });

    /** A new room with two members: `one` has written, then `other`. */
    async function sharedRoom(one: string, other: string): Promise<string> {
      const roomId = newRoom();
      await say(one, roomId, 'welcome');
      await say(other, roomId, 'thanks');
      return roomId;
    }

    const find = (inbox: Inbox, roomId: string): Conversation | undefined =>
      inbox.state.conversations.find((one) => one.roomId === roomId);

    /** A proxy between a client and the host, which can interrupt connections. */
    async function network() {
      const proxy = new FaultyProxy(Number(new URL(hosts[host].url).port));
      onTestFinished(() => proxy.close());
      return { proxy, url: await proxy.url() };
    }

    test('shows unread rooms and their counts, and what its user does on any device', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const [laptop, phone] = [await inboxOf(ann), await inboxOf(ann)];
      const states: unknown[] = [];
      laptop.subscribe(() => states.push(laptop.getState()));
      const roomId = await sharedRoom(ann, bob);
      await say(bob, roomId, 'look', { mentions: [ann] });
      await expect
        .poll(() => find(laptop, roomId))
        .toMatchObject({ unreadMentions: 1, last: { sender: bob } });
      await expect.poll(() => laptop.state.totals).toEqual({ unread: 1, mentions: 1 });
      const chosen = await laptop.set(roomId, { pinned: true, notify: 'all', draft: 'dear Bob' });
      expect(chosen).toMatchObject({ pinned: true, notify: 'all', draft: 'dear Bob' });
      expect(find(laptop, roomId)).toEqual(chosen);
      await expect
        .poll(() => find(phone, roomId))
        .toMatchObject({ pinned: true, draft: 'dear Bob' });
      await phone.set(roomId, { readUpTo: 3, draft: '' });
      await expect.poll(() => find(laptop, roomId)).toMatchObject({ unread: 0, readUpTo: 3 });
      await expect.poll(() => find(laptop, roomId)).not.toHaveProperty('draft');
      await laptop.set(roomId, { archived: true });
      await expect.poll(() => find(phone, roomId)).toBeUndefined();
      expect(laptop.state.conversations).toEqual([]);
      expect(states.at(-1)).toBe(laptop.state);
    });

    test('resumes with what has changed and what is gone, and repeats unanswered commands', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const { proxy, url } = await network();
      const inbox = await inboxOf(ann, { url });
      const [kept, gone] = [await sharedRoom(ann, bob), await sharedRoom(bob, ann)];
      await expect.poll(() => find(inbox, kept)).toBeDefined();
      await expect.poll(() => find(inbox, gone)).toBeDefined();
      proxy.refuse(true);
      proxy.cut();
      await expect.poll(() => inbox.state.status.name).toBe('waiting');
      const pinned = inbox.set(kept, { pinned: true });
      await (await http(bob)).ask('DELETE', gone);
      await say(bob, kept, 'are you there?', { mentions: [ann] });
      const other = await inboxOf(ann);
      await expect.poll(() => find(other, gone)).toBeUndefined();
      await expect.poll(() => find(other, kept)).toMatchObject({ unreadMentions: 1 });
      proxy.refuse(false);
      inbox.open();
      await expect.poll(() => find(inbox, kept)).toMatchObject({ unreadMentions: 1 });
      await expect.poll(() => find(inbox, gone)).toBeUndefined();
      expect(await pinned).toMatchObject({ pinned: true });
      await expect.poll(() => inbox.state.totals).toEqual({ unread: 1, mentions: 1 });
    });

    test('starts over where its inbox was erased', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const { proxy, url } = await network();
      const inbox = await inboxOf(ann, { url });
      const before = await sharedRoom(ann, bob);
      await expect.poll(() => find(inbox, before)).toBeDefined();
      proxy.refuse(true);
      proxy.cut();
      const admin = await tokenFor('root', { admin: true });
      const erased = async () => {
        const headers = { authorization: `Bearer ${admin}` };
        const answer = await fetch(`${hosts[host].url}/users/${ann}`, {
          method: 'DELETE',
          headers,
        });
        return answer.status;
      };
      await expect.poll(erased).toBe(200);
      await setTimeout(AFTER_ERASURE_MS);
      const after = await sharedRoom(bob, ann);
      proxy.refuse(false);
      await expect.poll(() => find(inbox, after)).toBeDefined();
      await expect.poll(() => find(inbox, before)).toBeUndefined();
    });

    test('pages through many conversations, returning each once', async () => {
      const ann = newUser('ann');
      const rooms = Array.from({ length: 53 }, () => newRoom());
      for (const roomId of rooms) await say(ann, roomId, 'hello');
      const whole = await inboxOf(ann);
      await expect
        .poll(async () => (await whole.ask('getInbox', { limit: 200 })).conversations.length)
        .toBe(53);
      const inbox = await inboxOf(ann);
      await expect.poll(() => inbox.state.conversations.length).toBe(50);
      expect(inbox.state.hasMore).toBe(true);
      const { conversations } = await whole.ask('getInbox', { limit: 200 });
      // The last conversation of the page moves to the top, so that the next page begins after another one.
      await whole.set(inbox.state.conversations.at(-1)!.roomId, { pinned: true });
      await expect.poll(() => inbox.state.conversations[0]?.pinned).toBe(true);
      await inbox.loadMore(2);
      expect(inbox.state).toMatchObject({ hasMore: true, conversations: { length: 52 } });
      await Promise.all([inbox.loadMore(), inbox.loadMore()]);
      expect(inbox.state.hasMore).toBe(false);
      const shown = inbox.state.conversations.map(({ roomId }) => roomId);
      expect(shown.toSorted()).toEqual(conversations.map(({ roomId }) => roomId).toSorted());
    });

    test('shows messages of watched rooms as they arrive', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const inbox = await inboxOf(ann);
      const roomId = await sharedRoom(ann, bob);
      await expect.poll(() => find(inbox, roomId)).toMatchObject({ unread: 1 });
      inbox.watch([roomId]);
      await inbox.ask('getBlocked', {});
      await say(bob, roomId, 'two');
      await say(bob, roomId, 'three');
      const newest = () => find(inbox, roomId)?.last?.excerpt;
      await expect.poll(newest).toBe('three');
      expect(find(inbox, roomId)).toMatchObject({ unread: 3 });
    });

    test('opens direct rooms, blocks, and quits', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const [inbox, bobs] = [await inboxOf(ann), await inboxOf(bob)];
      const roomId = await sharedRoom(ann, bob);
      await expect.poll(() => find(inbox, roomId)).toBeDefined();
      await expect.poll(() => find(bobs, roomId)).toBeDefined();
      const refused = inbox.openDirect(newUser('stranger'));
      await expect(refused).rejects.toBeInstanceOf(Refused);
      await expect(refused).rejects.toMatchObject({ code: 'member_not_found' });
      const direct = await inbox.openDirect(bob);
      expect(find(inbox, direct.roomId)).toEqual(direct);
      await say(ann, direct.roomId, 'psst');
      await expect
        .poll(() => find(bobs, direct.roomId))
        .toMatchObject({ with: { userId: ann }, unread: 1 });
      await bobs.ask('blockUser', { userId: ann });
      expect(await bobs.ask('getBlocked', {})).toMatchObject({ users: [{ userId: ann }] });
      await bobs.quit(roomId);
      expect(find(bobs, roomId)).toBeUndefined();
    });

    test('is refused to guests, and rejects commands once it is closed', async () => {
      const ann = newUser('ann');
      const guest = await inboxOf('', { token: undefined as never });
      await expect.poll(() => guest.state.status.name).toBe('ended');
      expect(guest.state.status).toMatchObject({
        problem: { message: expect.stringMatching(/sign in/) },
      });
      const inbox = await inboxOf(ann);
      inbox.close();
      await expect(inbox.ask('getInbox', {})).rejects.toMatchObject({ code: 'unavailable' });
      inbox.open();
      expect(await inbox.ask('getInbox', {})).toMatchObject({ conversations: [] });
    });

    test('continues with a newer token when the old one has expired', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const soon = Math.floor(Date.now() / 1_000) - 4;
      const tokens = [await tokenFor(ann, { exp: soon })];
      const token = async () => tokens.shift() ?? tokenFor(ann);
      const inbox = await inboxOf(ann, { token });
      const roomId = await sharedRoom(ann, bob);
      await expect.poll(() => find(inbox, roomId)).toMatchObject({ unread: 1 });
      await expect.poll(() => tokens.length).toBe(0);
      await say(bob, roomId, 'you', { mentions: [ann] });
      await expect.poll(() => find(inbox, roomId)).toMatchObject({ unreadMentions: 1 });
    });
  },
);
