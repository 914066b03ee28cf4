import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Reply } from '../../src/protocol/commands.ts';
import type { Result } from '../../src/protocol/frames.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { DevelopmentHost } from '../support/development-host.ts';
import { answersToForeignHosts, answersToOwnHosts } from '../support/foreign-hosts.ts';
import { ask } from '../support/http-client.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { ok } from '../support/visitor.ts';

describe.each(['node', 'edge'] as const)('a real %s host', (name) => {
  let host: DevelopmentHost;
  beforeAll(async () => {
    host = await DevelopmentHost.start(name);
  });
  afterAll(() => host.remove());

  const tokenOf = async (userId: string) =>
    (await fetch(`${host.url}/test-token?username=${userId}`)).text();
  const visit = async (userId: string) =>
    new NativeVisitor(host.url, { token: await tokenOf(userId) });

  it('allows two users to chat over plain WebSockets', async () => {
    const roomId = newRoom();
    const [alice, bob] = [await visit('alice'), await visit('bob')];
    ok(await alice.join(roomId));
    ok(await bob.join(roomId));
    const said = await say(alice, roomId, 'hello');
    expect(await bob.hears('message')).toEqual(said);
    await bob.close();
    expect((await alice.hears('userLeft')).reason).toBe('left');
    await alice.close();
  });

  it('answers only this machine', async () => {
    for (const answer of await answersToForeignHosts(host.url)) expect(answer).toMatch(/^421 /);
    expect(await answersToOwnHosts(host.url)).toEqual([200, 200, 200, 200]);
  });

  it('[CONN5] allows pages of every port of this machine', async () => {
    const path = '/socket.io/?EIO=4&transport=polling';
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3000', 'http://[::1]:8080']) {
      const { status, headers } = await ask(host.url, path, { headers: { origin } });
      expect([status, headers['access-control-allow-origin']]).toEqual([200, origin]);
      const socket = rawSocket(`${host.url}/rooms/${newRoom()}/ws`, { origin });
      await socket.frame((frame) => frame.startsWith('["joined",{"ok":true'));
      socket.socket.terminate();
    }
    const foreign = { origin: 'http://localhost.evil.example' };
    expect((await ask(host.url, path, { headers: foreign })).status).toBe(403);
  });

  it('[FILE11] lets pages of every port of this machine show files', async () => {
    const place = `/rooms/${newRoom()}/files`;
    const headers = { authorization: `Bearer ${await tokenOf('alice')}`, 'x-file-name': 'a.txt' };
    const sent = await ask(host.url, place, { method: 'POST', headers, body: 'hello' });
    const { file } = sent.json() as { file: { fileId: string } };
    const shown = await ask(host.url, `${place}/${file.fileId}`, { headers });
    expect([shown.text, shown.headers['cross-origin-resource-policy']]).toEqual([
      'hello',
      'cross-origin',
    ]);
  });

  it('keeps messages when it restarts, and its clients resume', async () => {
    const roomId = newRoom();
    const alice = await visit('alice');
    ok(await alice.join(roomId));
    const said = [await say(alice, roomId, 'one'), await say(alice, roomId, 'two')];

    // A Socket.IO client that reconnects by itself and resumes, as applications write it.
    const bob = io(host.url, { auth: { token: await tokenOf('bob') }, reconnectionDelay: 50 });
    onTestFinished(() => void bob.disconnect());
    const joins: Reply<'joinRoom'>[] = [];
    const reasons: string[] = [];
    const [joined, rejoined] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    bob.on('connect', () => {
      const since = joins.at(-1)?.position;
      bob.emit('joinRoom', { roomId, since }, (result: Result<Reply<'joinRoom'>>) => {
        joins.push(ok(result));
        (joins.length === 1 ? joined : rejoined).resolve();
      });
    });
    const again = new Promise<void>((second) => {
      bob.on('message', ({ message }: Message) => {
        if (message === 'after') second();
      });
    });
    bob.on('disconnect', (reason) => reasons.push(reason));
    await joined.promise;
    const missed = await say(alice, roomId, 'heard, and asked for again');

    expect(await host.stop()).toBe(0);
    // The node host closes its sockets with 4000; at the edge the runtime ends, and drops them.
    expect(await alice.ended()).toBe(name === 'node' ? 4000 : 1006);
    await host.startAgain();

    const back = await visit('alice');
    const { epoch, messages } = ok(await back.join(roomId, { history: 10 }));
    expect(messages).toEqual([...said, missed]);
    expect(epoch).toBe(joins[0]!.epoch);
    await rejoined.promise;
    const after = await say(back, roomId, 'after');
    expect(after.seq).toBe(missed.seq + 1);
    await again;
    expect(joins).toHaveLength(2);
    expect(joins[1]).toMatchObject({ missed: [missed], complete: true, epoch });
    expect(reasons.every((reason) => reason.startsWith('transport'))).toBe(true);
    await back.close();
  });
});
