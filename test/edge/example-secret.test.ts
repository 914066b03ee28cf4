import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { Environment } from '../../src/edge/environment.ts';
import { service } from '../../src/edge/service.ts';
import { EXAMPLE_SECRET } from '../../src/settings/keys.ts';

function ask(localOnly: boolean): Response | Promise<Response> {
  const bindings = { ...(env as unknown as Environment), JWT_SECRET: EXAMPLE_SECRET };
  const app = service(bindings, { localOnly, guestsByDefault: false });
  return app.request('http://localhost/rooms/example-secret', {}, bindings);
}

test('a deployed Worker with the example secret answers 503 and what to do', async () => {
  const answer = await ask(false);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    error: {
      code: 'unavailable',
      message: expect.stringMatching(/^JWT_SECRET is still the example/),
    },
  });
});

test('development mode accepts the example secret', async () => {
  expect((await ask(true)).status).toBe(401);
});
