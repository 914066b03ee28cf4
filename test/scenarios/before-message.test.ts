import { afterAll, describe, expect, it } from 'vitest';
import type { Incoming, Message } from '../../src/protocol/objects.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { DecidingBackend } from '../support/deciding-backend.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { PollingVisitor } from '../support/polling-visitor.ts';
import { barrier, forEachTransport, newRoom, useHosts } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

const backend = await new DecidingBackend().listen();

const SETTINGS = {
  ...backend.settings,
  BEFORE_MESSAGE_ON_FAILURE: 'refuse',
  // On a busy machine the backend's answer may be late.
  BEFORE_MESSAGE_TIMEOUT_MS: '10000',
};

afterAll(() => {
  backend.close();
  expect(backend.forged).toEqual([]);
});

forEachTransport(
  (transport) => {
    it('[HOOK13] stores what the backend allows or replaces, and refuses with its sentence', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      const { message } = ok(
        await alice.command('message', { roomId, message: 'שלום 世界', meta: { a: 1 } }),
      );
      expect(backend.asked.find((asked) => asked.roomId === roomId)).toEqual({
        roomId,
        user: { userId: 'alice', username: 'alice', role: 'member' },
        draft: { message: 'שלום 世界', meta: { a: 1 } },
      });
      expect(await bob.hears('message')).toEqual(message);

      const refused = await alice.command('message', { roomId, message: 'refuse: you', id: 'a-1' });
      expect(refusal(refused)).toEqual({ code: 'refused', message: 'Be kind.' });
      alice.tell('message', { roomId, message: 'refuse: you', id: 'a-2' });
      const error = { code: 'refused', command: 'message', roomId, id: 'a-2' };
      expect(await alice.hears('error')).toMatchObject(error);

      const replaced = ok(await alice.command('message', { roomId, message: 'replace: you' }));
      expect(replaced.message).toMatchObject({ seq: 2, message: 'kind: you' });
      expect(await bob.hears('message', ({ seq }) => seq === 2)).toEqual(replaced.message);
      expect(bob.heard('message')).toHaveLength(2);
    });

    it('[HOOK14] keeps the order of a connection, and does not keep others waiting', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      const payload = { roomId, message: 'hold: first', id: 'a-1' };
      const first = alice.command('message', payload);
      const second = alice.command('message', { roomId, message: 'second' });
      await backend.untilAsked(roomId, 1);
      await say(bob, roomId, 'aside');
      backend.release(roomId);
      const messages = [ok(await first).message, ok(await second).message];
      expect(messages.map(({ seq }) => seq)).toEqual([2, 3]);
      await barrier(roomId, bob, [alice]);
      // A message that is stored already is answered without asking the backend.
      const again = ok(await alice.command('message', payload));
      expect(again).toMatchObject({ duplicate: true, message: { seq: 2 } });
      expect(backend.texts(roomId)).toEqual(['hold: first', 'aside', 'second', 'barrier']);
    });

    it('[HOOK14] stores what was sent just before its sender left', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      alice.tell('message', { roomId, message: 'hold: farewell' });
      await backend.untilAsked(roomId, 1);
      await alice.close();
      await say(bob, roomId, 'gone');
      backend.release(roomId);
      const { message } = await bob.hears('message', ({ senderId }) => senderId === 'alice');
      expect(message).toBe('hold: farewell');
      await bob.hears('userLeft', ({ userId }) => userId === 'alice');
    });

    it('[HOOK16] asks about edits, and about streams at their end', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const { seq } = await say(alice, roomId, 'fine');
      const edit = await alice.command('editMessage', { roomId, seq, message: 'refuse: this' });
      expect(refusal(edit).code).toBe('refused');
      const streamed = { roomId, message: 'refuse: ', streaming: true };
      const { message } = ok(await alice.command('message', streamed));
      expect(backend.texts(roomId)).toEqual(['fine', 'refuse: this']);
      const end = await alice.command('finishMessage', { roomId, seq: message.seq });
      expect(ok(end)).toMatchObject({ status: 'refused', reason: 'Be kind.' });
      const { messages } = ok(await alice.command('getHistory', { roomId }));
      expect(messages.map((one) => one.message)).toEqual(['fine', '']);
    });
  },
  SETTINGS,
  { atRelays: true },
);

/** The health report of a host as an admin sees it. */
async function detailsOf(url: string): Promise<unknown> {
  const authorization = `Bearer ${await tokenFor('root', { admin: true })}`;
  return (await fetch(`${url}/health?details`, { headers: { authorization } })).json();
}

describe('over Socket.IO by polling', () => {
  const hosts = useHosts(SETTINGS);

  it.each<HostName>(['node', 'edge'])(
    '[HOOK14] at the %s host commands of later polls wait for those of earlier ones',
    async (name) => {
      const roomId = newRoom();
      const { url } = hosts[name];
      const alice = new PollingVisitor(url, { token: await tokenFor('alice') });
      const bob = new PollingVisitor(url, { token: await tokenFor('bob') });
      ok(await alice.join(roomId));
      ok(await bob.join(roomId));
      const first = alice.command('message', { roomId, message: 'hold: first' });
      // By then the request that carried it has ended: what follows is sent with another one.
      await backend.untilAsked(roomId, 1);
      const second = alice.command('message', { roomId, message: 'refuse: second' });
      const third = alice.command('message', { roomId, message: 'replace: third' });
      await say(bob, roomId, 'aside');
      backend.release(roomId);
      expect(ok(await first).message.seq).toBe(2);
      expect(refusal(await second).code).toBe('refused');
      expect(ok(await third).message).toMatchObject({ seq: 3, message: 'kind: third' });
      const texts = ['hold: first', 'aside', 'refuse: second', 'replace: third'];
      expect(backend.texts(roomId)).toEqual(texts);
      await bob.hears('message', ({ seq }) => seq === 3);
      await Promise.all([alice.close(), bob.close()]);
    },
  );
});

describe('over HTTP', () => {
  const hosts = useHosts(SETTINGS);

  describe.each<HostName>(['node', 'edge'])('at the %s host', (name) => {
    async function enterOverHttp() {
      const roomId = newRoom();
      const http = new HttpVisitor(hosts[name].url, await tokenFor('olga'));
      const post = (message: string) =>
        http.ask('POST', roomId, '/messages', { body: { message } });
      return { roomId, http, post };
    }

    it('[HOOK13] asks about messages, edits and messages of incoming webhooks', async () => {
      const { roomId, http, post } = await enterOverHttp();
      expect((await post('fine')).status).toBe(201);
      const error = { code: 'refused', message: 'Be kind.' };
      expect(await post('refuse: it')).toMatchObject({ status: 422, body: { error } });
      const edit = { body: { message: 'replace: it' } };
      const { body } = await http.ask('PATCH', roomId, '/messages/1', edit);
      expect((body as { message: Message }).message.message).toBe('kind: it');
      const made = await http.ask('PUT', roomId, '/incoming', { body: { name: 'alerts' } });
      const { url } = made.body as { incoming: Incoming; url: string };
      const path = `/incoming/${new URL(url).pathname.split('/').at(-1)}`;
      const alert = await http.ask('POST', roomId, path, { body: { text: 'refuse: alert' } });
      expect(alert).toMatchObject({ status: 422, body: { error } });
      const askers = backend.asked.filter((asked) => asked.roomId === roomId);
      expect(askers.at(-1)?.user).toMatchObject({ userId: 'hook:alerts' });
    });

    it('[HOOK15] refuses with `unavailable` while the backend fails, and shows admins the failure', async () => {
      const { roomId, post } = await enterOverHttp();
      for (const text of ['rubbish', 'huge', 'cut', 'redirect']) {
        const error = { code: 'unavailable' };
        expect([text, await post(text)]).toMatchObject([text, { status: 503, body: { error } }]);
      }
      expect((await post('fine')).status).toBe(201);
      await expect
        .poll(() => detailsOf(hosts[name].url))
        .toMatchObject({
          beforeMessage: { lastFailure: { at: expect.any(Number) as number, roomId } },
        });
      if (name !== 'node') return;
      const metrics = await (await fetch(`${hosts[name].url}/metrics`)).text();
      expect(metrics).toContain('parlor_before_message_total{outcome="failed"} 4\n');
      expect(metrics).toContain('parlor_before_message_seconds_count');
    });
  });
});
