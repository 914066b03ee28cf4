// The official clients, unmodified, against the fixture Worker.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { io as io48 } from 'socket.io-client';
import { io as io45 } from 'socket.io-client-4.5';
import { type Fixture, startFixture } from './support/fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture('patient');
});

afterAll(() => fixture.stop());

const VERSIONS = { '4.8': io48, '4.5': io45 as unknown as typeof io48 };
const TRANSPORTS = {
  'default transports': undefined,
  'websocket only': ['websocket'],
  'polling only': ['polling'],
};

const CASES = Object.entries(VERSIONS).flatMap(([version, io]) =>
  Object.entries(TRANSPORTS).map(([name, transports]) => ({ version, name, io, transports })),
);

describe.each(CASES)('client $version, $name', ({ io, transports }) => {
  type Client = ReturnType<typeof io48>;

  function client(path = '', auth = {}): Client {
    const options = transports ? { transports } : {};
    const socket = io(fixture.url + path, { ...options, auth, forceNew: true, timeout: 60_000 });
    onTestFinished(() => void socket.disconnect());
    return socket;
  }

  function next(socket: Client, event: string): Promise<unknown[]> {
    return new Promise((resolve) => {
      socket.once(event, (...args: unknown[]) => resolve(args));
    });
  }

  it('connects with auth, and gets text and bytes echoed and acknowledged', async () => {
    const socket = client('', { token: '123' });
    expect(await next(socket, 'auth')).toEqual([{ token: '123' }]);
    socket.emit('message', 1, { a: [true] }, Buffer.from([1, 2]));
    expect(await next(socket, 'message-back')).toEqual([1, { a: [true] }, Buffer.from([1, 2])]);
    const acked = await new Promise((resolve) => {
      socket.emit('message-with-ack', 'x', Buffer.from([3]), (...args: unknown[]) => resolve(args));
    });
    expect(acked).toEqual(['x', Buffer.from([3])]);
  });

  it('connects to another namespace and is refused at a third', async () => {
    expect(await next(client('/custom'), 'auth')).toEqual([{}]);
    const [error] = await next(client('/random'), 'connect_error');
    expect((error as Error).message).toBe('Invalid namespace');
  });

  it('receives a stream once and in order while its transport changes', async () => {
    const socket = client();
    const back: unknown[] = [];
    socket.on('message-back', (n) => back.push(n));
    const isLastTransport = () =>
      socket.io.engine.transport.name === (transports?.[0] ?? 'websocket');
    // A few at a time, until the upgrade has happened, however slow it is.
    let sent = 0;
    while (sent < 1_000 || !isLastTransport()) {
      for (const end = sent + 50; sent < end; sent++) {
        socket.emit('message', sent, sent % 7 === 0 ? Buffer.alloc(100, sent) : 'text');
      }
      await next(socket, 'message-back');
    }
    await expect.poll(() => back.length).toBe(sent);
    expect(back).toEqual(Array.from({ length: sent }, (_, n) => n));
  });
});
