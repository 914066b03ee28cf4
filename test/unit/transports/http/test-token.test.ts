import { expect, it } from 'vitest';
import { authenticatorOf } from '../../../../src/auth/authenticator.ts';
import { testTokenRoute } from '../../../../src/transports/http/test-token.ts';
import { readSettings } from '../../../../src/settings/settings.ts';
import { SECRET } from '../../../support/tokens.ts';

it.each([
  {},
  { JWT_USER_CLAIM: 'uid' },
  { JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'chat' },
])('/test-token gives a valid token with the settings %o', async (environment) => {
  const { settings } = readSettings({ JWT_SECRET: SECRET, ...environment });
  const response = await testTokenRoute(settings).request('/test-token?username=alice');
  const identity = await authenticatorOf(settings, false)({ token: await response.text() });
  expect(identity).toMatchObject({ userId: 'alice', name: 'alice' });
});

it.each([
  ['..', 'username must not be "." or "..".\n'],
  ['guest:1', 'username must not begin with "guest:".\n'],
  ['hook:1', 'username must not begin with "hook:".\n'],
])('/test-token gives no token for the invalid user id %s', async (username, sentence) => {
  const { settings } = readSettings({ JWT_SECRET: SECRET });
  const response = await testTokenRoute(settings).request(`/test-token?username=${username}`);
  expect([response.status, await response.text()]).toEqual([400, sentence]);
});
