import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configure } from '../../local-server/configuration.ts';
import { startServer } from '../../local-server/server.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startEdgeHost, startNodeHost } from '../support/hosts.ts';
import { ask, type Asked } from '../support/http-client.ts';
import { PROJECT } from '../support/program.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';

/** Origins of pages that `CLIENT_URL` allows: a web page, an app, and one by a wildcard of its domain. */
const PAGES = ['https://chat.example.com', 'capacitor://localhost', 'https://x.tenants.example'];
const [PAGE = ''] = PAGES;
const CLIENT_URL = 'https://chat.example.com, capacitor://localhost, https://*.tenants.example';
const FOREIGN = ['https://evil.example', 'null', 'http://localhost', 'https://tenants.example'];
const POLLING = '/socket.io/?EIO=4&transport=polling';
const CLIENT_FILES = readdirSync(join(PROJECT, 'node_modules/socket.io/client-dist'));

const hosts = useHosts({ CLIENT_URL });

interface Head {
  status: number;
  headers: Record<string, string | string[] | undefined>;
}

/** The head of an answer, without waiting for its body, which may never end. */
function headOf(
  url: string,
  path: string,
  { method = 'GET', headers, body }: Asked,
): Promise<Head> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
      response.destroy();
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The headers that are missing or wrong for a page of `origin` to read an answer. */
function missingFor(origin: string, { headers }: Head): string[] {
  const expected: [name: string, value: RegExp][] = [
    ['access-control-allow-origin', new RegExp(`^${origin.replaceAll('.', '\\.')}$`)],
    ['access-control-allow-credentials', /^true$/],
    ['access-control-expose-headers', /\bretry-after\b/i],
    ['vary', /\borigin\b/i],
  ];
  return expected.flatMap(([name, value]) =>
    value.test(String(headers[name])) ? [] : [`${name}: ${String(headers[name])}`],
  );
}

interface Operations {
  paths: Record<string, Record<string, { operationId?: string }>>;
}

/** A request to every route of the API description, and requests to other paths. */
async function everyRequest(url: string): Promise<[path: string, asked: Asked][]> {
  const authorization = `Bearer ${await tokenFor('alice')}`;
  const admin = `Bearer ${await tokenFor('boss', { admin: true })}`;
  const stream = { accept: 'text/event-stream' };
  const json = { 'content-type': 'application/json' };
  const { paths } = (await ask(url, '/openapi.json')).json() as Operations;
  const room = newRoom();
  const described = Object.entries(paths).flatMap(([path, operations]) => {
    const place = path.replace('{roomId}', room).replaceAll(/\{\w+\}/g, '1');
    return Object.entries(operations)
      .filter(([, { operationId }]) => operationId !== undefined)
      .flatMap(([name, { operationId }]): [string, Asked][] => {
        const method = name.toUpperCase();
        if (operationId === 'deleteRoom') return [[place, { method }]];
        const isEmpty = method === 'GET' || method === 'DELETE';
        const sent = { headers: { authorization: admin, ...json }, body: isEmpty ? '' : '{}' };
        return [
          [place, { method }],
          [place, { method, headers: { authorization } }],
          [place, { method, ...sent }],
        ];
      });
  });
  const messages = `/rooms/${room}/messages`;
  return [
    ...described,
    [
      messages,
      { method: 'POST', headers: { authorization, ...json }, body: '{"message":"hello"}' },
    ],
    [messages, { method: 'POST', headers: { authorization, ...json }, body: 'x'.repeat(70_000) }],
    [messages, { method: 'PROPFIND' }],
    [messages, { method: 'HEAD', headers: { authorization } }],
    [`/rooms/${room}/events`, { headers: { authorization, ...stream } }],
    [`/rooms/${room}/events`, { headers: stream }],
    [`/rooms/${room}/events?since=0:0`, { headers: { authorization } }],
    [`/rooms/${room}/events?since=nonsense`, { headers: { authorization } }],
    [`/rooms/${room}/export`, { headers: { authorization: admin } }],
    ['/rooms/%ff', { headers: { authorization } }],
    ['/', {}],
    ['/index.html', {}],
    ['/nowhere', {}],
    ['/nowhere', { method: 'POST' }],
    ['/metrics', {}],
    [POLLING, {}],
    [POLLING.replace('/?', '?'), {}],
    [POLLING, { method: 'POST', body: '40' }],
    [`${POLLING}&sid=nobody`, {}],
    ['/socket.io/?EIO=3&transport=polling', {}],
    ['/socket.io/?EIO=4&transport=websocket', {}],
    ['/socket.io/', {}],
    ['/socket.io/x?EIO=4&transport=polling', {}],
    ...CLIENT_FILES.map((name): [string, Asked] => [`/socket.io/${name}`, {}]),
  ];
}

const naming = (path: string, { method = 'GET' }: Asked) => `${method} ${path}`;

describe.each(['node', 'edge'] as const)('a page of another origin at the %s host', (name) => {
  it('[CONN6] may read every answer when it is in CLIENT_URL', async () => {
    const { url } = hosts[name];
    const statuses = new Set<number>();
    for (const [at, [path, asked]] of (await everyRequest(url)).entries()) {
      const origin = PAGES[at % PAGES.length] ?? PAGE;
      const head = await headOf(url, path, { ...asked, headers: { ...asked.headers, origin } });
      statuses.add(head.status);
      expect([naming(path, asked), missingFor(origin, head)]).toEqual([naming(path, asked), []]);
    }
    expect([...statuses].toSorted((a, b) => a - b)).toEqual(
      expect.arrayContaining([200, 201, 400, 401, 403, 404, 405, 413]),
    );
  });

  it('[CONN2] may read no answer when it is not', async () => {
    const { url } = hosts[name];
    for (const [at, [path, asked]] of (await everyRequest(url)).entries()) {
      const headers = { ...asked.headers, origin: FOREIGN[at % FOREIGN.length] ?? 'null' };
      for (const sent of [asked, { method: 'OPTIONS' }]) {
        const head = await headOf(url, path, { ...sent, headers });
        const allowed = Object.keys(head.headers).filter((one) => one.startsWith('access-control'));
        expect([naming(path, sent), allowed]).toEqual([naming(path, sent), []]);
        expect(String(head.headers['vary'])).toMatch(/\borigin\b/i);
      }
    }
  });

  it('[CONN6] may send every header, over HTTP and Socket.IO', async () => {
    const { url } = hosts[name];
    const asked =
      'authorization,baggage,cache-control,idempotency-key,sentry-trace,traceparent,x-client,x-requested-with';
    for (const path of [POLLING, '/socket.io', '/rooms/x/messages', '/health', '/nowhere']) {
      for (const origin of PAGES) {
        const head = await headOf(url, path, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': `${asked}, not a name, x:y`,
          },
        });
        expect([path, head.status, missingFor(origin, head)]).toEqual([path, 204, []]);
        const allowed = String(head.headers['access-control-allow-headers']).split(', ');
        expect(allowed).toEqual(expect.arrayContaining(asked.split(',')));
        expect(allowed.every((one) => /^[\w-]+$/.test(one))).toBe(true);
        expect(head.headers['access-control-allow-methods']).toMatch(/POST.*DELETE/);
      }
    }
  });

  it('[CONN6] may read all answers of a Socket.IO session, to polls and posts', async () => {
    const { url } = hosts[name];
    const headers = { origin: PAGE };
    const opened = await ask(url, POLLING, { headers });
    const { sid } = JSON.parse(opened.text.slice(1)) as { sid: string };
    const path = `${POLLING}&sid=${sid}`;
    const auth = JSON.stringify({ token: await tokenFor('alice') });
    const posted = await ask(url, path, { method: 'POST', headers, body: `40${auth}` });
    const polled = await ask(url, path, { headers });
    const ended = await ask(url, path, { method: 'POST', headers, body: '1' });
    const after = await ask(url, path, { headers });
    expect(polled.text).toMatch(/^40\{"sid":/);
    expect([posted.text, after.status]).toEqual(['ok', 400]);
    for (const answer of [opened, posted, polled, ended, after]) {
      expect(missingFor(PAGE, answer)).toEqual([]);
    }
  });

  it('[SIO6] gets the official client as the official server sends it, cacheable by its ETag', async () => {
    const { url } = hosts[name];
    const folder = join(PROJECT, 'node_modules/socket.io/client-dist');
    for (const file of CLIENT_FILES) {
      const response = await fetch(`${url}/socket.io/${file}`, { headers: { origin: PAGE } });
      const bytes = Buffer.from(await response.arrayBuffer());
      expect([file, response.status, hash(bytes)]).toEqual([
        file,
        200,
        hash(readFileSync(join(folder, file))),
      ]);
      const type = file.endsWith('.map') ? /^application\/json/ : /^(text|application)\/javascript/;
      expect(response.headers.get('content-type')).toMatch(type);
      expect(response.headers.get('cache-control')).toMatch(/no-cache|max-age=0/);
      const etag = response.headers.get('etag') ?? '';
      expect(etag).not.toBe('');
      const again = await headOf(url, `/socket.io/${file}`, {
        headers: { origin: PAGE, 'if-none-match': etag },
      });
      expect([file, again.status, missingFor(PAGE, again)]).toEqual([file, 304, []]);
    }
    expect((await ask(url, '/socket.io/other.js')).status).toBe(404);
  });
});

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('the host’s own origin', () => {
  const SAME: [origin: string, host: string][] = [
    ['https://chat.test', 'chat.test:443'],
    ['http://chat.test', 'chat.test:80'],
    ['https://chat.test', 'Chat.Test'],
    ['https://chat.test', 'chat.test.'],
    ['https://[2001:db8::1]', '[2001:DB8::1]:443'],
  ];

  it.each(['node', 'edge'] as const)(
    '[CONN3] is allowed in every form of Host, at the %s host',
    async (name) => {
      for (const [origin, host] of SAME) {
        const headers = { origin, host };
        const authorization = `Bearer ${await tokenFor('alice')}`;
        const json = await headOf(hosts[name].url, '/rooms/x', {
          headers: { ...headers, authorization },
        });
        expect([host, json.status, missingFor(origin.replaceAll(/[[\]]/g, '\\$&'), json)]).toEqual([
          host,
          200,
          [],
        ]);
        expect([host, (await headOf(hosts[name].url, POLLING, { headers })).status]).toEqual([
          host,
          200,
        ]);
      }
    },
  );
});

describe('an error answer to a page of another origin', () => {
  it('[CONN6] can be read at the edge, where settings are wrong', async () => {
    const host = await startEdgeHost({ CLIENT_URL: PAGE, JWT_SECRET: '' });
    onTestFinished(() => host.close());
    for (const path of ['/health', '/rooms/x', POLLING]) {
      const head = await headOf(host.url, path, { headers: { origin: PAGE } });
      expect([path, head.status, missingFor(PAGE, head)]).toEqual([path, 503, []]);
    }
  });

  it('[CONN6] can be read on Node, where the data folder is gone', async () => {
    const folder = temporaryFolder();
    const environment = { JWT_SECRET: SECRET, CLIENT_URL: PAGE, HOST: '127.0.0.1', PORT: '0' };
    const configuration = configure(
      folder,
      { ...environment, DATA_DIR: join(folder, 'data') },
      false,
    );
    const server = await startServer(configuration, { failure: () => undefined });
    onTestFinished(() => server.close());
    rmSync(join(folder, 'data'), { recursive: true });
    const url = `http://127.0.0.1:${server.port}`;
    const head = await headOf(url, '/health', { headers: { origin: PAGE } });
    expect([head.status, missingFor(PAGE, head)]).toEqual([503, []]);
  });

  it('[CONN6] can be read in development mode, where Host is a foreign name', async () => {
    const host = await startNodeHost({ CLIENT_URL: PAGE }, { development: true });
    onTestFinished(() => host.close());
    for (const path of ['/health', '/metrics', POLLING, '/socket.io/socket.io.js']) {
      for (const method of ['GET', 'OPTIONS']) {
        const head = await headOf(host.url, path, {
          method,
          headers: { origin: PAGE, host: 'evil.example' },
        });
        expect([path, head.status, missingFor(PAGE, head)]).toEqual([path, 421, []]);
      }
    }
  });
});
