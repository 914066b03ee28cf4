import { base64url } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IncomingKeys } from '../../../../src/auth/incoming-keys.ts';
import { httpApp } from '../../../support/http-app.ts';
import { tokenFor } from '../../../support/tokens.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const OTHER = 'another secret, of thirty-two bytes or more';

describe('the keys of incoming webhooks', () => {
  it('are recognised for the room and the secret that they were made for', async () => {
    const keys = new IncomingKeys([SECRET]);
    const key = await keys.make('general');
    expect(key).toMatch(/^[\w-]{59}$/);
    expect(await keys.mayBeGenuine('general', key)).toBe(true);
    expect(await keys.mayBeGenuine('other', key)).toBe(false);
    const changed = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
    for (const foreign of [changed, key.slice(0, 43), `${key}A`, '', 'x']) {
      expect([foreign, await keys.mayBeGenuine('general', foreign)]).toEqual([foreign, false]);
    }
    expect(await new IncomingKeys([OTHER]).mayBeGenuine('general', key)).toBe(false);
    expect(await new IncomingKeys([OTHER, SECRET]).mayBeGenuine('general', key)).toBe(true);
  });

  it('have no tag without a secret, so that every key has to be looked up', async () => {
    const keys = new IncomingKeys([]);
    expect(await keys.make('general')).toMatch(/^[\w-]{43}$/);
    expect(await keys.mayBeGenuine('general', 'made up')).toBe(true);
  });

  it('[ADM18] cost rooms at most 20 questions at once if they are made up, then one a second', async () => {
    const { app, rooms } = httpApp();
    onTestFinished(() => rooms.close());
    const authorization = `Bearer ${await tokenFor('olga', { admin: true })}`;
    const made = await app.request('/rooms/general/incoming', {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'alerts' }),
    });
    const { url } = (await made.json()) as { url: string };
    const post = async (path: string) => {
      const headers = { 'content-type': 'text/plain', 'content-length': '2' };
      return (await app.request(path, { method: 'POST', headers, body: 'hi' })).status;
    };
    const key = () => base64url.encode(crypto.getRandomValues(new Uint8Array(44)));
    const started = Date.now();
    const statuses = await Promise.all(
      Array.from({ length: 100 }, () => post(`/rooms/general/incoming/${key()}`)),
    );
    const asked = statuses.filter((status) => status === 404).length;
    const elapsedS = (Date.now() - started) / 1_000;
    expect(new Set(statuses)).toEqual(new Set([404, 429]));
    expect(asked).toBeGreaterThanOrEqual(20);
    expect(asked).toBeLessThanOrEqual(20 + Math.ceil(elapsedS));
    expect(await post(new URL(url).pathname)).toBe(201);
  });
});
