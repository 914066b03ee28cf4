import { expect, it } from 'vitest';
import { overHttp } from '../support/rights.ts';
import { forEachTransport, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { type Claims, tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

const NO_SUCH_ROOM = {
  code: 'room_not_found',
  message: 'There is no such room, or it is not for you.',
};

forEachTransport(
  (transport) => {
    it('[MOD4] is visible only to users whose token names it, whether it exists or not', async () => {
      const [there, nowhere] = [newRoom('team'), newRoom('team')];
      const { visitor: owner } = await transport.enter(
        'olga',
        there,
        {},
        { rooms: { 'team-*': 'owner' } },
      );
      await say(owner, there, 'inside');
      ok(await owner.command('setRole', { roomId: there, userId: 'listed', role: 'moderator' }));
      const strangers: [userId: string, claims: Claims][] = [
        ['nobody', {}],
        ['other', { rooms: { 'other-*': 'owner', team: 'owner' } }],
        // Being on the list is not enough here.
        ['listed', {}],
      ];
      for (const [userId, claims] of strangers) {
        const http = await overHttp(transport, userId, claims);
        for (const roomId of [there, nowhere]) {
          const token = await tokenFor(userId, claims);
          expect(refusal(await transport.visit({ token }).join(roomId)), userId).toEqual(
            NO_SUCH_ROOM,
          );
          const answers = [
            await http.ask('GET', roomId),
            await http.ask('GET', roomId, '/messages'),
            await http.ask('POST', roomId, '/messages', { body: { message: 'hi' } }),
            await http.ask('GET', roomId, '/events'),
          ];
          for (const { status, body } of answers) {
            expect([status, body]).toEqual([404, { error: NO_SUCH_ROOM }]);
          }
        }
      }
      const { joined } = await transport.enter(
        'listed',
        there,
        {},
        { rooms: { [there]: 'viewer' } },
      );
      expect(joined.you.role).toBe('viewer');
      const { joined: admin } = await transport.enter('ada', nowhere, {}, { admin: true });
      expect(admin.room.createdAt).toBe(0);
    });
  },
  { ROOM_ACCESS: 'token' },
);
