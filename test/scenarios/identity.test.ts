import { expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { overHttp } from '../support/rights.ts';
import { forEachTransport, barrier, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { inAnHour, namelessToken, tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransport(
  (transport) => {
    it('[AUTH7] shows users under the name in their token, whatever they claim', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const mallory = transport.visit({ token: await tokenFor('mallory', { name: 'Mallory' }) });
      const joined = ok(await mallory.join(roomId, { username: 'alice' }));
      expect(joined.you).toMatchObject({ userId: 'mallory', username: 'Mallory' });
      const forged = {
        sender: 'alice',
        username: 'alice',
        senderId: 'alice',
        userId: 'alice',
        seq: 9,
      };
      const { message } = ok(
        await mallory.command('message', { roomId, message: 'hi', ...forged }),
      );
      ok(await mallory.command('typing', { roomId, ...forged }));
      ok(await mallory.command('leaveRoom', { roomId, username: 'alice' }));
      expect(message).toMatchObject({ sender: 'Mallory', senderId: 'mallory', seq: 1 });
      const who = { userId: 'mallory', username: 'Mallory' };
      expect(await alice.hears('userLeft')).toMatchObject(who);
      expect(alice.heard('userJoined')).toMatchObject([who]);
      expect(alice.heard('typing')).toMatchObject([who]);
      expect(alice.heard('message')).toEqual([message]);
      expect(JSON.stringify(alice.stream.slice(1))).not.toContain('alice');
    });

    it('[AUTH7] marks a name that is not in a token, and keeps the first one', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const zed = transport.visit({ token: await namelessToken('u-26') });
      const joined = ok(await zed.join(roomId, { username: 'Zed' }));
      const who = { userId: 'u-26', username: 'Zed', unverified: true };
      expect(joined.you).toMatchObject(who);
      expect(joined.online).toContainEqual(who);
      expect(await alice.hears('userJoined')).toMatchObject(who);
      const first = ok(await zed.command('message', { roomId, message: 'hi', sender: 'Alice' }));
      expect(first.message).toMatchObject({ sender: 'Zed', senderId: 'u-26', unverified: true });
      ok(await zed.command('leaveRoom', { roomId }));
      const back = ok(await zed.join(roomId, { username: 'Someone else' }));
      expect(back.you).toMatchObject(who);
      await say(zed, roomId, 'again');
      const { members } = ok(await alice.command('getMembers', { roomId }));
      expect(members).toEqual([{ ...who, role: 'owner', online: true }]);
      await alice.until('both', () => alice.heard('message').length === 2);
      for (const message of alice.heard('message')) {
        expect(message).toMatchObject({ sender: 'Zed', unverified: true });
      }
    });

    it('[NAME2] falls back to the user id without a name', async () => {
      const long = `${'語'.repeat(63)}🎉${'x'.repeat(64)}`;
      const cases: [token: string, userId: string, username: string][] = [
        [await namelessToken('u-27'), 'u-27', 'u-27'],
        [await namelessToken(long), long, `${'語'.repeat(63)}🎉`],
        [await tokenFor('u-28', { name: '\u3164\u2800' }), 'u-28', 'u-28'],
        [await tokenFor('u-29', { name: '' }), 'u-29', 'u-29'],
        [
          await tokenFor('x', { sub: undefined, id: 42, name: undefined, username: 'Neo' }),
          '42',
          'Neo',
        ],
      ];
      for (const [token, userId, username] of cases) {
        const joined = ok(await transport.visit({ token }).join(newRoom()));
        expect(joined.you).toMatchObject({ userId, username });
        expect(joined.you.unverified).toBeUndefined();
      }
    });

    it('[NAME2] normalises the name in a token', async () => {
      const cases: [claims: object, username: string][] = [
        [{ name: 'Ann Smith ' }, 'Ann Smith'],
        [{ name: 'Jose\u0301\n\u200BSmith' }, 'Jos\u00E9 Smith'],
        [{ name: '\u202EAnn\u00AD' }, 'Ann'],
        [{ name: 'x'.repeat(70) }, 'x'.repeat(64)],
        [{ name: '', username: 'uno' }, 'uno'],
        [{ name: '\u3164', username: ' uno' }, 'uno'],
      ];
      const shown = async (claims: object) => {
        const roomId = newRoom();
        const { joined } = await transport.enter('u-31', roomId, {}, { ...claims });
        const http = await overHttp(transport, 'u-31', { ...claims });
        const body = { message: 'hi', sender: 'Somebody else' };
        const { message } = (await http.ask('POST', roomId, '/messages', { body })).body as {
          message: Message;
        };
        return [joined.you.username, message.sender];
      };
      await Promise.all(
        cases.map(async ([claims, username]) => {
          expect(await shown(claims)).toEqual([username, username]);
        }),
      );
    });

    it('[NAME1] [NAME3] refuses an invalid name in a payload', async () => {
      const token = await namelessToken('u-30');
      const hidden = [
        '\u3164',
        '\u2800',
        '\u200D\u200D',
        'al\u00ADice',
        'al\u200Eice',
        'a\u{E0041}b',
      ];
      const http = await overHttp(transport, 'u-30', { name: undefined });
      const names = ['', ' padded', 'x'.repeat(65), 'a\u200Bb', 'e\u0301', ...hidden];
      await Promise.all(
        names.map(async (username) => {
          const roomId = newRoom();
          const body = { message: 'hi', sender: username };
          const answered = await http.ask('POST', roomId, '/messages', { body });
          expect([answered.status, answered.body], JSON.stringify(username)).toMatchObject([
            400,
            { error: { code: 'invalid_payload', field: 'sender' } },
          ]);
          // In the query of a native socket an empty field counts as absent.
          if (username === '' && transport.name.startsWith('native')) return;
          const problem = refusal(await transport.visit({ token }).join(roomId, { username }));
          expect(problem, JSON.stringify(username)).toMatchObject({
            code: 'invalid_payload',
            field: 'username',
          });
        }),
      );
    });

    it('[AUTH10] uses the name in a newer token, in every room', async () => {
      const roomIds = transport.socketHolds === 'one room' ? [newRoom()] : [newRoom(), newRoom()];
      const bob = transport.visit({ token: await tokenFor('bob', { name: 'Bob' }) });
      const anna = transport.visit({ token: await tokenFor('anna', { name: 'Anna' }) });
      for (const roomId of roomIds) {
        ok(await bob.join(roomId));
        ok(await anna.join(roomId));
        await say(bob, roomId, 'as Bob');
      }
      const token = await tokenFor('bob', { name: 'Robert ' });
      ok(await bob.command('refreshToken', { token }));
      for (const roomId of roomIds) {
        const isHere = (event: { roomId: string }) => event.roomId === roomId;
        const who = { userId: 'bob', username: 'Robert' };
        const member = { ...who, role: 'owner', online: true };
        expect(await anna.hears('memberUpdated', isHere)).toEqual({ roomId, ...member, by: 'bob' });
        ok(await bob.command('typing', { roomId }));
        expect(await anna.hears('typing', isHere)).toMatchObject(who);
        expect((await say(bob, roomId, 'as Robert')).sender).toBe('Robert');
        const { members } = ok(await anna.command('getMembers', { roomId }));
        expect(members).toEqual([member]);
        const { joined } = await transport.enter('cleo', roomId);
        expect(joined.online).toContainEqual(who);
        const again = ok(await bob.join(roomId));
        expect(again.you).toMatchObject(who);
        ok(await bob.command('leaveRoom', { roomId }));
        expect(await anna.hears('userLeft', isHere)).toMatchObject(who);
        expect(ok(await bob.join(roomId)).you).toMatchObject(who);
        const { messages } = ok(await anna.command('getHistory', { roomId }));
        expect(messages.map(({ sender }) => sender)).toEqual(['Bob', 'Robert']);
      }
      expect(bob.heard('memberUpdated')).toEqual([]);
      expect(anna.heard('userJoined').filter(({ userId }) => userId === 'bob')).toHaveLength(
        roomIds.length,
      );
    });

    it('[AUTH10] keeps a claimed name over a newer token without one', async () => {
      const roomId = newRoom();
      const zed = transport.visit({ token: await namelessToken('u-32') });
      ok(await zed.join(roomId, { username: 'Zed' }));
      ok(await zed.command('refreshToken', { token: await namelessToken('u-32') }));
      const { message } = ok(await zed.command('message', { roomId, message: 'hi' }));
      expect(message).toMatchObject({ sender: 'Zed', unverified: true });
      const token = await tokenFor('u-32', { name: 'Zoe' });
      ok(await zed.command('refreshToken', { token }));
      const next = await say(zed, roomId, 'hi again');
      expect(next.sender).toBe('Zoe');
      expect(next).not.toHaveProperty('unverified');
    });

    it('[AUTH9] returns when a token expires', async () => {
      const exp = inAnHour();
      const token = await tokenFor('alice', { exp });
      const joined = ok(await transport.visit({ token }).join(newRoom()));
      expect(joined.you.expiresAt).toBe(exp * 1_000);
    });

    it('[AUTH8] restores a guest by the guest token, and refuses a forged one', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const guest = transport.visit({});
      const { you } = ok(await guest.join(roomId, { username: 'Gus' }));
      expect(you).toEqual({
        userId: expect.stringMatching(/^guest:[\w-]{16,}$/),
        username: 'Gus',
        unverified: true,
        role: 'member',
        readUpTo: 0,
        unread: 0,
        unreadMentions: 0,
        guestToken: expect.any(String),
      });
      await say(guest, roomId, 'first here');
      await guest.close();
      const again = ok(await transport.visit(you).join(roomId));
      expect(again.you.userId).toBe(you.userId);
      for (const guestToken of [
        '',
        'nonsense',
        await tokenFor(you.userId),
        await tokenFor('alice'),
      ]) {
        const stranger = ok(await transport.visit({ guestToken }).join(roomId));
        expect(stranger.you.userId).toMatch(/^guest:/);
        expect(stranger.you.userId).not.toBe(you.userId);
      }
      // A guest never becomes the owner: the first signed-in user who writes does.
      await say(alice, roomId, 'second here');
      const { members } = ok(await alice.command('getMembers', { roomId }));
      expect(members.map(({ userId, role }) => [userId, role])).toEqual([
        ['alice', 'owner'],
        [you.userId, 'member'],
      ]);
    });

    it('[INB10] exports to admins what a guest has just written', async () => {
      const roomId = newRoom();
      const guest = transport.visit({});
      const { you } = ok(await guest.join(roomId, { username: 'Gus' }));
      await say(guest, roomId, 'of a guest');
      const exported = await fetch(`${transport.host.url}/users/${you.userId}/export`, {
        headers: { authorization: `Bearer ${await tokenFor('root', { admin: true })}` },
      });
      const lines = (await exported.text()).trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
        { type: 'export', userId: you.userId },
        { type: 'conversation', roomId },
        { type: 'member', roomId, userId: you.userId, username: 'Gus' },
        { type: 'message', roomId, senderId: you.userId, message: 'of a guest' },
        { type: 'end' },
      ]);
    });

    it('[AUTH6] accepts a token after "Bearer " in a payload, and treats an empty one as none', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const exp = inAnHour() + 60;
      const token = await tokenFor('alice', { exp });
      expect(ok(await alice.command('refreshToken', { token: `Bearer ${token}` }))).toEqual({
        ok: true,
        expiresAt: exp * 1_000,
      });
      for (const none of ['', 'Bearer ']) {
        const refused = refusal(await alice.command('refreshToken', { token: none }));
        expect(refused).toMatchObject({ code: 'invalid_payload', field: 'token' });
      }
      // A native client sends its token in a header or a subprotocol, not in a payload.
      if (transport.socketHolds === 'one room') return;
      const bearer = ok(await transport.visit({ token: `bearer ${token}` }).join(roomId));
      expect(bearer.you.userId).toBe('alice');
      for (const none of ['', 'Bearer ']) {
        const guest = ok(await transport.visit({ token: none }).join(roomId));
        expect(guest.you.userId).toMatch(/^guest:/);
      }
    });

    it('[AUTH3] says what is wrong with the sub or exp of a token', async () => {
      const cases: [claims: Record<string, unknown>, message: string][] = [
        [{ sub: '..' }, 'The user id in the token must not be "." or "..".'],
        [{ sub: '.' }, 'The user id in the token must not be "." or "..".'],
        [
          { exp: Date.now() + 60_000 },
          "The token's exp must be in seconds; this one looks like milliseconds.",
        ],
      ];
      for (const [claims, message] of cases) {
        const token = await tokenFor('u-31', claims);
        const problem = refusal(await transport.visit({ token }).join(newRoom()));
        expect(problem).toMatchObject({ code: 'unauthorized', message });
      }
    });

    it('[AUTH8] refuses a guest token in the place of a token, and a token with a guest’s id', async () => {
      const { you } = ok(await transport.visit({}).join(newRoom()));
      for (const token of [
        you.guestToken,
        await tokenFor('guest:me'),
        await tokenFor(you.userId),
      ]) {
        expect(refusal(await transport.visit({ token }).join(newRoom())).code).toBe('unauthorized');
      }
    });

    it('[MSG6] keeps the messages of two users who send the same id', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const guest = transport.visit({});
      ok(await guest.join(roomId));
      const mine = ok(await alice.command('message', { roomId, message: 'mine', id: 'same' }));
      const theirs = ok(await guest.command('message', { roomId, message: 'theirs', id: 'same' }));
      expect([mine.duplicate, theirs.duplicate]).toEqual([undefined, undefined]);
      await barrier(roomId, alice, [guest]);
      expect(guest.heard('message').map(({ message }) => message)).toEqual(['mine', 'barrier']);
    });
  },
  { ALLOW_GUESTS: 'true' },
);
