import { describe, expect, it } from 'vitest';
import { NativeVisitor } from '../support/native-visitor.ts';
import { rawSocket, type RawSocket } from '../support/raw-socket.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

/** The reason in `userLeft`: `left` comes at once, `disconnected` 5 s after a lost connection. */
type Reason = 'left' | 'disconnected';

type Way = [user: string, end: (socket: RawSocket, roomId: string) => void, reason: Reason];

const hosts = useHosts();

/** Ways to end a WebSocket that exist over both transports. */
const ways: Way[] = [
  ['no code', ({ socket }) => socket.close(), 'left'],
  ['1000', ({ socket }) => socket.close(1000), 'left'],
  ['1000 with a reason', ({ socket }) => socket.close(1000, 'good night'), 'left'],
  ['1001', ({ socket }) => socket.close(1001), 'disconnected'],
  ['1011', ({ socket }) => socket.close(1011), 'disconnected'],
  ['4000', ({ socket }) => socket.close(4000, 'x'.repeat(123)), 'disconnected'],
  ['4999', ({ socket }) => socket.close(4999), 'disconnected'],
  ['a cut line', ({ socket }) => socket.terminate(), 'disconnected'],
];

const packets: Way[] = [
  ['a DISCONNECT packet', ({ socket }) => socket.send('41'), 'left'],
  ['a close packet', ({ socket }) => socket.send('1'), 'left'],
  [
    'no code, with commands unanswered',
    ({ socket }, roomId) => {
      for (let at = 1; at < 20; at++) socket.send(`42${at}["getHistory",{"roomId":"${roomId}"}]`);
      socket.close();
    },
    'left',
  ],
];

describe.concurrent.each(['node', 'edge'] as const)('on the %s host', (name) => {
  /** Has one user for each way end their socket in it. @returns the reasons that Alice receives, by user */
  async function reasonsOf(
    all: readonly Way[],
    enter: (roomId: string, token: string) => Promise<RawSocket>,
  ): Promise<Record<string, string>> {
    const roomId = newRoom();
    const alice = new NativeVisitor(hosts[name].url, { token: await tokenFor('alice') });
    ok(await alice.join(roomId));
    await Promise.all(
      all.map(async ([user, end]) => {
        const socket = await enter(roomId, await tokenFor(user));
        end(socket, roomId);
      }),
    );
    const left = await alice.until('all to leave', () => {
      const heard = alice.heard('userLeft');
      return heard.length === all.length && heard;
    });
    expect(alice.heard('userJoined')).toHaveLength(all.length);
    return Object.fromEntries(left.map(({ userId, reason }) => [userId, reason]));
  }

  it('[PRES2] distinguishes leaving a native socket from a lost connection', async () => {
    const reasons = await reasonsOf(ways, async (roomId, token) => {
      const raw = rawSocket(`${hosts[name].url}/rooms/${roomId}/ws`, {
        authorization: `Bearer ${token}`,
      });
      await raw.frame((frame) => frame.startsWith('["joined",{"ok":true'));
      return raw;
    });
    expect(reasons).toEqual(Object.fromEntries(ways.map(([user, , reason]) => [user, reason])));
  });

  it('[PRES2] distinguishes leaving over Socket.IO from a lost connection', async () => {
    const all = [...ways, ...packets];
    const reasons = await reasonsOf(all, async (roomId, token) => {
      const raw = rawSocket(`${hosts[name].url}/socket.io/?EIO=4&transport=websocket`);
      await raw.frame((frame) => frame.startsWith('0{'));
      raw.socket.send(`40${JSON.stringify({ token })}`);
      await raw.frame((frame) => frame.startsWith('40{'));
      raw.socket.send(`420["joinRoom",{"roomId":"${roomId}"}]`);
      await raw.frame((frame) => frame.startsWith('430[{"ok":true'));
      return raw;
    });
    expect(reasons).toEqual(Object.fromEntries(all.map(([user, , reason]) => [user, reason])));
  });

  it('[PRES2] reports at once that a polling client has left', async () => {
    const roomId = newRoom();
    const alice = new NativeVisitor(hosts[name].url, { token: await tokenFor('alice') });
    ok(await alice.join(roomId));
    const address = `${hosts[name].url}/socket.io/?EIO=4&transport=polling`;
    const opened = await (await fetch(address)).text();
    const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
    const post = async (body: string) =>
      (await fetch(`${address}&sid=${sid}`, { method: 'POST', body })).text();
    const poll = async () => (await fetch(`${address}&sid=${sid}`)).text();
    await post(`40${JSON.stringify({ token: await tokenFor('bob') })}`);
    expect(await poll()).toMatch(/^40\{"sid"/);
    await post(`420["joinRoom",{"roomId":"${roomId}"}]`);
    await alice.hears('userJoined');
    expect(await post('1')).toBe('ok');
    expect(await alice.hears('userLeft')).toMatchObject({ userId: 'bob', reason: 'left' });
  });
});
