import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BareConnection } from '../support/bare-connection.ts';
import { type Host, startNodeHost, type TestSettings } from '../support/hosts.ts';
import { ask } from '../support/http-client.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

async function start(settings: TestSettings = {}, development = false): Promise<Host> {
  const host = await startNodeHost(settings, { development });
  onTestFinished(() => expect(host.failures).toEqual([]));
  return host;
}

async function started(settings?: TestSettings, development?: boolean): Promise<string> {
  const host = await start(settings, development);
  onTestFinished(() => host.close());
  return host.url;
}

function dial(url: string, text: string): BareConnection {
  const connection = new BareConnection(url);
  onTestFinished(() => connection.destroy());
  connection.write(text);
  return connection;
}

describe('a request in HTTP/1.0 without Host', () => {
  it.each([
    ['production', false],
    ['development mode', true],
  ])('is answered by every route in %s', async (_, development) => {
    const url = await started({}, development);
    const token = await tokenFor('alice');
    const health = dial(url, 'GET /health HTTP/1.0\r\n\r\n');
    await health.ended();
    expect(health.text).toMatch(/^HTTP\/1\.1 200 [^]*"ok":true/);
    const authorization = `Authorization: Bearer ${token}\r\n`;
    const path = `/rooms/${newRoom()}/messages`;
    const body = '{"message":"hello"}';
    const sent = dial(
      url,
      `POST ${path} HTTP/1.0\r\n${authorization}Content-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await sent.until(/^HTTP\/1\.1 201 /);
    for (const [asked, says] of [
      [path, /^HTTP\/1\.1 200 [^]*"message":"hello"/],
      ['/', /^HTTP\/1\.1 200 [^]*<html/],
      ['/nowhere', /^HTTP\/1\.1 404 /],
      ['/socket.io/?EIO=4&transport=polling', /^HTTP\/1\.1 200 [^]*0\{"sid"/],
    ] as const) {
      await dial(url, `GET ${asked} HTTP/1.0\r\n${authorization}\r\n`).until(says);
    }
    // HTTP/1.1 requires Host (RFC 9112, 3.2).
    await dial(url, 'GET /health HTTP/1.1\r\n\r\n').until(/^HTTP\/1\.1 400 /);
  });
});

describe('a request that offers another protocol', () => {
  // Java's own client offers HTTP/2, Apache's for Java offers TLS.
  it.each([
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQBAAAAAAIAAAAA\r\n',
    'Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n',
  ])('is answered as any other: %j', async (offer) => {
    const url = await started();
    const head = `Host: localhost\r\nAuthorization: Bearer ${await tokenFor('alice')}\r\n${offer}`;
    const path = `/rooms/${newRoom()}/messages`;
    const body = '{"message":"hello"}';
    const connection = dial(
      url,
      `POST ${path} HTTP/1.1\r\n${head}Content-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await connection.until(/^HTTP\/1\.1 201 [^]*"message":"hello"/);
    connection.write(`GET ${path} HTTP/1.1\r\n${head}\r\n`);
    await connection.until(/HTTP\/1\.1 200 [^]*"message":"hello"/);
    expect(connection.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 200']);
  });
});

describe('a connection that is kept alive', () => {
  const health = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';

  it('is kept for 75 seconds, longer than the 60 of most proxies', async () => {
    const { headers } = await ask(await started(), '/health', {
      headers: { connection: 'keep-alive' },
    });
    expect(headers['keep-alive']).toBe('timeout=75');
  });

  it('is kept for KEEP_ALIVE_MS, and then closed', async () => {
    const connection = dial(await started({ KEEP_ALIVE_MS: '1000' }), health);
    await connection.ended();
    expect(connection.text).toMatch(/^HTTP\/1\.1 200 [^]*\r\nKeep-Alive: timeout=1\r\n/i);
  });

  it('loses no request of a proxy that closes idle connections sooner', async () => {
    // The proxy idles longer than CONNECT_TIMEOUT_MS, which limits the head of a request and must not
    // limit the time between requests.
    const url = await started({ KEEP_ALIVE_MS: '20000', CONNECT_TIMEOUT_MS: '2500' });
    const PROXY_KEEPS_MS = 3_500;
    const path = `/rooms/${newRoom()}/messages`;
    const authorization = `Bearer ${await tokenFor('alice')}`;
    const reused: boolean[] = [];

    /** One connection of the proxy, used again each time shortly before the proxy would close it. */
    const proxied = async (at: number): Promise<(number | undefined)[]> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const statuses: (number | undefined)[] = [];
      for (let round = 0; round < 3; round++) {
        const { statusCode } = await new Promise<IncomingMessage>((resolve, reject) => {
          const headers = { authorization, 'content-type': 'application/json' };
          const sent = request(url, { agent, path, method: 'POST', headers }, (response) => {
            response.resume().once('end', () => resolve(response));
          });
          sent.once('error', reject);
          sent.end(JSON.stringify({ message: `${at}: ${round}` }));
          sent.once('close', () => reused.push(sent.reusedSocket));
        });
        statuses.push(statusCode);
        if (round < 2) await pass(PROXY_KEEPS_MS - at * 10);
      }
      agent.destroy();
      return statuses;
    };

    const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => proxied(at)));
    expect(answers).toEqual(answers.map(() => [201, 201, 201]));
    expect(reused.filter(Boolean)).toHaveLength(80);
    const { json } = await ask(url, `${path}?limit=100`, { headers: { authorization } });
    expect((json() as { messages: object[] }).messages).toHaveLength(100);
  });

  it('does not delay the shutdown of the server', async () => {
    const host = await start({ KEEP_ALIVE_MS: '3600000' });
    const connection = dial(host.url, health);
    await connection.until(/"ok":true/);
    await Promise.all([host.close(), connection.ended()]);
    expect(connection.text).toMatch(/\r\nKeep-Alive: timeout=3600\r\n/i);
  });
});
