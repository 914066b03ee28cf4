import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import type { Environment } from '../../src/edge/environment.ts';
import { service } from '../../src/edge/service.ts';

function ask(path: string, variables: Record<string, unknown>): Response | Promise<Response> {
  const bindings = { ...(env as unknown as Environment), ...variables };
  const app = service(bindings, { localOnly: false, guestsByDefault: false });
  return app.request(`http://localhost${path}`, {}, bindings);
}

describe('a setting of a deployed Worker', () => {
  test('may be a number', async () => {
    const health = await ask('/health', { MAX_MESSAGE_BYTES: 100 });
    expect(await health.json()).toMatchObject({ ok: true, messageBytes: 100 });
  });

  test('that is a list is answered with 503 and what to do', async () => {
    const answer = await ask('/rooms/any', { CLIENT_URL: ['https://chat.example.com'] });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      error: { message: 'CLIENT_URL must be a text, a number, true or false.' },
    });
  });
});
