import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { block } from '../support/build-on-parlor.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { PROJECT } from '../support/program.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

/** The application of docs/build-on-parlor.md, written where both hosts can import it. */
mkdirSync(join(PROJECT, 'dist'), { recursive: true });
const beside = mkdtempSync(join(PROJECT, 'dist', 'build-on-'));
const ownPath = relative(PROJECT, join(beside, 'app.ts'));
writeFileSync(
  join(PROJECT, ownPath),
  block('src/app.ts').replace("'./app/define.ts'", "'../../src/app/define.ts'"),
);
afterAll(() => rmSync(beside, { recursive: true, force: true }));

const hosts = useHosts({}, { app: ownPath });

describe.each(['node', 'edge'] as const)(
  'the poll of docs/build-on-parlor.md at the %s host',
  (name) => {
    const enter = async (userId: string, roomId: string) => {
      const visitor = new SocketIoVisitor(hosts[name].url, { token: await tokenFor(userId) });
      onTestFinished(() => visitor.close());
      ok(await visitor.join(roomId));
      return visitor;
    };
    const question = { question: 'Où mangeons-nous ?', options: ['Ici', '食堂'] };

    it('works over Socket.IO, in search, history, export and erasure', async () => {
      const roomId = newRoom();
      const [ann, ben] = [await enter('ann', roomId), await enter('ben', roomId)];
      const sent = await ann.command('message', { roomId, kind: 'poll', data: question });
      const { seq } = ok(sent).message;
      ok(await ben.command('message', { roomId, kind: 'poll', data: question }));
      expect(ok(await ben.command('vote', { roomId, seq, option: 1 }))).toMatchObject({
        votes: [0, 1],
      });
      const updated = await ann.hears('messageUpdated');
      expect(updated).toMatchObject({ seq, kind: 'poll', data: { votes: [0, 1] } });
      expect(refusal(await ben.command('vote', { roomId, seq, option: 7 })).code).toBe('refused');
      ok(await ben.command('cursor', { roomId, x: 1, y: 2 }));
      const heard = () => ann.stream.find((one) => one.name === 'cursor')?.payload;
      expect(await ann.until('the cursor', heard)).toMatchObject({ x: 1, y: 2, userId: 'ben' });

      const { results } = ok(await ann.command('searchMessages', { roomId, query: '食堂' }));
      expect(results).toHaveLength(2);
      const { messages } = ok(await ann.command('getHistory', { roomId }));
      expect(messages).toMatchObject([{ seq, data: { votes: [0, 1] } }, { senderId: 'ben' }]);

      const admin = new HttpVisitor(hosts[name].url, await tokenFor('root', { admin: true }));
      const exported = async () => String((await admin.ask('GET', roomId, '/export')).body);
      expect(await exported()).toMatch(/"type":"value".*"ben"/);
      for (let done = false; !done;) {
        const { body } = await admin.ask('DELETE', roomId, '/users/ben');
        ({ done } = body as { done: boolean });
      }
      expect(await exported()).not.toContain('"ben"');
      const left = ok(await ann.command('getHistory', { roomId })).messages;
      expect(left[0]).toMatchObject({ seq, data: { ...question, votes: [0, 0] } });
      expect(left[1]).not.toHaveProperty('data');
    });
  },
);
