import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { configure } from '../../local-server/configuration.ts';
import { startServer } from '../../local-server/server.ts';
import { Logger } from '../../src/observability/logger.ts';
import { directTransports } from '../support/transports.ts';
import { edgeOptions } from '../support/hosts.ts';
import { ask } from '../support/http-client.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { namelessToken, SECRET, tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

interface LoggingHost {
  url: string;
  lines: string[];
}

const SETTINGS = { JWT_SECRET: SECRET, LOG_LEVEL: 'debug' };

const start = {
  async node(): Promise<LoggingHost> {
    const folder = await mkdtemp(join(tmpdir(), 'parlor-logs-'));
    const environment = { ...SETTINGS, HOST: '127.0.0.1', PORT: '0', DATA_DIR: folder };
    const lines: string[] = [];
    const log = new Logger({ minLevel: 'debug', write: (_, line) => lines.push(line) });
    const server = await startServer(configure(folder, environment, false), log);
    onTestFinished(async () => {
      await server.close();
      await rm(folder, { recursive: true });
    });
    return { url: `http://127.0.0.1:${server.port}`, lines };
  },
  async edge(): Promise<LoggingHost> {
    const lines: string[] = [];
    const miniflare = new Miniflare({
      ...edgeOptions(inject('edgeBundle'), SETTINGS),
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => lines.push(message),
    });
    onTestFinished(() => miniflare.dispose());
    return { url: (await miniflare.ready).origin, lines };
  },
};

/** All fields that a log line may have. */
const FIELDS = new Set(
  `time level event room inbox connection code reason what error at
  connections wakeups commands messages joins resumes missed largestResume
  flushes deliveries largestFlush lines targetsReached targetsFailed requests p50Ms p99Ms largestMs
  origin setting`.split(/\s+/),
);

describe.each(directTransports)('the log of $name', (transport) => {
  it('holds no names, texts or tokens, whatever clients send', async () => {
    const { url, lines } = await start[transport.host]();
    const roomId = 'a "quoted" room\u00A0{"event":"forged"}';
    const private_ = {
      userId: 'user-kept-private',
      name: 'Name kept private',
      text: 'text kept private\n{"event":"forged"}\u001B[2J',
    };
    const token = await tokenFor(private_.userId, { name: private_.name });
    const alice = transport.visit(url, { token });
    ok(await alice.join(roomId));
    ok(await alice.command('message', { roomId, message: private_.text }));
    await alice.command('message', { roomId, message: '' });
    await alice.command('evil\n{"event":"forged"}', { roomId });
    await alice.command('searchMessages', { roomId, query: `${private_.text}" OR sender_id:*` });
    alice.tell('editMessage', { roomId, seq: 99, message: private_.text, id: private_.text });
    const nameless = transport.visit(url, { token: await namelessToken('user-kept-private-too') });
    await nameless.join(roomId, { username: 'kept private\u0007' });
    ok(await nameless.join(roomId, { username: 'Claimed, kept private' }));
    await transport.visit(url, { token: `${token}x` }).join(roomId);
    const headers = {
      authorization: `Bearer ${token.slice(0, -2)}`,
      'user-agent': 'agent kept private',
      'x-parlor-wish': 'forged',
    };
    await ask(url, '/rooms/%0A%7B%22event%22:%22forged%22%7D/messages', { headers });
    await ask(url, '/rooms/x/messages?limit=kept%20private', { headers });
    const inUrl = `token=${token}&access_token=${token}`;
    await ask(url, `/rooms/x/messages?${inUrl}`);
    await ask(url, `/rooms/x/messages?${inUrl}`, { headers: { origin: 'https://evil.example' } });
    await ask(url, `/socket.io/?EIO=4&transport=polling&${inUrl}`);
    await rawSocket(`${url}/rooms/x/ws?${inUrl}`).opened;
    await nameless.close();
    await alice.close();
    await expect.poll(() => lines.filter((line) => line.includes('disconnected')).length).toBe(2);

    const read = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const [at, line] of read.entries()) {
      const strange = Object.keys(line).filter(
        (field) => !FIELDS.has(field) && !/^(refused_[a-z_]+|status_\d{3}|upTo\d+Ms)$/.test(field),
      );
      expect([lines[at], strange]).toEqual([lines[at], []]);
      expect(line['event']).not.toBe('forged');
      expect(lines[at]).toMatch(/^[^\p{Cc}]+$/u);
    }
    expect(lines.join('\n')).not.toMatch(/kept.private/);
    expect(lines.join('\n')).not.toContain(token.slice(0, 20));
    expect(read.filter(({ event }) => event === 'failure')).toEqual([]);
    // The first message has caused an inbox update.
    if (transport.host === 'edge') expect(read.map(({ event }) => event)).toContain('inbox');
    expect(read.filter(({ room }) => room === roomId).map(({ event }) => event)).toContain(
      'connected',
    );
  });
});

describe.each(['node', 'edge'] as const)('the log of the %s host', (name) => {
  it('names the setting that would allow a refused page, once for each page', async () => {
    const { url, lines } = await start[name]();
    const evil = { origin: 'https://evil.example' };
    const other = { origin: 'null' };
    for (let times = 0; times < 3; times++) {
      await ask(url, '/rooms/x', { headers: evil });
      await ask(url, '/socket.io/?EIO=4&transport=polling', { headers: evil });
      await rawSocket(`${url}/socket.io/?EIO=4&transport=websocket`, evil).opened;
      await rawSocket(`${url}/rooms/x/ws`, evil).opened;
    }
    await ask(url, '/rooms/x', { method: 'OPTIONS', headers: other });
    const refused = () =>
      lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ event }) => event === 'page refused');
    await expect.poll(refused).toEqual([
      { level: 'warn', event: 'page refused', ...evil, setting: 'CLIENT_URL' },
      { level: 'warn', event: 'page refused', ...other, setting: 'CLIENT_URL' },
    ]);
  });
});

it('the edge logs the figures of its rooms and of the Worker', async () => {
  const { url, lines } = await start.edge();
  const headers = { authorization: `Bearer ${await tokenFor('alice')}` };
  const json = { ...headers, 'content-type': 'application/json' };
  for (const message of ['one', 'two']) {
    const body = JSON.stringify({ message });
    const sent = await ask(url, '/rooms/counted/messages', { method: 'POST', headers: json, body });
    expect(sent.status).toBe(201);
  }
  const named = { ...headers, 'x-file-name': 'a' };
  await ask(url, '/rooms/counted/files', { method: 'POST', headers: named, body: 'hello' });
  await ask(url, '/rooms/counted/messages/99', { headers });
  await ask(url, '/rooms/counted/messages');
  const sum = (event: string, field: string) =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['event'] === event)
      .reduce((total, line) => total + Number(line[field] ?? 0), 0);
  // The Worker and the room log their counts when they log something anyway.
  const said = () => ({
    requests: sum('worker', 'requests'),
    created: sum('worker', 'status_201'),
    unauthorized: sum('worker', 'refused_unauthorized'),
    messages: sum('room', 'messages'),
    wakeups: sum('room', 'wakeups'),
    files: sum('worker', 'files_stored'),
    fileBytes: sum('worker', 'fileBytes'),
    notFound: sum('room', 'refused_message_not_found'),
  });
  await expect.poll(said).toEqual({
    requests: 5,
    created: 3,
    unauthorized: 1,
    messages: 2,
    wakeups: 1,
    files: 1,
    fileBytes: 5,
    notFound: 1,
  });
});

it('the edge logs how long frames waited for their flush', async () => {
  const { url, lines } = await start.edge();
  const from = Date.now();
  const headers = { authorization: `Bearer ${await tokenFor('alice')}` };
  const alice = rawSocket(`${url}/rooms/waiting/ws`, headers);
  onTestFinished(() => alice.socket.terminate());
  await alice.frame((frame) => frame.startsWith('["joined"'));
  for (let said = 0; said < 20; said++) {
    alice.socket.send(`["message",{"message":"${said}"},${said}]`);
    await alice.frame((frame) => frame.includes(`["ack",${said},`));
  }
  const rooms = () =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === 'room');
  const waits = () =>
    rooms()
      .flatMap((line) => Object.entries(line))
      .filter(([field]) => /^upTo\d+Ms$/.test(field))
      .reduce((sum, [, count]) => sum + Number(count), 0);
  // One for each flush, and each answer was released by a flush of its own.
  await expect.poll(waits).toBeGreaterThanOrEqual(20);
  for (const { p50Ms, p99Ms, largestMs } of rooms()) {
    expect(Number(p50Ms)).toBeLessThanOrEqual(Number(p99Ms));
    expect(Number(p99Ms)).toBeLessThanOrEqual(Number(largestMs));
    expect(Number(largestMs)).toBeLessThanOrEqual(Date.now() - from);
  }
});
