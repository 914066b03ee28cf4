import type * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { type CommandName, commandNames, operations } from '../../src/protocol/commands.ts';
import { roomRoutes } from '../../src/transports/http/room-routes.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { transportsOf } from '../support/transports.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { PollingVisitor } from '../support/polling-visitor.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { newRoom, open, useHosts } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { namelessToken, tokenFor } from '../support/tokens.ts';
import { type Joining, ok, type Visitor, type Who } from '../support/visitor.ts';

const hosts = useHosts({ ALLOW_GUESTS: 'true', SIGNALS: 'open' });

/** All optional fields of a command, set to null. */
function nulls(name: CommandName): Record<string, null> {
  const { roomId: _, ...shape } = operations[name].payload.shape;
  const optional = Object.entries<z.ZodType>(shape).filter(
    ([, field]) => field.safeParse(undefined).success,
  );
  return Object.fromEntries(optional.map(([field]) => [field, null]));
}

/** A payload with the required fields of each command, in an order in which all succeed. */
const needed: [name: CommandName, payload: object][] = [
  ['message', { message: 'first' }],
  ['message', { message: 'second' }],
  ['typing', {}],
  ['getHistory', {}],
  ['getMissed', { after: '0:0' }],
  ['getMembers', {}],
  ['editMessage', { seq: 1, message: 'better' }],
  ['appendMessage', { seq: 1, offset: 0, text: 'better' }],
  ['finishMessage', { seq: 1 }],
  ['stopMessage', { seq: 1 }],
  ['addReaction', { seq: 1, emoji: '👍' }],
  ['getReactions', { seq: 1 }],
  ['removeReaction', { seq: 1, emoji: '👍' }],
  ['pinMessage', { seq: 1 }],
  ['getPins', {}],
  ['unpinMessage', { seq: 1 }],
  ['searchMessages', { query: 'better' }],
  ['markRead', { readUpTo: 1 }],
  ['updateRoom', {}],
  ['banMember', { userId: 'bob' }],
  ['unbanMember', { userId: 'bob' }],
  ['setRole', { userId: 'bob', role: 'member' }],
  ['muteMember', { userId: 'bob' }],
  ['unmuteMember', { userId: 'bob' }],
  ['kickMember', { userId: 'bob' }],
  ['deleteMessage', { seq: 2 }],
  ['leaveRoom', {}],
];

async function doesAll(visitor: Visitor, roomId: string): Promise<void> {
  for (const [name, payload] of needed) {
    const result = await visitor.command(name, { roomId, ...nulls(name), ...payload });
    expect([name, result]).toMatchObject([name, { ok: true }]);
    if (name === 'message') expect(result).not.toHaveProperty('message.replyTo');
  }
  ok(await visitor.command('joinRoom', { roomId, ...nulls('joinRoom') }));
}

describe.concurrent.each(transportsOf().map((transport) => open(transport, hosts)))(
  'at $name',
  (transport) => {
    it('[WIRE9] treats null in every optional field of every command as absent', async () => {
      const roomId = newRoom();
      const { visitor } = await transport.enter('alice', roomId);
      // The first user who writes becomes the owner, who may do everything.
      await say(visitor, roomId, 'founded');
      ok(await visitor.command('updateRoom', { roomId, topic: 'tea', retentionDays: 3 }));
      await doesAll(visitor, roomId);
      const { body } = await new HttpVisitor(transport.host.url, await tokenFor('alice')).ask(
        'GET',
        roomId,
      );
      // Null leaves the topic unchanged, and as `retentionDays` means to keep everything.
      expect(body).toMatchObject({ room: { topic: 'tea' } });
      expect(body).not.toHaveProperty('room.retentionDays');
      await visitor.close();
    });

    it('[WIRE5] [WIRE9] treats empty and null fields of a join as absent', async () => {
      const token = await namelessToken('u-1');
      const nothing = { since: '', session: '', username: '', history: '' } as unknown as Joining;
      const joining =
        transport.socketHolds === 'one room' ? nothing : (nulls('joinRoom') as Joining);
      const joined = ok(await transport.visit({ token }).join(newRoom(), joining));
      expect(joined).toMatchObject({ you: { username: 'u-1' }, messages: [] });
      expect(joined).not.toHaveProperty('missed');
      expect(joined.you).not.toHaveProperty('unverified');
    });
  },
);

describe.concurrent.each<HostName>(['node', 'edge'])('at the %s host', (name) => {
  it('[WIRE9] treats null in every optional field over Socket.IO by polling as absent', async () => {
    const roomId = newRoom();
    const visitor = new PollingVisitor(hosts[name].url, { token: await tokenFor('alice') });
    expect(ok(await visitor.join(roomId, nulls('joinRoom') as Joining)).messages).toEqual([]);
    await doesAll(visitor, roomId);
    await visitor.close();
  });

  it('[AUTH8] accepts a guest whose token is null', async () => {
    const who = { token: null, guestToken: null } as unknown as Who;
    const [webSocket] = transportsOf().filter(
      ({ host, socketHolds }) => host === name && socketHolds === 'many rooms',
    );
    const { url } = hosts[name];
    for (const visitor of [webSocket!.visit(url, who), new PollingVisitor(url, who)]) {
      expect(ok(await visitor.join(newRoom())).you.userId).toMatch(/^guest:/);
      await visitor.close();
    }
  });

  it('[WIRE9] [HTTP3] treats null in bodies and empty queries as absent', async () => {
    const roomId = newRoom();
    const alice = new HttpVisitor(hosts[name].url, await tokenFor('alice'));
    const body = { ...nulls('message'), message: 'hello' };
    expect((await alice.ask('POST', roomId, '/messages', { body })).status).toBe(201);
    expect((await alice.ask('POST', roomId, '/messages', { body })).status).toBe(201);
    for (const { method, path, operation, query, body: kind } of roomRoutes) {
      const [, payload = {}] = needed.find(([of]) => of === operation) ?? [];
      const address = path
        .replace(':seq', operation === 'deleteMessage' ? '2' : '1')
        .replace(':userId', 'bob')
        .replace(':name', 'wave')
        .replace(':emoji', encodeURIComponent('👍'));
      if (operation === 'message') continue;
      const given = {
        ...(commandNames.some((name) => name === operation) && nulls(operation as CommandName)),
        ...payload,
      };
      const asked = await alice.ask(method, roomId, address, {
        ...(kind !== 'none' && { body: given }),
        query: Object.fromEntries(
          Object.entries(query).map(([at, { field }]) => [
            at,
            String((payload as Record<string, unknown>)[field] ?? ''),
          ]),
        ),
      });
      // The host has no application, so that `runCommand` knows no command.
      const expected =
        operation === 'runCommand' ? [400, { error: { code: 'unknown_command' } }] : [200, {}];
      expect([method, path, asked.status, asked.body]).toMatchObject([method, path, ...expected]);
    }
    expect((await alice.ask('PUT', roomId, '/bans/carol', { body: 'null' })).status).toBe(200);
    // A required field is still required.
    const { body: refused } = await alice.ask('GET', roomId, '/missed', { query: { after: '' } });
    expect(refused).toMatchObject({ error: { code: 'invalid_payload', field: 'after' } });
  });

  it('follows a room from now on where no position is given', async () => {
    const roomId = newRoom();
    const alice = new HttpVisitor(hosts[name].url, await tokenFor('alice'));
    await alice.ask('POST', roomId, '/messages', { body: { message: 'before' } });
    expect(await alice.poll(roomId, '')).toMatchObject({ events: [] });
    const follower = await alice.follow(roomId, { since: '', lastEventId: '' });
    await alice.ask('POST', roomId, '/messages', { body: { message: 'now' } });
    await follower.hears('message');
    expect(follower.named('message').map(({ message }) => message)).toEqual(['now']);
    await follower.close();
  });

  it('treats a ref of null at a native socket as absent', async () => {
    const { url } = hosts[name];
    const headers = { authorization: `Bearer ${await tokenFor('alice')}` };
    const { frame, socket } = rawSocket(`${url}/rooms/${newRoom()}/ws`, headers);
    await frame((text) => text.startsWith('["joined"'));
    socket.send('["message",{"message":"a"},null]\n["message",{"message":"b"},1]');
    const text = await frame((one) => one.includes('["ack"'));
    expect(text.split('\n').filter((line) => line.startsWith('["ack"'))).toHaveLength(1);
    expect(text).toContain('"seq":2');
    socket.terminate();
  });
});
