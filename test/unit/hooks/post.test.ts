import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { outgoingHookOf, wrongHook } from '../../../src/hooks/outgoing.ts';
import { posterOf } from '../../../src/hooks/post.ts';
import { readSettings } from '../../../src/settings/settings.ts';
import { makeSecret } from '../../support/webhook-receiver.ts';

/** Starts an HTTP server on this machine that ends with the test; returns its URL. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('a request to a backend', () => {
  const secrets = [makeSecret(), makeSecret()];
  const post = (url: string, timeoutMs = 15_000) =>
    posterOf({ url, secrets, timeoutMs })('evt_1', '{"text":"שלום 世界 😀"}');

  it('carries a signature by each secret over its id, time and exact bytes', async () => {
    const arrived: unknown[] = [];
    const url = await answering((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        for (const secret of secrets) {
          arrived.push(new Webhook(secret).verify(text, request.headers as Record<string, string>));
        }
        response.end();
      });
    });
    expect(await post(url)).toEqual({ type: 'taken' });
    expect(arrived).toEqual([{ text: 'שלום 世界 😀' }, { text: 'שלום 世界 😀' }]);
  });

  it.each([
    [200, {}, { type: 'taken' }],
    [204, {}, { type: 'taken' }],
    [410, {}, { type: 'gone' }],
    [404, {}, { type: 'failed', reason: 'it answered 404' }],
    [
      429,
      { 'retry-after': '7' },
      { type: 'failed', reason: 'it answered 429', retryAfterMs: 7_000 },
    ],
    [
      503,
      { 'retry-after': 'soon' },
      { type: 'failed', reason: 'it answered 503', retryAfterMs: 60_000 },
    ],
  ])('has an outcome by status and headers: %i with %j', async (status, headers, outcome) => {
    const url = await answering((_, response) => response.writeHead(status, headers).end());
    expect(await post(url)).toEqual(outcome);
  });

  it('does not follow redirects', async () => {
    let others = 0;
    const other = await answering((_, response) => response.end(String(++others)));
    for (const status of [301, 302, 307, 308]) {
      const url = await answering((_, response) =>
        response.writeHead(status, { location: other }).end(),
      );
      expect(await post(url)).toEqual({ type: 'failed', reason: `it answered ${status}` });
    }
    expect(others).toBe(0);
  });

  it('fails when no answer comes in time, or nothing listens at the address', async () => {
    const silent = await answering(() => undefined);
    expect(await post(silent, 100)).toEqual({ type: 'failed', reason: 'no answer within 100 ms' });
    expect(await post('http://127.0.0.1:1/')).toMatchObject({ type: 'failed' });
  });

  it("does not wait for the end of an answer's body", async () => {
    const url = await answering((_, response) => {
      response.writeHead(200);
      const more = () => response.write('x'.repeat(65_536)) && setImmediate(more);
      more();
      response.on('drain', more);
    });
    expect(await post(url)).toEqual({ type: 'taken' });
  });
});

describe('the settings of webhooks', () => {
  const problemsWith = (settings: Record<string, string>) => readSettings(settings).problems;

  it.each([
    ['http://backend.example.com/hook'],
    ['ftp://backend.example.com'],
    ['https://user:word@backend.example.com'],
    ['backend.example.com'],
  ])('refuse %s', (WEBHOOK_URL) => {
    expect(problemsWith({ WEBHOOK_URL })).toHaveLength(1);
  });

  it.each([['https://backend.example.com/hook'], ['http://localhost:3000'], ['http://[::1]:80/x']])(
    'take %s',
    (WEBHOOK_URL) => {
      expect(problemsWith({ WEBHOOK_URL })).toEqual([]);
    },
  );

  it.each([['secret'], ['whsec_short'], ['whsec_' + 'A'.repeat(41)], ['whsec_***']])(
    'refuse the secret %s',
    (WEBHOOK_SECRETS) => {
      expect(problemsWith({ WEBHOOK_SECRETS })).toHaveLength(1);
    },
  );

  it('require a secret, and refuse unknown events', () => {
    expect(wrongHook(readSettings({ WEBHOOK_URL: 'http://localhost' }).settings)).toContain(
      'WEBHOOK_SECRETS',
    );
    const WEBHOOK_SECRETS = `${makeSecret()}, ${makeSecret()}`;
    const given = { WEBHOOK_URL: 'http://localhost', WEBHOOK_SECRETS };
    expect(wrongHook(readSettings(given).settings)).toBeUndefined();
    expect(problemsWith({ WEBHOOK_EVENTS: 'room.changed, room.painted' })).toHaveLength(1);
  });

  it('[HOOK12] follow direct rooms only where an entry says so', () => {
    const following = (WEBHOOK_ROOMS: string) =>
      outgoingHookOf(readSettings({ WEBHOOK_URL: 'http://localhost', WEBHOOK_ROOMS }).settings)!;
    const follows = (patterns: string, roomId: string) =>
      following(patterns).eventsOf(roomId).size > 0;
    expect(follows('*', 'general')).toBe(true);
    expect(follows('*', 'direct:abc')).toBe(false);
    expect(follows('d*', 'direct:abc')).toBe(false);
    expect(follows('direct:*', 'direct:abc')).toBe(true);
    expect(follows('team-*, lobby', 'lobby')).toBe(true);
    expect(follows('team-*, lobby', 'lobby2')).toBe(false);
  });
});
