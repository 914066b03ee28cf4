import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type ConnectOptions,
  connect,
  type Message,
  type Room,
  type Status,
  type Store,
} from '../../../src/client/index.ts';
import { shouldReconnect } from '../../../src/client/closing.ts';
import { closeCodes } from '../../../src/protocol/codes/close-codes.ts';
import { type Host, startNodeHost } from '../../support/hosts.ts';
import { HttpVisitor } from '../../support/http-visitor.ts';
import { newRoom } from '../../support/for-each-transport.ts';
import { tokenFor } from '../../support/tokens.ts';
import { FaultyProxy } from '../../support/faulty-proxy.ts';

/** Long enough for every step on a busy machine. */
const PATIENTLY = { timeout: 120_000, interval: 10 };
/** Reconnects almost at once. */
const QUICK = { retryFirstMs: 10, retryLongestMs: 50, againMs: 50 };

let host: Host;
beforeAll(async () => {
  host = await startNodeHost();
});
afterAll(async () => {
  await host.close();
  expect(host.failures).toEqual([]);
});

/** A user's client in a room; ends with the test. */
function enter(userId: string, roomId: string, options: Partial<ConnectOptions> = {}): Room {
  const token = () => tokenFor(userId);
  const client = connect({ url: host.url, token, timing: QUICK, ...options });
  onTestFinished(() => client.close());
  return client.room(roomId);
}

/** A faulty network between one client and the host; ends with the test. */
async function network(): Promise<{ url: string; proxy: FaultyProxy }> {
  const proxy = new FaultyProxy(Number(new URL(host.url).port));
  onTestFinished(() => proxy.close());
  return { url: await proxy.url(), proxy };
}

/** Storage that outlives a reload of the page. */
function memory(): Store & { items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

async function comesTo(room: Room, name: Status['name']): Promise<Status> {
  await expect.poll(() => room.state.status.name, PATIENTLY).toBe(name);
  return room.state.status;
}

function texts(room: Room): string[] {
  return room.state.messages.map(({ message }) => message);
}

async function overHttp(userId: string, claims = {}): Promise<HttpVisitor> {
  return new HttpVisitor(host.url, await tokenFor(userId, claims));
}

describe('a change by this user', () => {
  test('is shown at once, and resolves when it is stored', async () => {
    const roomId = newRoom();
    const { url, proxy } = await network();
    const anna = enter('anna', roomId, { url });
    const ben = enter('ben', roomId);
    const { seq } = await anna.send('one');
    await comesTo(ben, 'open');

    proxy.refuse(true);
    await comesTo(anna, 'waiting');
    const two = anna.send('two', { id: 'mine' });
    const edited = anna.edit(seq, 'one, but better');
    const reacted = anna.addReaction(seq, '👍');
    expect(anna.state.outgoing).toMatchObject([{ id: 'mine', state: 'waiting' }]);
    expect(anna.state.messages).toMatchObject([
      { message: 'one, but better', reactions: { '👍': 1 }, isChanging: true },
    ]);
    expect(texts(ben)).toEqual(['one']);

    proxy.refuse(false);
    expect(await two).toMatchObject({ message: 'two', id: 'mine' });
    await Promise.all([edited, reacted]);
    expect(anna.state.outgoing).toEqual([]);
    expect(anna.state.messages[0]).toMatchObject({ message: 'one, but better' });
    expect(anna.state.messages[0]).not.toHaveProperty('isChanging');
    await expect.poll(() => texts(ben), PATIENTLY).toEqual(['one, but better', 'two']);
    await anna.removeReaction(seq, '👍');
    await anna.delete(seq);
    await expect.poll(() => texts(ben), PATIENTLY).toEqual(['', 'two']);
    expect(ben.state.messages[0]).not.toHaveProperty('reactions');
  });

  test('is one message even if it is sent again with its id, before or after it is stored', async () => {
    const anna = enter('anna', newRoom());
    const sends = [anna.send('one', { id: 'mine' }), anna.send('again', { id: 'mine' })];
    expect(anna.state.outgoing).toHaveLength(1);
    const [first, second] = await Promise.all(sends);
    expect(second).toEqual(first);
    expect(await anna.send('later', { id: 'mine' })).toMatchObject({ seq: 1, message: 'one' });
    await expect(anna.send('x'.repeat(9_000), { id: 'long' })).rejects.toThrow('Keep a message');
    expect(await anna.send('short', { id: 'long' })).toMatchObject({ seq: 2, message: 'short' });
    expect([texts(anna), anna.state.outgoing]).toEqual([['one', 'short'], []]);
  });

  test('is kept with the problem when it is refused, until it is discarded or retried', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    const { url, proxy } = await network();
    const away = enter('anna', roomId, { url });
    const { seq } = await anna.send('one');
    await expect.poll(() => texts(away), PATIENTLY).toEqual(['one']);

    const refused = { name: 'Refused', code: 'too_large' };
    await expect(anna.send('x'.repeat(9_000), { id: 'long' })).rejects.toMatchObject(refused);
    expect(anna.state.outgoing).toMatchObject([
      { id: 'long', state: 'failed', problem: { code: 'too_large' } },
    ]);
    anna.discard('long');
    expect(anna.state.outgoing).toEqual([]);

    // Two devices change the same message: the later change is refused and kept.
    proxy.refuse(true);
    await comesTo(away, 'waiting');
    const late = away.edit(seq, 'late');
    await anna.edit(seq, 'early');
    proxy.refuse(false);
    await expect(late).rejects.toMatchObject({ code: 'conflict' });
    await expect.poll(() => texts(away), PATIENTLY).toEqual(['early']);
    const [failed] = away.state.failedChanges;
    expect(failed).toMatchObject({ name: 'editMessage', payload: { message: 'late' } });
    away.retry(failed?.id ?? '');
    await expect.poll(() => texts(anna), PATIENTLY).toEqual(['late']);
    expect(away.state.failedChanges).toEqual([]);
  });

  test('survives a reload in the storage, and is sent only by its user', async () => {
    const roomId = newRoom();
    const { url, proxy } = await network();
    const storage = memory();
    const before = connect({ url, token: () => tokenFor('anna'), storage, timing: QUICK });
    const page = before.room(roomId);
    await page.send('stored');
    proxy.refuse(true);
    await comesTo(page, 'waiting');
    void page.send('unsent');
    void page.send('unsent too');
    // A page that is reloaded sends nothing more.
    before.close();
    const copy = memory();
    for (const [key, value] of storage.items) copy.setItem(key, value);
    proxy.refuse(false);

    const other = enter('ben', roomId, { storage: copy });
    await comesTo(other, 'open');
    await expect
      .poll(() => other.state.outgoing.map(({ state }) => state), PATIENTLY)
      .toEqual(['failed', 'failed']);

    const after = enter('anna', roomId, { url, storage });
    await expect.poll(() => texts(after), PATIENTLY).toEqual(['stored', 'unsent', 'unsent too']);
    await expect.poll(() => after.state.outgoing, PATIENTLY).toEqual([]);
    await expect.poll(() => [...storage.items.keys()]).toEqual([]);
    expect(texts(other)).toEqual(['stored', 'unsent', 'unsent too']);
  });
});

describe('a change of a message', () => {
  test('replaces mentions and meta, and is shown at once', async () => {
    const roomId = newRoom();
    const { url, proxy } = await network();
    const anna = enter('anna', roomId, { url });
    const ben = enter('ben', roomId);
    await comesTo(ben, 'open');
    const { seq } = await anna.send('hi cleo', { mentions: ['cleo'], meta: { a: 1 } });
    await expect.poll(() => ben.state.unread, PATIENTLY).toBe(1);
    proxy.refuse(true);
    await comesTo(anna, 'waiting');
    const edited = anna.edit(seq, 'hi ben', { mentions: ['ben'], meta: {} });
    expect(anna.state.messages).toMatchObject([{ message: 'hi ben', mentions: ['ben'] }]);
    proxy.refuse(false);
    const stored = await edited;
    expect(stored.mentions).toEqual(['ben']);
    expect(stored).not.toHaveProperty('meta');
    await expect.poll(() => ben.state.unreadMentions, PATIENTLY).toBe(1);
  });

  test('counts a reaction with those that look the same, before it is stored', async () => {
    const roomId = newRoom();
    const { url, proxy } = await network();
    const anna = enter('anna', roomId, { url });
    const ben = enter('ben', roomId);
    const { seq } = await anna.send('hello');
    const heart = '\u2764\uFE0F';
    await ben.addReaction(seq, heart);
    await expect.poll(() => anna.state.messages[0]?.reactions, PATIENTLY).toEqual({ [heart]: 1 });
    proxy.refuse(true);
    await comesTo(anna, 'waiting');
    const added = anna.addReaction(seq, '\u2764');
    expect(anna.state.messages[0]?.reactions).toEqual({ [heart]: 2 });
    const taken = anna.removeReaction(seq, heart);
    expect(anna.state.messages[0]?.reactions).toEqual({ [heart]: 1 });
    proxy.refuse(false);
    expect((await added).reactions).toEqual({ [heart]: 2 });
    expect((await taken).reactions).toEqual({ [heart]: 1 });
  });
});

describe('a change by others', () => {
  test('reaches for-await loops, which end with the room', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    const ben = enter('ben', roomId);
    await comesTo(anna, 'open');
    await comesTo(ben, 'open');
    const said: Message[] = [];
    const heard: string[] = [];
    const messages = (async () => {
      for await (const message of ben.messages()) said.push(message);
    })();
    const events = (async () => {
      for await (const { name, payload } of ben.events()) {
        heard.push(name);
        if (name === 'messageUpdated' && payload.change === 'deleted') break;
      }
    })();
    const { seq } = await anna.send('one');
    await ben.send('two');
    await anna.addReaction(seq, '🎉');
    await anna.delete(seq);
    await events;
    expect(heard).toEqual(['message', 'message', 'reactionsUpdated', 'messageUpdated']);
    ben.leave();
    await messages;
    expect(said.map(({ message }) => message)).toEqual(['one', 'two']);
  });

  test('may pin and unpin messages, also for a client that was away', async () => {
    const roomId = newRoom();
    const { url, proxy } = await network();
    const anna = enter('anna', roomId);
    const ben = enter('ben', roomId, { url });
    const { seq } = await anna.send('one');
    await comesTo(ben, 'open');
    await anna.pin(seq);
    expect(anna.state.room?.pins).toEqual([seq]);
    await expect.poll(() => ben.state.room?.pins, PATIENTLY).toEqual([seq]);
    expect((await ben.pins()).messages).toMatchObject([{ seq, message: 'one' }]);
    await expect(ben.unpin(seq)).rejects.toMatchObject({ code: 'forbidden' });

    proxy.refuse(true);
    await comesTo(ben, 'waiting');
    await anna.unpin(seq);
    expect(anna.state.room?.pins).toEqual([]);
    proxy.refuse(false);
    await comesTo(ben, 'open');
    expect(ben.state.room?.pins).toBeUndefined();
  });

  test('is shown as typing until it lapses, or the message arrives', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    const ben = enter('ben', roomId, { timing: { ...QUICK, typingLapsesMs: 100 } });
    const cleo = enter('cleo', roomId);
    for (const room of [anna, ben, cleo]) await comesTo(room, 'open');
    const shown: string[][] = [];
    ben.on('change', ({ typing }) => shown.push(typing.map(({ username }) => username)));
    anna.typing();
    await expect.poll(() => shown, PATIENTLY).toContainEqual(['anna']);
    await expect.poll(() => ben.state.typing, PATIENTLY).toEqual([]);
    // Other clients still show it.
    expect(cleo.state.typing).toEqual([{ userId: 'anna', username: 'anna' }]);
    await anna.send('said');
    await expect.poll(() => cleo.state.typing, PATIENTLY).toEqual([]);
    expect(anna.state.typing).toEqual([]);
  });

  test('counts as unread until it is read, here or on another device', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    const ben = enter('ben', roomId);
    const phone = enter('ben', roomId);
    await ben.send('hello');
    for (const room of [anna, phone]) await comesTo(room, 'open');
    const { seq } = await anna.send('one');
    await anna.send('two, @ben', { mentions: ['ben'] });
    const last = await anna.send('three');
    const counts = ({ state }: Room) => [state.readUpTo, state.unread, state.unreadMentions];
    for (const room of [ben, phone]) {
      await expect.poll(() => counts(room).slice(1), PATIENTLY).toEqual([3, 1]);
    }
    ben.markRead(seq);
    expect(counts(ben)).toEqual([seq, 2, 1]);
    await expect.poll(() => counts(phone), PATIENTLY).toEqual([seq, 2, 1]);
    await anna.delete(seq + 1);
    await expect.poll(() => counts(phone), PATIENTLY).toEqual([seq, 1, 0]);
    phone.markRead();
    for (const room of [ben, phone]) {
      await expect.poll(() => counts(room), PATIENTLY).toEqual([last.seq, 0, 0]);
    }
    await expect.poll(() => anna.state.receipts.get('ben'), PATIENTLY).toBe(last.seq);
    expect(ben.state.receipts.get('anna')).toBe(seq - 1);
  });

  test('counts undeleted replies, live and after a reconnect', async () => {
    const roomId = newRoom();
    const { url, proxy } = await network();
    const anna = enter('anna', roomId, { url });
    const ben = enter('ben', roomId);
    const { seq } = await anna.send('who comes?');
    const [first, second] = [
      await ben.send('I', { replyTo: seq }),
      await ben.send('me too', { replyTo: seq }),
      await ben.send('not I', { replyTo: seq }),
    ];
    const counts = () => [anna, ben].map(({ state }) => state.messages[0]?.replyCount);
    await expect.poll(counts, PATIENTLY).toEqual([3, 3]);
    await ben.delete(first.seq);
    await ben.delete(second.seq);
    await expect.poll(counts, PATIENTLY).toEqual([1, 1]);
    await anna.send('good', { replyTo: seq });
    await expect.poll(counts, PATIENTLY).toEqual([2, 2]);

    proxy.refuse(true);
    await comesTo(anna, 'waiting');
    const third = await ben.send('now I do', { replyTo: seq });
    await ben.delete(third.seq);
    await ben.delete(anna.state.messages[3]?.seq ?? 0);
    const waiting = anna.send('I come later', { replyTo: seq });
    expect(counts()).toEqual([2, 1]);
    proxy.refuse(false);
    await waiting;
    await expect.poll(counts, PATIENTLY).toEqual([2, 2]);
    const { body } = await (await overHttp('anna')).ask('GET', roomId, `/messages/${seq}`);
    expect(body).toMatchObject({ message: { replyCount: 2 } });
  });

  test('is loaded page by page, and trimmed again', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    for (let at = 1; at <= 12; at++) await anna.send(`line ${at}`);
    const ben = enter('ben', roomId, { history: 3 });
    await comesTo(ben, 'open');
    expect([texts(ben), ben.state.hasOlder]).toEqual([['line 10', 'line 11', 'line 12'], true]);
    await ben.loadOlder(5);
    expect([texts(ben)[0], ben.state.hasOlder]).toEqual(['line 5', true]);
    await ben.loadOlder();
    expect([ben.state.messages.length, ben.state.hasOlder]).toEqual([12, false]);
    ben.trim(2);
    expect([texts(ben), ben.state.hasOlder]).toEqual([['line 11', 'line 12'], true]);
    const { members } = await ben.members({ prefix: 'ann' });
    expect(members.map(({ userId }) => userId)).toEqual(['anna']);
    const { results } = await ben.ask('searchMessages', { query: '"line 7"' });
    expect(results.map(({ message }) => message)).toEqual(['line 7']);
    await expect(ben.ask('updateRoom', { topic: 'x' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect((await anna.ask('updateRoom', { topic: 'Lines' })).room.topic).toBe('Lines');
    await expect.poll(() => ben.state.room?.topic, PATIENTLY).toBe('Lines');
  });
});

describe('a token', () => {
  test('is renewed before it expires, without an interruption', async () => {
    const asked: number[] = [];
    const end = Math.floor(Date.now() / 1_000) + 4;
    const token = () => {
      asked.push(Date.now());
      return tokenFor('anna', asked.length === 1 ? { exp: end } : {});
    };
    const room = enter('anna', newRoom(), { token });
    const statuses: string[] = [];
    room.on('status', ({ name }) => statuses.push(name));
    await expect.poll(() => asked.length, PATIENTLY).toBe(2);
    expect((await room.send('still here')).message).toBe('still here');
    expect(statuses).toEqual(['open']);
    // The room tolerates 5 s, because a timer may be late on a busy machine.
    expect(asked[1]).toBeLessThan(end * 1_000 + 5_000);
  });

  test('with another name renames the user for themselves and for everyone else', async () => {
    const roomId = newRoom();
    const end = Math.floor(Date.now() / 1_000) + 4;
    let asked = 0;
    const token = () =>
      tokenFor('anna', asked++ === 0 ? { exp: end, name: 'Anna' } : { name: 'Anne' });
    const ben = enter('ben', roomId);
    await comesTo(ben, 'open');
    const anna = enter('anna', roomId, { token });
    await comesTo(anna, 'open');
    await anna.send('hello');
    expect(anna.state.you?.username).toBe('Anna');
    for (const room of [anna, ben]) {
      const shown = () => room.state.online.find(({ userId }) => userId === 'anna')?.username;
      await expect.poll(shown, PATIENTLY).toBe('Anne');
    }
    await expect.poll(() => anna.state.you?.username, PATIENTLY).toBe('Anne');
    expect((await anna.send('hello again')).sender).toBe('Anne');
  });

  test('that has expired is requested again, and the client stays away without one', async () => {
    const ended = await tokenFor('anna', { exp: Math.floor(Date.now() / 1_000) - 60 });
    let asked = 0;
    const token = () => (asked++ === 0 ? ended : tokenFor('anna'));
    await comesTo(enter('anna', newRoom(), { token }), 'open');
    expect(asked).toBe(2);

    const status = await comesTo(enter('anna', newRoom(), { token: ended }), 'ended');
    expect(status).toMatchObject({ problem: { code: 'token_expired' } });
    // A token function that fails is called again.
    let failures = 3;
    const failing = async () => {
      if (failures-- > 0) throw new Error('the sign-in service is down');
      return tokenFor('anna');
    };
    await comesTo(enter('anna', newRoom(), { token: failing }), 'open');
  });

  test('that is none ends the room, and is requested again at the next join', async () => {
    const page = '<html>Bad gateway</html>';
    const answers = [page, page];
    const token = async () => answers.shift() ?? tokenFor('anna');
    const room = enter('anna', newRoom(), { token });
    for (const left of [1, 0]) {
      expect(await comesTo(room, 'ended')).toMatchObject({ problem: { code: 'unauthorized' } });
      expect(answers).toHaveLength(left);
      room.join();
      expect(room.state.status.name).toBe('connecting');
    }
    await comesTo(room, 'open');
    const fixed = enter('anna', newRoom(), { token: page });
    await comesTo(fixed, 'ended');
    fixed.join();
    expect(await comesTo(fixed, 'ended')).toMatchObject({ problem: { code: 'unauthorized' } });
  });
});

describe('an end', () => {
  test.each(Object.entries(closeCodes))('named %s is followed by a reconnect or not', (_, code) => {
    const isForGood = code >= 4500;
    expect(shouldReconnect(code)).toBe(!isForGood);
  });

  test.each([
    ['kickMember', 4501],
    ['banMember', 4502],
  ] as const)('by %s is reported with its reason, and the client stays away', async (act, code) => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    await anna.send('mine');
    const ben = enter('ben', roomId);
    await comesTo(ben, 'open');
    await anna.ask(act, { userId: 'ben' });
    const status = await comesTo(ben, 'ended');
    const why = act === 'banMember' ? 'banned' : 'forbidden';
    expect(status).toMatchObject({ code, problem: { code: why } });
    await expect(ben.send('too late')).rejects.toMatchObject({ code: why });
    await expect(ben.ask('getHistory', {})).rejects.toMatchObject({ code: why });
    // It stays, to be sent when the user may come back, unless it is discarded.
    expect(ben.state.outgoing).toMatchObject([{ state: 'waiting' }]);
    ben.leave();
    await expect(ben.ask('getHistory', {})).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('of the room, of access to it, or of the token, reports its cause', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    await anna.send('mine');
    const admin = await overHttp('root', { admin: true });
    const forged = enter('anna', roomId, { token: `${await tokenFor('anna')}x` });
    expect(await comesTo(forged, 'ended')).toMatchObject({ problem: { code: 'unauthorized' } });
    const crowd = Array.from({ length: 10 }, () => enter('anna', roomId));
    await expect
      .poll(() => crowd.map(({ state }) => state.status.name).toSorted(), PATIENTLY)
      .toEqual(['ended', ...Array.from({ length: 9 }, () => 'open')]);
    const last = crowd.find(({ state }) => state.status.name === 'ended');
    expect(last?.state.status).toMatchObject({ problem: { code: 'too_many_connections' } });

    await admin.ask('DELETE', roomId, '');
    expect(await comesTo(anna, 'ended')).toMatchObject({ code: 4503 });
  });

  test('of the network is followed by a reconnect as soon as the network or the window is back', async () => {
    const surroundings = globalThis as { document?: unknown; addEventListener?: unknown };
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    const window = new EventTarget();
    vi.stubGlobal('document', page);
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(surroundings.document).toBe(page);
    const { url, proxy } = await network();
    const hours = { retryFirstMs: 7_200_000, retryLongestMs: 7_200_000 };
    const room = enter('anna', newRoom(), { url, timing: hours });
    await comesTo(room, 'open');
    for (const [target, type] of [
      [window, 'online'],
      [page, 'visibilitychange'],
    ] as const) {
      proxy.cut();
      await comesTo(room, 'waiting');
      target.dispatchEvent(new Event(type));
      await comesTo(room, 'open');
    }
    proxy.cut();
    await comesTo(room, 'waiting');
    page.visibilityState = 'hidden';
    page.dispatchEvent(new Event('visibilitychange'));
    expect(room.state.status.name).toBe('waiting');
  });
});

describe('the reactions of this user', () => {
  test('are known from replies, from other devices and from pending changes', async () => {
    const roomId = newRoom();
    const phone = enter('ann', roomId);
    await phone.send('shall we?');
    await phone.addReaction(1, '👍');
    expect(phone.state.myReactions.get(1)).toEqual(['👍']);
    const desk = enter('ann', roomId);
    await vi.waitFor(() => expect(desk.state.myReactions.get(1)).toEqual(['👍']), PATIENTLY);
    const added = desk.addReaction(1, '🎉');
    expect(desk.state.myReactions.get(1)).toEqual(['👍', '🎉']);
    await added;
    await vi.waitFor(() => expect(phone.state.myReactions.get(1)).toEqual(['👍', '🎉']), PATIENTLY);
    await desk.removeReaction(1, '👍');
    await desk.removeReaction(1, '🎉');
    await vi.waitFor(() => expect(phone.state.myReactions.size).toBe(0), PATIENTLY);
    const ben = enter('ben', roomId);
    await ben.addReaction(1, '👍');
    await vi.waitFor(
      () => expect(phone.state.messages[0]?.reactions).toEqual({ '👍': 1 }),
      PATIENTLY,
    );
    expect(phone.state.myReactions.size).toBe(0);
  });
});

describe('a reader', () => {
  test('is a member from their first read position', async () => {
    const roomId = newRoom();
    const ann = enter('ann', roomId);
    await ann.send('hello');
    const ben = enter('ben', roomId);
    await vi.waitFor(() => expect(ben.state.messages).toHaveLength(1), PATIENTLY);
    expect(ben.state.unread).toBe(0);
    ben.markRead();
    await vi.waitFor(() => expect(ann.state.receipts.get('ben')).toBe(1), PATIENTLY);
    ben.leave();
    await ann.send('where are you?', { mentions: ['ben'] });
    const again = enter('ben', roomId);
    await vi.waitFor(() => expect(again.state.messages).toHaveLength(2), PATIENTLY);
    expect([again.state.unread, again.state.unreadMentions]).toEqual([1, 1]);
  });

  test('stores nothing by reading an empty room', async () => {
    const roomId = newRoom();
    const ben = enter('ben', roomId);
    await vi.waitFor(() => expect(ben.state.status.name).toBe('open'), PATIENTLY);
    ben.markRead();
    const { memberCount } = await ben.ask('getMembers', {});
    expect(memberCount).toBe(0);
  });
});

test("a room may override its client's number of messages to load", async () => {
  const roomId = newRoom();
  await enter('ann', roomId).send('hello');
  const client = connect({ url: host.url, token: () => tokenFor('ben'), timing: QUICK });
  onTestFinished(() => client.close());
  const room = client.room(roomId, { history: 0 });
  await vi.waitFor(() => expect(room.state.status.name).toBe('open'), PATIENTLY);
  expect([room.state.messages, room.state.hasOlder]).toEqual([[], true]);
  await room.loadOlder();
  expect(room.state.messages.map(({ message }) => message)).toEqual(['hello']);
});

describe('a streaming message', () => {
  test('grows for every reader over a network that cuts connections, until it is finished', async () => {
    const roomId = newRoom();
    const { url, proxy } = await network();
    const anna = enter('anna', roomId, { url });
    const ben = enter('ben', roomId);
    await comesTo(ben, 'open');
    const events: string[] = [];
    ben.on('message', ({ streaming }) => events.push(`message ${streaming}`));
    ben.on('messageUpdated', ({ message }) => events.push(`updated ${message.length}`));

    const stream = await anna.stream('so: ');
    const piece = 'über 😀 שלום ';
    for (let at = 0; at < 30; at++) {
      // A piece may end within a surrogate pair.
      stream.append(piece.slice(0, 6));
      stream.append(piece.slice(6));
      if (at % 10 === 5) {
        await expect.poll(() => texts(ben)[0]?.length, PATIENTLY).toBeGreaterThan(at * 5);
        proxy.cut();
      }
    }
    const whole = `so: ${piece.repeat(30)}`;
    expect(await stream.done()).toMatchObject({ message: whole, seq: stream.seq });
    await expect.poll(() => events.at(-1), PATIENTLY).toBe(`updated ${whole.length}`);
    for (const room of [anna, ben]) {
      expect(room.state.messages).toMatchObject([{ message: whole }]);
      expect(room.state.messages[0]).not.toHaveProperty('streaming');
    }
    expect(events[0]).toBe('message true');
  });

  test('is returned whole when it is finished, even if it was trimmed before', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    const ben = enter('ben', roomId);
    const stream = await anna.stream('one');
    stream.append(' two');
    await expect.poll(() => texts(anna), PATIENTLY).toEqual(['one two']);
    await ben.send('later');
    await expect.poll(() => texts(anna), PATIENTLY).toEqual(['one two', 'later']);
    anna.trim(1);
    expect(texts(anna)).toEqual(['later']);
    expect(await stream.done()).toMatchObject({ message: 'one two', seq: stream.seq });
  });

  test('counts its mentions when it is finished, as in the room', async () => {
    const roomId = newRoom();
    const ben = enter('ben', roomId);
    const anna = enter('anna', roomId);
    await ben.send('here');
    const stream = await anna.stream('Ben', { mentions: ['ben'] });
    await expect.poll(() => ben.state.unread, PATIENTLY).toBe(1);
    expect(ben.state.unreadMentions).toBe(0);
    await stream.done();
    await expect.poll(() => ben.state.unreadMentions, PATIENTLY).toBe(1);
  });

  test('stops when a user asks for it, and may be piped from an async iterator', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    const ben = enter('ben', roomId);
    await comesTo(ben, 'open');
    const stream = await anna.stream();
    async function* endless() {
      for (;;) {
        yield 'more ';
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
    }
    const piped = stream.pipe(endless());
    await expect.poll(() => texts(ben)[0], PATIENTLY).toContain('more more');
    await ben.ask('stopMessage', { seq: stream.seq });
    expect(await piped).toMatchObject({ status: 'stopped' });
    expect(stream.signal.aborted).toBe(true);

    const failing = await anna.stream();
    async function* broken() {
      yield 'half';
      await Promise.resolve();
      throw new Error('no model');
    }
    await expect(failing.pipe(broken())).rejects.toThrow('no model');
    await expect
      .poll(() => ben.state.messages.at(-1), PATIENTLY)
      .toMatchObject({ message: 'half', status: 'failed' });
  });

  test('ends with the refusal when the room takes no more text', async () => {
    const roomId = newRoom();
    const anna = enter('anna', roomId);
    await anna.send('mine');
    const ben = enter('ben', roomId);
    const stream = await ben.stream('well');
    await anna.ask('muteMember', { userId: 'ben' });
    stream.append(', you know');
    await expect(stream.done()).rejects.toMatchObject({ code: 'muted' });
    expect(stream.signal.aborted).toBe(true);
    anna.leave();
    await expect(anna.stream()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
