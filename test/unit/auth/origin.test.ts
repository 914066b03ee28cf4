import { describe, expect, it } from 'vitest';
import { corsHeaders } from '../../../src/auth/cors.ts';
import { OriginPolicy } from '../../../src/auth/origin.ts';
import type { Fields } from '../../../src/observability/logger.ts';

describe('a page', () => {
  const policy = new OriginPolicy({ clientUrl: 'http://localhost:3001, https://app.example/path' });

  it.each([
    [undefined, 'localhost:4000'],
    [null, 'localhost:4000'],
    ['http://localhost:3001', 'localhost:4000'],
    ['https://app.example', 'chat.example'],
    ['https://app.example:443', 'chat.example'],
    ['https://app.example.', 'chat.example'],
    ['http://localhost:4000', 'localhost:4000'],
    ['https://chat.example', 'chat.example'],
    ['http://chat.example', 'chat.example'],
    ['https://chat.example', 'chat.example:443'],
    ['http://chat.example', 'chat.example:80'],
    ['https://chat.example:8443', 'chat.example:8443'],
    ['https://chat.example', 'Chat.Example'],
    ['https://chat.example.', 'chat.example'],
    ['https://chat.example', 'chat.example.'],
    ['https://xn--bcher-kva.example', 'bücher.example'],
    ['http://[::1]:4000', '[::1]:4000'],
    ['https://[2001:db8::1]', '[2001:DB8:0:0:0:0:0:1]:443'],
  ])('of %s may use the service as %s', (origin, host) => {
    expect(policy.allows(origin, host)).toBe(true);
  });

  it.each([
    ['null', 'localhost:4000'],
    ['null', 'null'],
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
    ['http://chat.example', 'chat.example:443'],
    ['https://chat.example', 'chat.example:80'],
    ['https://chat.example:443', 'chat.example:8443'],
    ['https://chat.example', 'evil@chat.example'],
    ['https://chat.example', 'chat.example/'],
    ['https://chat.example', '//chat.example'],
    ['https://evil.example', 'evil.example:x'],
    ['capacitor://localhost', 'localhost'],
    ['app://chat.example', 'chat.example'],
  ])('of %s may not use the service as %s', (origin, host) => {
    expect(policy.allows(origin, host)).toBe(false);
  });

  it('[CONN3] of the public address may use the service, and then no other may by its Host', () => {
    const proxied = new OriginPolicy({ publicUrl: 'https://chat.example/path' });
    expect(proxied.allows('https://chat.example', '10.0.0.1:4000')).toBe(true);
    expect(proxied.allows('http://chat.example', '10.0.0.1:4000')).toBe(false);
    expect(proxied.allows('http://10.0.0.1:4000', '10.0.0.1:4000')).toBe(false);
    expect(proxied.allows(undefined, '10.0.0.1:4000')).toBe(true);
  });
});

describe('the origin of an app', () => {
  const apps = [
    'capacitor://localhost',
    'tauri://localhost',
    'app://-',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://0d1f4c7e-0000-4000-8000-0123456789ab',
    'safari-web-extension://0D1F4C7E-0000-4000-8000-0123456789AB',
  ];

  it.each(apps)('[CONN4] %s is allowed by its exact text only', (app) => {
    const policy = new OriginPolicy({ clientUrl: `${app}/` });
    expect(policy.allows(app, 'chat.example')).toBe(true);
    const others = [
      'null',
      `${app}x`,
      `${app}:8080`,
      `x${app}`,
      app.replace('://', ':'),
      'ionic://localhost',
      'http://localhost',
      'chrome-extension://evil',
    ];
    expect(others.filter((other) => policy.allows(other, 'chat.example'))).toEqual([]);
  });
});

describe('a * in CLIENT_URL', () => {
  const clientUrl = 'https://*.example.com, http://*.localhost:3000, https://*.b.example.org:8443';
  const policy = new OriginPolicy({ clientUrl });

  it.each([
    'https://app.example.com',
    'https://APP.example.com:443',
    'https://a-1.example.com',
    'http://tenant.localhost:3000',
    'https://a.b.example.org:8443',
  ])('[CONN4] matches one label: %s', (origin) => {
    expect(policy.allows(origin, 'chat.example')).toBe(true);
  });

  it.each([
    'https://example.com',
    'https://a.b.example.com',
    'https://.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://appexample.com',
    'https://app.example.com.evil.example',
    'https://evil.example/.example.com',
    'https://evil.example#.example.com',
    'https://a@evil.example',
    'https://a.b.example.org',
  ])('[CONN4] matches nothing else: %s', (origin) => {
    expect(policy.allows(origin, 'chat.example')).toBe(false);
  });
});

describe('development mode', () => {
  const local = new OriginPolicy({ localOnly: true });

  it.each(['localhost', 'localhost:4000', 'LOCALHOST:4000', '127.0.0.1:8787', '[::1]:4000'])(
    'answers to %s',
    (host) => {
      expect(local.allowsHost(host)).toBe(true);
    },
  );

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
  ])('does not answer to %j', (host) => {
    expect(local.allowsHost(host)).toBe(false);
  });

  it('answers to the public address', () => {
    const policy = new OriginPolicy({ publicUrl: 'https://chat.example:8443', localOnly: true });
    expect(policy.allowsHost('chat.example:8443')).toBe(true);
    expect(policy.allowsHost('Chat.Example:8443')).toBe(true);
    expect(policy.allowsHost('chat.example')).toBe(false);
  });

  it.each([
    'http://localhost:5173',
    'http://127.0.0.1:3000',
    'http://[::1]:8080',
    'http://localhost',
  ])('allows the page %s of this machine', (origin) => {
    expect(local.allows(origin, 'localhost:4000')).toBe(true);
    expect(new OriginPolicy({}).allows(origin, 'localhost:4000')).toBe(false);
  });

  it.each(['http://localhost.evil.example', 'null', 'http://127.0.0.1.nip.io', 'app://localhost'])(
    'does not allow the page %s',
    (origin) => {
      expect(local.allows(origin, 'localhost:4000')).toBe(false);
    },
  );
});

it('production answers to any Host', () => {
  expect(new OriginPolicy({}).allowsHost('evil.example')).toBe(true);
});

describe('a refused page', () => {
  function logged(origins: string[]): Fields[] {
    const lines: Fields[] = [];
    const log = {
      failure: () => expect.fail(),
      event: (level: string, event: string, fields: Fields = {}) =>
        lines.push({ level, event, ...fields }),
    };
    const policy = new OriginPolicy({ clientUrl: 'https://app.example', log });
    for (const origin of origins) policy.allows(origin, 'chat.example');
    return lines;
  }

  it('is logged once, with the setting to change', () => {
    const evil = 'https://evil.example';
    expect(logged([evil, 'https://app.example', evil, 'null', 'https://chat.example'])).toEqual([
      { level: 'warn', event: 'page refused', origin: evil, setting: 'CLIENT_URL' },
      { level: 'warn', event: 'page refused', origin: 'null', setting: 'CLIENT_URL' },
    ]);
  });

  it('is logged at a bounded rate and length', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => `https://${at}.example`);
    expect(logged(many)).toHaveLength(10);
    const [line] = logged([`https://${'x'.repeat(5_000)}.example`]);
    expect(String(line?.['origin'])).toHaveLength(100);
  });
});

describe('CORS headers', () => {
  const policy = new OriginPolicy({ clientUrl: 'https://app.example' });

  function headersOf(method: string, headers: Record<string, string>): Record<string, string> {
    return corsHeaders(policy, { method, host: 'chat.example', header: (name) => headers[name] });
  }

  it('let an allowed page read the answer, with credentials or without', () => {
    expect(headersOf('GET', { origin: 'https://app.example' })).toEqual({
      vary: 'Origin',
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Retry-After',
    });
  });

  it('have only Vary for another page or a program', () => {
    expect(headersOf('GET', { origin: 'https://evil.example' })).toEqual({ vary: 'Origin' });
    expect(headersOf('GET', {})).toEqual({ vary: 'Origin' });
  });

  const allowedFor = (asked: string) =>
    headersOf('OPTIONS', {
      origin: 'https://app.example',
      'access-control-request-headers': asked,
    })['access-control-allow-headers'];
  const USUAL = 'authorization, content-type, last-event-id';

  it('grant a preflight each header by name', () => {
    const asked =
      'traceparent,baggage,sentry-trace, X-Requested-With,cache-control,idempotency-key';
    expect(allowedFor(asked)).toBe(
      `${USUAL}, traceparent, baggage, sentry-trace, x-requested-with, cache-control, idempotency-key`,
    );
    expect(headersOf('OPTIONS', { origin: 'https://app.example' })).toMatchObject({
      vary: 'Origin, Access-Control-Request-Headers',
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': USUAL,
      'access-control-max-age': '600',
    });
  });

  it.each(['', ',', 'a b', 'x-a: 1', 'x-ü', '"x"', 'x'.repeat(101), 'Authorization'])(
    'grant nothing for a text that is no header name: %j',
    (asked) => {
      expect(allowedFor(asked)).toBe(USUAL);
    },
  );

  it('grant at most a hundred headers', () => {
    const asked = Array.from({ length: 5_000 }, (_, at) => `x-${at}`).join(',');
    expect(allowedFor(asked)?.split(', ')).toHaveLength(103);
  });
});
