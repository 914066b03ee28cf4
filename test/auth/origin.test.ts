import { describe, expect, it } from 'vitest';
import { isHostAllowed, isOriginAllowed, originRules } from '../../src/auth/origin.ts';

describe('a page', () => {
  const rules = originRules('http://localhost:3001, https://app.example', undefined, false);

  it.each([
    [undefined, 'localhost:4000'],
    [null, 'localhost:4000'],
    ['http://localhost:3001', 'localhost:4000'],
    ['https://app.example', 'chat.example'],
    ['https://app.example:443', 'chat.example'],
    ['http://localhost:4000', 'localhost:4000'],
    ['https://chat.example', 'chat.example'],
    ['http://chat.example', 'chat.example'],
    ['http://[::1]:4000', '[::1]:4000'],
  ])('of %s may speak to the service as %s', (origin, host) => {
    expect(isOriginAllowed(origin, host, rules)).toBe(true);
  });

  it.each([
    ['null', 'localhost:4000'],
    ['', 'localhost:4000'],
    ['', ''],
    ['file://', ''],
    ['http://evil.example', 'localhost:4000'],
    ['http://localhost:3002', 'localhost:4000'],
    ['http://localhost', 'localhost:4000'],
    ['https://localhost:3001', 'localhost:4000'],
    ['http://app.example', 'chat.example'],
    ['https://app.example.evil.example', 'chat.example'],
    ['https://evil.example/https://app.example', 'chat.example'],
    ['https://app.example@evil.example', 'chat.example'],
    ['https://xapp.example', 'chat.example'],
    ['http://127.0.0.1:4000', 'localhost:4000'],
    ['data:text/html,x', ''],
    ['app.example', 'app.example'],
  ])('of %s may not speak to the service as %s', (origin, host) => {
    expect(isOriginAllowed(origin, host, rules)).toBe(false);
  });

  it('of the public address may speak, and then no other by the Host alone', () => {
    const behindProxy = originRules(undefined, 'https://chat.example/path', false);
    expect(isOriginAllowed('https://chat.example', '10.0.0.1:4000', behindProxy)).toBe(true);
    expect(isOriginAllowed('http://chat.example', '10.0.0.1:4000', behindProxy)).toBe(false);
    expect(isOriginAllowed('http://10.0.0.1:4000', '10.0.0.1:4000', behindProxy)).toBe(false);
    expect(isOriginAllowed(undefined, '10.0.0.1:4000', behindProxy)).toBe(true);
  });
});

describe('a Host', () => {
  const local = originRules(undefined, undefined, true);

  it.each([
    'localhost',
    'localhost:4000',
    'LOCALHOST:4000',
    '127.0.0.1:8787',
    '[::1]',
    '[::1]:4000',
  ])('of %s means this machine', (host) => {
    expect(isHostAllowed(host, local)).toBe(true);
  });

  it.each([
    '',
    'evil.example',
    'localhost.evil.example',
    'localhost:4000:4000',
    'localhost@evil.example',
    'evil.example:4000',
    '127.0.0.1.nip.io',
    '127.0.0.2',
    '0.0.0.0:4000',
    '192.168.1.4:4000',
    '[::]:4000',
    '::1',
  ])('of %j is not answered in development mode', (host) => {
    expect(isHostAllowed(host, local)).toBe(false);
  });

  it('of the public address is answered in development mode', () => {
    const rules = originRules(undefined, 'https://chat.example:8443', true);
    expect(isHostAllowed('chat.example:8443', rules)).toBe(true);
    expect(isHostAllowed('chat.example', rules)).toBe(false);
  });

  it('is any in production', () => {
    expect(isHostAllowed('evil.example', originRules(undefined, undefined, false))).toBe(true);
  });
});
