import { expect, it } from 'vitest';
import type { Incoming, Message } from '../../src/protocol/objects.ts';
import { ask, type Answered, problemOf } from '../support/http-client.ts';
import { overHttp } from '../support/rights.ts';
import { forEachTransport, newRoom, type OpenTransport } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

interface Made {
  incoming: Incoming;
  url: string;
}

/** A room with its owner and an incoming webhook named `name`. */
async function withHook(transport: OpenTransport, name = 'alerts') {
  const roomId = newRoom();
  const { visitor: owner } = await transport.enter('olga', roomId);
  await say(owner, roomId, 'the first words');
  const http = await overHttp(transport, 'olga');
  const make = async () => {
    const { status, body } = await http.ask('PUT', roomId, '/incoming', { body: { name } });
    expect(status).toBe(200);
    return body as Made;
  };
  return { roomId, owner, http, make, made: await make() };
}

function post(
  url: string,
  body: string | Buffer,
  type = 'application/json',
  headers: Record<string, string> = {},
): Promise<Answered> {
  const { pathname } = new URL(url);
  const sent = {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  return ask(url, pathname, { method: 'POST', headers: sent, body });
}

const messageIn = (answered: Answered) => (answered.json() as { message: Message }).message;

forEachTransport((transport) => {
  it('[HOOK1] writes as a bot what an alerting tool or curl sends', async () => {
    const { roomId, owner, made } = await withHook(transport);
    expect(made.url).toMatch(/\/rooms\/[^/]+\/incoming\/[\w-]{59}$/);
    const alert = await post(made.url, JSON.stringify({ text: 'התראה 警告', channel: '#ops' }));
    expect(alert.status).toBe(201);
    const message = messageIn(alert);
    expect(message).toMatchObject({
      senderId: 'hook:alerts',
      sender: 'alerts',
      message: 'התראה 警告',
      bot: true,
    });
    expect(message.unverified).toBeUndefined();
    expect(await owner.hears('message')).toEqual(message);
    const plain = await post(made.url, 'deployed @olga', 'application/x-www-form-urlencoded');
    expect(messageIn(plain)).toMatchObject({ message: 'deployed @olga' });
    expect(messageIn(plain).mentions).toBeUndefined();
    const named = await post(made.url, JSON.stringify({ text: 'hi', username: ' Grafana\n' }));
    expect(messageIn(named)).toMatchObject({ sender: 'Grafana', unverified: true, bot: true });
    const { members } = ok(await owner.command('getMembers', { roomId }));
    expect(members).toMatchObject([
      { userId: 'hook:alerts', role: 'member', bot: true, online: false },
      { userId: 'olga', role: 'owner' },
    ]);
    const bad: [body: string, field: string][] = [
      ['{}', 'text'],
      ['{"text":null}', 'text'],
      ['{"text":"\u200B"}', 'text'],
      ['{"text":1}', 'text'],
      ['{"text":"hi","username":7}', 'username'],
    ];
    for (const [body, field] of bad) {
      const refused = await post(made.url, body);
      expect([refused.status, problemOf(refused).field]).toEqual([400, field]);
    }
    const long = await post(made.url, JSON.stringify({ text: 'x'.repeat(9_000) }));
    expect([long.status, problemOf(long).code]).toEqual([413, 'too_large']);
  });

  it('[HOOK2] writes a message once for an Idempotency-Key', async () => {
    const { made } = await withHook(transport);
    const key = { 'idempotency-key': 'alert-7' };
    const first = await post(made.url, 'once', 'text/plain', key);
    const again = await post(made.url, 'once more', 'text/plain', key);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(messageIn(again)).toEqual(messageIn(first));
    const wrong = await post(made.url, 'x', 'text/plain', { 'idempotency-key': 'x'.repeat(65) });
    expect(wrong.status).toBe(400);
  });

  it('[HOOK3] shows a key once; a new key, a revocation or the end of the room ends it', async () => {
    const { roomId, http, make, made } = await withHook(transport);
    const listed = await http.ask('GET', roomId, '/incoming');
    expect(listed.body).toEqual({ incoming: [made.incoming] });
    const key = made.url.split('/').at(-1)!;
    const second = await make();
    expect(second.incoming.id).toBe(made.incoming.id);
    expect((await post(made.url, 'old', 'text/plain')).status).toBe(404);
    expect((await post(second.url, 'new', 'text/plain')).status).toBe(201);
    const { text: exported } = await ask(transport.host.url, `/rooms/${roomId}/export`, {
      headers: { authorization: `Bearer ${await tokenFor('olga')}` },
    });
    expect(exported).toContain('"type":"incoming"');
    for (const secret of [key, second.url.split('/').at(-1)!])
      expect(exported).not.toContain(secret);
    await http.ask('DELETE', roomId, `/incoming/${second.incoming.id}`);
    await http.ask('DELETE', roomId, `/incoming/${second.incoming.id}`);
    const gone = await post(second.url, 'gone', 'text/plain');
    const nowhere = await post(second.url.replace(roomId, newRoom()), 'x', 'text/plain');
    expect([gone.status, problemOf(gone)]).toEqual([nowhere.status, problemOf(nowhere)]);
    expect(problemOf(gone).code).toBe('room_not_found');
    const { body } = await http.ask('GET', roomId, '/audit');
    const acts = (body as { acts: { act: string; change?: object }[] }).acts;
    expect(acts.map(({ act, change }) => [act, change])).toEqual([
      ['revokeIncoming', { name: 'alerts' }],
      ['makeIncoming', { name: 'alerts' }],
      ['makeIncoming', { name: 'alerts' }],
    ]);
    const third = await make();
    await http.ask('DELETE', roomId, '');
    expect((await post(third.url, 'deleted', 'text/plain')).status).toBe(404);
  });

  it('[HOOK4] lets only owners make, see and revoke one', async () => {
    const { roomId, owner, made } = await withHook(transport);
    ok(await owner.command('setRole', { roomId, userId: 'mod', role: 'moderator' }));
    const http = await overHttp(transport, 'mod');
    const asked = [
      await http.ask('PUT', roomId, '/incoming', { body: { name: 'mine' } }),
      await http.ask('GET', roomId, '/incoming'),
      await http.ask('DELETE', roomId, `/incoming/${made.incoming.id}`),
    ];
    expect(asked.map(({ status }) => status)).toEqual([403, 403, 403]);
    const admin = await overHttp(transport, 'root', { admin: true });
    expect((await admin.ask('GET', roomId, '/incoming')).status).toBe(200);
    const empty = newRoom();
    const { body } = await admin.ask('PUT', empty, '/incoming', { body: { name: 'first' } });
    expect((await post((body as Made).url, 'first', 'text/plain')).status).toBe(201);
    const { body: list } = await admin.ask('GET', empty, '/members');
    expect(list).toMatchObject({ members: [{ userId: 'hook:first', role: 'member' }] });
    const token = await tokenFor('hook:alerts');
    const refused = await ask(transport.host.url, `/rooms/${roomId}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(refused.status).toBe(401);
  });

  it('[ADM17] [HOOK5] writes 20 at once, then one a second, also into rooms that are closed to members', async () => {
    const { roomId, owner, made } = await withHook(transport, '警告');
    ok(
      await owner.command('updateRoom', {
        roomId,
        private: true,
        readOnly: true,
        slowModeSeconds: 60,
      }),
    );
    // All at once, so that the bucket does not refill enough to let all of them pass.
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => post(made.url, `${at}`, 'text/plain')),
    );
    const taken = answers.filter(({ status }) => status === 201);
    expect(taken.length).toBeGreaterThanOrEqual(20);
    const limited = answers.find(({ status }) => status === 429)!;
    expect(problemOf(limited)).toMatchObject({ code: 'rate_limited' });
    ok(await owner.command('banMember', { roomId, userId: 'hook:警告' }));
    const banned = await post(made.url, 'x', 'text/plain');
    expect([banned.status, problemOf(banned).code]).toEqual([403, 'banned']);
  });
});
