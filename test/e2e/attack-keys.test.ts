import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  published,
  signedBy,
  signingKey,
  startKeyServer,
} from '../unit/auth/support/key-server.ts';
import { directTransports } from '../support/transports.ts';
import { type Host, startHost } from '../support/hosts.ts';
import { ask, problemOf } from '../support/http-client.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

const key = signingKey('ES256');
const next = signingKey('EdDSA');
const keyServer = await startKeyServer(published(key));
const deadServer = await startKeyServer();
await deadServer.close();

/** Hosts without a secret, which verify tokens by the keys of a sign-in service. */
const hosts: Record<string, Host> = {};
const stranded: Record<string, Host> = {};
beforeAll(async () => {
  for (const name of ['node', 'edge'] as const) {
    hosts[name] = await startHost[name]({ JWT_SECRET: '', JWT_JWKS_URL: keyServer.url });
    stranded[name] = await startHost[name]({ JWT_SECRET: '', JWT_JWKS_URL: deadServer.url });
  }
});
afterAll(async () => {
  const all = [...Object.values(hosts), ...Object.values(stranded)];
  await Promise.all(all.map((host) => host.close()));
  await keyServer.close();
  const failures = all.flatMap((host) => host.failures);
  if (failures.length > 0) throw new Error(failures.join('\n'));
});

describe.each(directTransports)('with a key set and no secret, $name', (transport) => {
  it('accepts tokens of the sign-in service, and newer ones signed by a new key', async () => {
    const roomId = newRoom();
    const visitor = transport.visit(hosts[transport.host]!.url, {
      token: await signedBy(key, { sub: 'alice', name: 'Alice' }),
    });
    expect(ok(await visitor.join(roomId)).you).toMatchObject({ userId: 'alice' });
    ok(await visitor.command('message', { roomId, message: 'hello' }));
    const token = await signedBy(key, { sub: 'alice', name: 'Alice' });
    expect(await visitor.command('refreshToken', { token })).toMatchObject({ ok: true });
    await visitor.close();
  });

  it('refuses tokens signed with a secret, by an unknown key, or unsigned', async () => {
    const { url } = hosts[transport.host]!;
    for (const token of [
      await tokenFor('alice'),
      await signedBy(next, { sub: 'alice' }),
      await signedBy({ ...next, kid: key.kid }, { sub: 'alice' }),
      undefined,
    ]) {
      expect(refusal(await transport.visit(url, { token }).join(newRoom())).code).toBe(
        'unauthorized',
      );
    }
  });

  it('answers "unavailable" while the key server cannot be reached', async () => {
    const visitor = transport.visit(stranded[transport.host]!.url, {
      token: await signedBy(key, { sub: 'alice' }),
    });
    expect(refusal(await visitor.join(newRoom())).code).toBe('unavailable');
  });
});

it.each(['node', 'edge'] as const)(
  '%s answers over HTTP when to try again while the key server cannot be reached',
  async (name) => {
    const headers = { authorization: `Bearer ${await signedBy(key, { sub: 'alice' })}` };
    const answer = await ask(stranded[name]!.url, '/rooms/lobby/messages', { headers });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(problemOf(answer).code).toBe('unavailable');
    const healthy = await ask(stranded[name]!.url, '/health');
    expect(healthy.status).toBe(200);
  },
);

it.each(['node', 'edge'] as const)('%s follows a rotation of keys', async (name) => {
  const before = keyServer.asked;
  keyServer.publish(published(key), published(next));
  const token = await signedBy(next, { sub: 'bob' });
  const headers = { authorization: `Bearer ${token}` };
  await expect
    .poll(async () => (await ask(hosts[name]!.url, '/rooms/lobby/messages', { headers })).status, {
      interval: 500,
    })
    .toBe(200);
  expect(keyServer.asked).toBeGreaterThan(before);
});

describe('a host without a usable key', () => {
  const cases = [
    [{}, /^Set JWT_SECRET/],
    [{ JWT_JWKS_URL: 'http://id.example.com/keys' }, /^JWT_JWKS_URL must be an https URL/],
    [
      { JWT_JWKS_URL: keyServer.url, ALLOW_GUESTS: 'true' },
      /^ALLOW_GUESTS needs JWT_SECRET, which signs the tokens of guests\.$/,
    ],
    [
      { JWT_JWKS_URL: keyServer.url, JWT_SECRET_OLD: 'x'.repeat(32) },
      /^JWT_SECRET_OLD needs JWT_SECRET/,
    ],
    [
      {
        JWT_SECRET: 'x'.repeat(32),
        JWT_SECRET_OLD: 'your_super_secret_32_characters_long_JWT_Token',
      },
      /^JWT_SECRET_OLD is the example/,
    ],
  ] as const;

  it.each(cases)('given %j refuses to start on Node', async (settings, sentence) => {
    await expect(startHost.node({ JWT_SECRET: '', ...settings })).rejects.toThrow(sentence);
  });

  it.each(cases)('given %j answers 503 on the edge', async (settings, sentence) => {
    const host = await startHost.edge({ JWT_SECRET: '', ...settings });
    const answer = await ask(host.url, '/rooms/lobby');
    await host.close();
    expect(answer.status).toBe(503);
    expect(problemOf(answer).message).toMatch(sentence);
  });
});
