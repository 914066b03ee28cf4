import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Client, join, newRoom, sleep, stubOf } from './client.ts';

const olga = { userId: 'olga', name: 'Olga' };
const SENDING = [
  ['message', { message: 'got in' }],
  ['editMessage', { seq: 2, message: 'got in' }],
  ['addReaction', { seq: 1, emoji: 'x' }],
  ['removeReaction', { seq: 1, emoji: 'y' }],
  ['typing', {}],
] as const;

afterEach(() => {
  vi.useRealTimers();
});

/** A sleeping room with a message of its owner's and one of mallory's, who is connected. */
async function asleep(claims?: { exp: number }): Promise<{ roomId: string; mallory: Client }> {
  const roomId = newRoom();
  await stubOf(roomId).execute(olga, 'message', { message: 'first' });
  const mallory = await join(roomId, 'mallory', claims === undefined ? {} : { claims });
  await mallory.ask('message', { message: 'second' });
  await sleep(roomId);
  return { roomId, mallory };
}

/** Sends every command of `SENDING` on mallory's socket, without waiting for replies that may never come. */
function tryAll(mallory: Client): void {
  for (const [at, [name, payload]] of SENDING.entries()) {
    try {
      mallory.send(JSON.stringify([name, payload, 100 + at]));
    } catch {
      // The socket is closed already.
    }
  }
}

/** The texts in the room, read after everything that was sent before. */
async function stored(roomId: string): Promise<string[]> {
  const reply = await stubOf(roomId).execute(olga, 'getHistory', {});
  const { messages } = reply as unknown as { messages: { message: string; reactions?: object }[] };
  return messages.map(({ message, reactions }) => (reactions === undefined ? message : 'reacted'));
}

describe('a user whose rights end while the room sleeps', () => {
  it.each([
    ['banMember', 4502],
    ['kickMember', 4501],
  ] as const)(
    '[MOD6] by %s is disconnected at once, and every further command is refused',
    async (act, code) => {
      const { roomId, mallory } = await asleep();
      const done = await stubOf(roomId).execute(olga, act, { userId: 'mallory' });
      expect(done).toMatchObject({ ok: true });
      expect(await mallory.ended).toMatchObject({ code });
      await sleep(roomId);
      tryAll(mallory);
      expect(await stored(roomId)).toEqual(['first', 'second']);
      const heard = mallory.lines.length;
      await stubOf(roomId).execute(olga, 'message', { message: 'among us' });
      expect(mallory.lines).toHaveLength(heard);
    },
  );

  it.each([
    ['muteMember', {}, 'muted'],
    ['setRole', { role: 'viewer' }, 'forbidden'],
  ] as const)('by %s still receives events, and cannot send', async (act, more, code) => {
    const { roomId, mallory } = await asleep();
    const done = await stubOf(roomId).execute(olga, act, { userId: 'mallory', ...more });
    expect(done).toMatchObject({ ok: true });
    await sleep(roomId);
    for (const [name, payload] of SENDING) {
      const reply = await mallory.ask(name, payload);
      expect([name, reply]).toMatchObject([name, { ok: false, error: { code } }]);
    }
    expect(await stored(roomId)).toEqual(['first', 'second']);
    await stubOf(roomId).execute(olga, 'message', { message: 'for all' });
    await mallory.until('message', ({ message }) => (message as unknown) === 'for all');
    await mallory.close(1000);
  });

  it('[AUTH9] by the expiry of the token gets no command executed and receives no event', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const { roomId, mallory } = await asleep({ exp });
    vi.useFakeTimers({ toFake: ['Date'], now: (exp + 6) * 1_000 });
    await stubOf(roomId).execute(olga, 'message', { message: 'after the end' });
    expect(await mallory.ended).toMatchObject({ code: 4003 });
    tryAll(mallory);
    expect(await stored(roomId)).toEqual(['first', 'second', 'after the end']);
    expect(JSON.stringify(mallory.lines)).not.toContain('after the end');
  });

  it('by the expiry of the token gets no command executed when nothing else wakes the room', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const { roomId, mallory } = await asleep({ exp });
    vi.useFakeTimers({ toFake: ['Date'], now: (exp + 6) * 1_000 });
    tryAll(mallory);
    expect(await mallory.ended).toMatchObject({ code: 4003 });
    expect(await stored(roomId)).toEqual(['first', 'second']);
  });
});
