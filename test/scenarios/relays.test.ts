import { describe, expect, it } from 'vitest';
import { directTransports } from '../support/transports.ts';
import { barrier, newRoom, open, useHosts } from '../support/for-each-transport.ts';
import { say, seenBy } from '../support/talk.ts';
import { ok, type Visitor } from '../support/visitor.ts';

/** Here a room's own object holds two sockets, and each relay two. */
const hosts = useHosts({ RELAY_ABOVE: '2', RELAY_CONNECTIONS: '2' });
const edge = directTransports.filter(({ host }) => host === 'edge');

describe.concurrent.each(edge.map((transport) => open(transport, hosts)))(
  'a room that outgrows one object, at $name',
  ({ enter }) => {
    async function crowd(roomId: string, count: number): Promise<Visitor[]> {
      const visitors: Visitor[] = [];
      for (let at = 0; at < count; at++) {
        visitors.push((await enter(`user ${at}`, roomId)).visitor);
      }
      return visitors;
    }

    it('[RELAY1] brings every message to every user once and in order', async () => {
      const roomId = newRoom();
      const visitors = await crowd(roomId, 8);
      const said = await Promise.all(
        visitors.flatMap((visitor, at) =>
          [1, 2, 3].map((line) => say(visitor, roomId, `${at}: ${line}`)),
        ),
      );
      await barrier(roomId, visitors[0]!, visitors.slice(1));
      const all = said.toSorted((a, b) => a.seq - b.seq);
      for (const visitor of visitors) {
        const seen = seenBy(visitor).filter(({ message }) => message !== 'barrier');
        expect(seen.map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq));
        const heard = visitor.heard('message').map(({ rev }) => rev);
        expect(heard).toEqual(heard.toSorted((a, b) => a - b));
        expect(new Set(heard).size).toBe(heard.length);
      }
    });

    it('[RELAY1] finds relays for all clients that connect at the same moment', async () => {
      const roomId = newRoom();
      const names = Array.from({ length: 8 }, (_, at) => `user ${at}`);
      const all = await Promise.all(names.map((name) => enter(name, roomId)));
      const [first, ...others] = all.map(({ visitor }) => visitor);
      await barrier(roomId, first!, others);
      expect(others.map((visitor) => visitor.heard('message').length)).toEqual(others.map(() => 1));
    });

    it('[RELAY4] sends a banned user nothing that is said after the ban', async () => {
      const roomId = newRoom();
      const [owner, ...others] = await crowd(roomId, 6);
      await say(owner!, roomId, 'mine');
      const banned = others.at(-1)!;
      await banned.hears('message');
      ok(await owner!.command('banMember', { roomId, userId: 'user 5' }));
      await say(owner!, roomId, 'they cannot hear this');
      await barrier(roomId, owner!, others.slice(0, -1));
      expect(banned.heard('message').map(({ message }) => message)).toEqual(['mine']);
    });

    it('[RELAY1] shrinks again, and still all users receive the messages of all', async () => {
      const roomId = newRoom();
      const visitors = await crowd(roomId, 6);
      await Promise.all(visitors.slice(0, 3).map((visitor) => visitor.close()));
      for (const gone of ['user 0', 'user 1', 'user 2'])
        await visitors[3]!.hears('userLeft', ({ userId }) => userId === gone);
      const [late, later] = [await enter('late', roomId), await enter('later', roomId)];
      const here = [...visitors.slice(3), late.visitor, later.visitor];
      for (const speaker of here) {
        await barrier(
          roomId,
          speaker,
          here.filter((other) => other !== speaker),
        );
      }
      expect(later.joined.online.map(({ userId }) => userId).toSorted()).toEqual([
        'late',
        'later',
        'user 3',
        'user 4',
        'user 5',
      ]);
    });
  },
);
