import { io } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AdapterOptions, adaptSocket } from '../../src/client/socketio.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

/** The event names of a chat application that was written for its own server. */
const events: NonNullable<AdapterOptions['events']> = {
  'join room': 'joinRoom',
  chat: {
    as: 'message',
    receive: ({ sender, message }: { sender: string; message: string }) => `${sender}: ${message}`,
  },
  'say in': {
    as: 'message',
    send: (roomId: string, message: string) => ({ roomId, message }),
  },
  'went away': 'userLeft',
};

const hosts = useHosts();

describe.each(['node', 'edge'] as const)('an adapted Socket.IO socket at the %s host', (host) => {
  async function application(name: string, options: AdapterOptions = {}, url = hosts[host].url) {
    const token = await tokenFor(name, { name });
    const raw = io(url, { auth: { token }, forceNew: true, reconnectionDelay: 10 });
    onTestFinished(() => void raw.disconnect());
    const socket = adaptSocket(raw, { events, ...options });
    const said: string[] = [];
    socket.on('chat', (line: string) => said.push(line));
    return { socket, said };
  }

  const answer = (emit: (done: (...reply: never[]) => void) => void) =>
    new Promise<unknown[]>((resolve) => emit((...reply: unknown[]) => resolve(reply)));

  test('translates event names and payloads, and echoes own messages where it is asked to', async () => {
    const roomId = newRoom();
    const ann = await application('ann', { echo: true });
    const ben = await application('ben');
    for (const { socket } of [ann, ben]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [reply] = await answer((done) => socket.emit('join room', roomId, done));
      expect(reply).toMatchObject({ ok: true });
    }
    ann.socket.emit('chat', 'שלום');
    await expect.poll(() => ben.said).toEqual(['ann: שלום']);
    const [reply] = await answer((done) => ben.socket.emit('say in', roomId, '你好', done));
    expect(reply).toMatchObject({ ok: true, message: { message: '你好' } });
    await expect.poll(() => ann.said).toEqual(['ann: שלום', 'ben: 你好']);
    expect(ben.said).toEqual(['ann: שלום']);
    const left: unknown[] = [];
    ann.socket.once('went away', (payload: unknown) => left.push(payload));
    ben.socket.disconnect();
    await expect.poll(() => left).toMatchObject([{ username: 'ben', roomId }]);
  });

  test('calls callbacks in the form of the application, and passes refusals to listeners of `error`', async () => {
    const roomId = newRoom();
    const reply: AdapterOptions['reply'] = ({ ok, error }) => [ok ? null : error?.code];
    const { socket } = await application('ann', { reply, roomId });
    expect(await answer((done) => socket.emit('chat', 'too early', done))).toEqual(['not_joined']);
    expect(await answer((done) => socket.emit('joinRoom', done))).toEqual([null]);
    const refused = new Promise((resolve) => {
      socket.on('error', resolve);
    });
    socket.emit('chat', '');
    expect(await refused).toMatchObject({ code: 'invalid_payload' });
  });

  test('shows and sends everything once over dropped connections', async () => {
    const roomId = newRoom();
    const proxy = new FaultyProxy(Number(new URL(hosts[host].url).port));
    onTestFinished(() => proxy.close());
    const ann = await application('ann', { echo: true }, await proxy.url());
    // Emitted before there is a connection.
    ann.socket.emit('join room', roomId);
    ann.socket.emit('chat', 'one');
    await expect.poll(() => ann.said).toEqual(['ann: one']);
    const ben = new HttpVisitor(hosts[host].url, await tokenFor('ben', { name: 'ben' }));
    const say = (message: string) => ben.ask('POST', roomId, '/messages', { body: { message } });
    proxy.refuse(true);
    await expect.poll(() => ann.socket.connected).toBe(false);
    await say('two');
    await say('deleted');
    expect((await ben.ask('DELETE', roomId, '/messages/3')).status).toBe(200);
    ann.socket.emit('chat', 'three');
    proxy.refuse(false);
    const all = ['ann: one', 'ben: two', 'ann: three'];
    await expect.poll(() => ann.said).toEqual(all);
    await say('four');
    await expect.poll(() => ann.said).toEqual([...all, 'ben: four']);
    const { body } = await ben.ask('GET', roomId, '/messages');
    expect((body as { messages: unknown[] }).messages).toHaveLength(5);
  });

  test('fetches all missed messages where one reply cannot hold them', async () => {
    const roomId = newRoom();
    const proxy = new FaultyProxy(Number(new URL(hosts[host].url).port));
    onTestFinished(() => proxy.close());
    const ann = await application('ann', {}, await proxy.url());
    await answer((done) => ann.socket.emit('join room', roomId, done));
    proxy.refuse(true);
    await expect.poll(() => ann.socket.connected).toBe(false);
    const lines: string[] = [];
    // Several users, since one may not send as many at once.
    for (const name of ['ben', 'cem', 'dov', 'eva']) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      const user = new HttpVisitor(hosts[host].url, await tokenFor(name, { name }));
      for (let index = 0; index < 150; index += 1) {
        const message = `number ${index}`;
        // oxlint-disable-next-line no-await-in-loop -- in this order
        const { status } = await user.ask('POST', roomId, '/messages', { body: { message } });
        expect(status).toBe(201);
        lines.push(`${name}: ${message}`);
      }
    }
    // The oldest one has the latest change.
    const ben = new HttpVisitor(hosts[host].url, await tokenFor('ben', { name: 'ben' }));
    const body = { message: 'number 0, edited' };
    expect((await ben.ask('PATCH', roomId, '/messages/1', { body })).status).toBe(200);
    lines[0] = 'ben: number 0, edited';
    proxy.refuse(false);
    await expect.poll(() => ann.said).toEqual(lines);
  });
});
