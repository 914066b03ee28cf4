import { request as httpRequest } from 'node:http';
import { networkInterfaces } from 'node:os';
import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NodeMetrics } from '../../local-server/metrics.ts';
import { startNodeHost, type TestSettings } from '../support/hosts.ts';
import { ask, problemOf } from '../support/http-client.ts';
import { NativeInbox } from '../support/inbox-visitor.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { pushKeys, PushService } from '../support/push-service.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

async function host(settings: TestSettings = {}) {
  const running = await startNodeHost(settings);
  onTestFinished(() => running.close());
  return running;
}

/** Samples by name and labels, as a Prometheus server reads them; fails on any other line. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) types.set(type[1]!, type[2]!);
    if (line.startsWith('#')) {
      expect(line).toMatch(/^# (TYPE|HELP) [a-z_]+ \S/);
      continue;
    }
    const [, key = '', name = '', value = ''] =
      /^(([a-z_]+)(?:\{[a-z]+="[^"\\\n]*"\})?) (-?[\d.e+-]+)$/.exec(line) ?? [];
    expect([line, types.get(name) ?? types.get(name.replace(/_(bucket|sum|count)$/, ''))]).toEqual([
      line,
      expect.any(String),
    ]);
    expect(found.has(key)).toBe(false);
    found.set(key, Number(value));
  }
  return found;
}

async function read(url: string, headers: Record<string, string> = {}) {
  const { status, headers: sent, text } = await ask(url, '/metrics', { headers });
  expect(status).toBe(200);
  expect(sent['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return samples(text);
}

describe('/metrics', () => {
  test('counts files that are stored, read and deleted, failed uploads included', async () => {
    const { url } = await host();
    const headers = { authorization: `Bearer ${await tokenFor('alice')}` };
    const upload = (more = {}) =>
      ask(url, '/rooms/files/files', {
        method: 'POST',
        headers: { ...headers, 'x-file-name': 'a', ...more },
        body: 'hello',
      });
    const { file } = (await upload()).json() as { file: { fileId: string } };
    expect((await ask(url, `/rooms/files/files/${file.fileId}`, { headers })).text).toBe('hello');
    const digest = `sha-256=:${Buffer.alloc(32).toString('base64')}:`;
    expect((await upload({ 'content-digest': digest })).status).toBe(400);
    const counts = await read(url);
    const of = (event: string) => counts.get(`parlor_files_total{event="${event}"}`);
    expect([of('stored'), of('read'), counts.get('parlor_file_bytes_total')]).toEqual([2, 1, 10]);
    expect(of('deleted')).toBeGreaterThanOrEqual(1);
  });

  test('counts the work of rooms, at every transport', async () => {
    const { url } = await host();
    const native = new NativeVisitor(url, { token: await tokenFor('alice') });
    const socketIo = new SocketIoVisitor(url, { token: await tokenFor('bob') });
    for (const visitor of [native, socketIo]) ok(await visitor.join('numbers'));
    for (const message of ['one', 'two']) {
      const { message: said } = ok(await native.command('message', { roomId: 'numbers', message }));
      await socketIo.hears('message', ({ seq }) => seq === said.seq);
    }
    await native.command('editMessage', { roomId: 'numbers', seq: 99, message: 'x' });
    await ask(url, '/rooms/numbers/messages', { headers: { authorization: 'Bearer nonsense' } });
    const position = native.position('numbers');
    await native.close();
    const back = new NativeVisitor(url, { token: await tokenFor('alice') });
    ok(await socketIo.command('message', { roomId: 'numbers', message: 'three' }));
    ok(await back.join('numbers', { since: position }));

    const inbox = new NativeInbox(url, await tokenFor('alice'));
    ok(await inbox.open());
    onTestFinished(() => inbox.close());

    const seen = await read(url);
    expect(Object.fromEntries(seen)).toMatchObject({
      parlor_connections: 2,
      parlor_inbox_connections: 1,
      parlor_native_sockets: 2,
      parlor_socketio_sockets: 1,
      parlor_rooms_awake: 1,
      parlor_rooms_open_files: 1,
      parlor_room_wakeups_total: 1,
      'parlor_commands_total{command="joinRoom"}': 3,
      'parlor_commands_total{command="message"}': 3,
      parlor_messages_total: 3,
      'parlor_refusals_total{code="message_not_found"}': 1,
      'parlor_refusals_total{code="unauthorized"}': 1,
      'parlor_resume_messages_bucket{le="1"}': 1,
      parlor_resume_messages_sum: 1,
      'parlor_http_requests_total{status="4xx"}': 1,
    });
    for (const name of ['parlor_flush_frames', 'parlor_commit_seconds', 'parlor_wait_seconds']) {
      expect(seen.get(`${name}_count`)).toBeGreaterThan(0);
      expect(seen.get(`${name}_bucket{le="+Inf"}`)).toBe(seen.get(`${name}_count`));
    }
    expect(seen.get('parlor_deliveries_total')).toBeGreaterThanOrEqual(8);
    expect(seen.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    await back.close();
    await socketIo.close();
  });

  test('leaves streams out of the time of requests', async () => {
    const { url } = await host();
    const authorization = `Bearer ${await tokenFor('alice')}`;
    for (const path of ['/rooms/numbers/events', '/inbox/events']) {
      const headers = { authorization, accept: 'text/event-stream' };
      const stream = await fetch(`${url}${path}?since=0:0`, { headers });
      expect([path, stream.status]).toEqual([path, 200]);
      await stream.body!.cancel();
    }
    const untimed = async () => {
      const seen = await read(url);
      const timed = seen.get('parlor_http_request_seconds_count')!;
      return (seen.get('parlor_http_requests_total{status="2xx"}') ?? 0) - timed;
    };
    await expect.poll(untimed).toBe(2);
  });

  test('shows how late a timer has been at most since the last scrape', async () => {
    const metrics = new NodeMetrics();
    onTestFinished(() => metrics.close());
    const gauges = {
      connections: () => 0,
      inboxConnections: () => 0,
      awake: () => 0,
      openFiles: () => 0,
      sockets: () => ({ native: 0, socketIo: 0 }),
      pendingHandshakes: { count: 0, dropped: 0 },
      webhook: undefined,
    };
    const late = () => samples(metrics.text(gauges)).get('parlor_event_loop_delay_seconds');
    // From the first tick on.
    await pass(50);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    await pass(1);
    expect(late()).toBeGreaterThan(0.2);
    // Nothing has been recorded since.
    expect(late()).toBe(0);
  });

  test('counts pushes by outcome', async () => {
    const service = await new PushService().listen();
    onTestFinished(() => service.close());
    const { url } = await host({
      ...pushKeys,
      VAPID_SUBJECT: 'mailto:admin@example.com',
      PUSH_HOSTS: service.origin,
    });
    const [ann, bob] = [await tokenFor('ann'), await tokenFor('bob')];
    const send = async (token: string, method: string, path: string, body: object) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const { status } = await ask(url, path, { method, headers, body: JSON.stringify(body) });
      expect([path, status < 300]).toEqual([path, true]);
    };
    const browser = service.browser();
    await send(ann, 'PUT', '/inbox/push', browser.subscription);
    await send(ann, 'POST', '/rooms/numbers/messages', { message: 'here' });
    browser.answer = { status: 410 };
    await send(bob, 'POST', '/rooms/numbers/messages', { message: 'look', mentions: ['ann'] });
    const gone = async () => (await read(url)).get('parlor_pushes_total{outcome="gone"}');
    await expect.poll(gone).toBe(1);
    browser.answer = { status: 201 };
    await send(ann, 'PUT', '/inbox/push', browser.subscription);
    await send(ann, 'POST', '/rooms/letters/messages', { message: 'here' });
    await send(bob, 'POST', '/rooms/letters/messages', { message: 'again', mentions: ['ann'] });
    const delivered = async () => (await read(url)).get('parlor_pushes_total{outcome="delivered"}');
    await expect.poll(delivered).toBe(1);
  });

  test('counts refused connections', async () => {
    const { url } = await host({ MAX_CONNECTIONS_PER_USER: '1' });
    const token = await tokenFor('alice');
    const [first, second] = [new NativeVisitor(url, { token }), new NativeVisitor(url, { token })];
    ok(await first.join('full'));
    expect(await second.join('full')).toMatchObject({ ok: false });
    expect((await read(url)).get('parlor_refusals_total{code="too_many_connections"}')).toBe(1);
    await first.close();
  });

  test('holds no name, id or text', async () => {
    const { url } = await host();
    const visitor = new NativeVisitor(url, { token: await tokenFor('secretive') });
    ok(await visitor.join('hidden room'));
    ok(await visitor.command('message', { roomId: 'hidden room', message: 'whisper' }));
    await visitor.command('"} evil 1\n', { roomId: 'hidden room' });
    const { text } = await ask(url, '/metrics');
    expect(text).not.toMatch(/secretive|hidden|whisper|evil/);
    expect(samples(text).get('parlor_refusals_total{code="unknown_command"}')).toBe(1);
    await visitor.close();
  });

  test.each([
    ['x-forwarded-for', '127.0.0.1'],
    ['forwarded', 'for=127.0.0.1'],
    ['x-real-ip', '127.0.0.1'],
    ['via', '1.1 proxy'],
    ['host', 'chat.example.com'],
    ['host', 'localhost.evil.example'],
  ])('refuses requests that a proxy on this machine forwards: %s: %s', async (name, value) => {
    const { url } = await host();
    const answer = await ask(url, '/metrics', { headers: { [name]: value } });
    expect([answer.status, problemOf(answer).code]).toEqual([403, 'forbidden']);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

  test.skipIf(outside === undefined)('refuses other machines', async () => {
    const { url } = await host({ HOST: '0.0.0.0' });
    const status = await new Promise((resolve, reject) => {
      const { port } = new URL(url);
      const headers = { host: `localhost:${port}` };
      httpRequest({ host: outside, port, path: '/metrics', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  test('with METRICS_TOKEN allows requests with that token, from anywhere, and refuses others', async () => {
    const token = 'a token for metrics only';
    const { url } = await host({ METRICS_TOKEN: token.replaceAll(' ', '-') });
    const authorization = `Bearer ${token.replaceAll(' ', '-')}`;
    const seen = await read(url, { authorization, 'x-forwarded-for': '192.0.2.1' });
    expect(seen.get('parlor_connections')).toBe(0);
    for (const wrong of ['', 'Bearer', `${authorization}x`, authorization.slice(0, -1)]) {
      const answer = await ask(url, '/metrics', { headers: { authorization: wrong } });
      expect([wrong, answer.status]).toEqual([wrong, 401]);
    }
    const chat = await ask(url, '/metrics', {
      headers: { authorization: `Bearer ${await tokenFor('alice', { admin: true })}` },
    });
    expect(chat.status).toBe(401);
  });

  test('is not served for another method or path', async () => {
    const { url } = await host();
    expect((await ask(url, '/metrics', { method: 'POST' })).status).not.toBe(200);
    expect((await ask(url, '/metrics/x')).status).toBe(404);
  });
});

describe('TRUST_PROXY', () => {
  const proxied = { host: '127.0.0.1', 'x-forwarded-host': 'chat.example.com' };
  const origin = 'https://chat.example.com';

  test('takes the public address from the proxy, at every transport', async () => {
    const { url } = await host({ TRUST_PROXY: 'true' });
    const page = await ask(url, '/rooms/x', { headers: { ...proxied, origin } });
    expect(page.headers['access-control-allow-origin']).toBe(origin);
    const polling = '/socket.io/?EIO=4&transport=polling';
    expect((await ask(url, polling, { headers: { ...proxied, origin } })).status).toBe(200);
    const foreign = { ...proxied, 'x-forwarded-host': 'chat.example.com, other.example', origin };
    expect((await ask(url, polling, { headers: foreign })).status).toBe(403);
  });

  test('unset, ignores the forwarded address', async () => {
    const { url } = await host();
    const page = await ask(url, '/rooms/x', { headers: { ...proxied, origin } });
    expect(page.headers['access-control-allow-origin']).toBeUndefined();
    const polling = '/socket.io/?EIO=4&transport=polling';
    expect((await ask(url, polling, { headers: { ...proxied, origin } })).status).toBe(403);
  });
});
