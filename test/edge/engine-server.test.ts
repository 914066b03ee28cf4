import { expect, it, onTestFinished } from 'vitest';
import { EngineServer } from '../../src/socketio-server/engine-server.ts';

it('opens a polling session for a request with an empty sid', async () => {
  const server = new EngineServer({
    createOwner: (session) => {
      onTestFinished(() => session.close());
      return { onMessage: () => {}, onClose: () => {} };
    },
  });
  const url = 'http://localhost/engine.io/?EIO=4&transport=polling&sid=';
  const answer = await server.fetch(new Request(url));
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/^0\{"sid":/)]);
});
