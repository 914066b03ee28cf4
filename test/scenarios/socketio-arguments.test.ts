import { io, type Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();

/** A client that has joined a room. */
async function enter(url: string, roomId: string, transport: string): Promise<Socket> {
  const auth = { token: await tokenFor('alice') };
  const socket = io(url, { auth, transports: [transport], forceNew: true, reconnection: false });
  onTestFinished(() => void socket.disconnect());
  expect(await socket.emitWithAck('joinRoom', { roomId })).toMatchObject({ ok: true });
  return socket;
}

const cases = (['node', 'edge'] as const).flatMap((host) =>
  ['polling', 'websocket'].map((transport) => ({ host, transport })),
);

describe.each(cases)('a command over Socket.IO at the $host host, by $transport', (at) => {
  const entered = async () => {
    const roomId = newRoom();
    return { roomId, socket: await enter(hosts[at.host].url, roomId, at.transport) };
  };
  const refused = (message: string, details = {}) => ({
    ok: false,
    error: { code: 'invalid_payload', message, ...details },
  });

  it.each([
    ['a file', Buffer.from('a file')],
    ['text', 'more'],
    ['an object', { file: 1 }],
    ['false', false],
  ])('is refused with a second argument that is %s, and stores nothing', async (_, more) => {
    const { roomId, socket } = await entered();
    const payload = { roomId, message: 'with a file' };
    expect(await socket.emitWithAck('message', payload, more)).toEqual(
      refused('Send message with one argument, a JSON object.'),
    );
    expect(await socket.emitWithAck('getHistory', { roomId })).toMatchObject({ messages: [] });
  });

  it('is refused by the event `error` where the client gives no callback', async () => {
    const { roomId, socket } = await entered();
    const error = new Promise((resolve) => {
      socket.once('error', resolve);
    });
    socket.emit('message', { roomId, message: 'x', id: 'a-1' }, Buffer.from('a file'));
    expect(await error).toEqual({
      code: 'invalid_payload',
      message: 'Send message with one argument, a JSON object.',
      command: 'message',
      roomId,
      id: 'a-1',
    });
  });

  it('is refused with a second argument also if it is refreshToken or unknown', async () => {
    const { socket } = await entered();
    const token = await tokenFor('alice');
    expect(await socket.emitWithAck('refreshToken', { token }, 'more')).toEqual(
      refused('Send refreshToken with one argument, a JSON object.'),
    );
    const unknown: unknown = await socket.emitWithAck('nonsense', {}, 'more');
    expect(unknown).toMatchObject({ ok: false, error: { code: 'unknown_command' } });
  });

  it('is accepted with null as its second argument', async () => {
    const { roomId, socket } = await entered();
    const payload = { roomId, message: 'alone' };
    for (const more of [null, undefined])
      expect(await socket.emitWithAck('message', payload, more)).toMatchObject({ ok: true });
  });

  it('is refused where its argument is bytes or contains bytes', async () => {
    const { roomId, socket } = await entered();
    expect(await socket.emitWithAck('message', Buffer.from('a file'))).toEqual(
      refused('payload must be a JSON object.', { field: 'payload' }),
    );
    const meta = { file: Buffer.from('a file') };
    expect(await socket.emitWithAck('message', { roomId, message: 'x', meta })).toMatchObject({
      ok: false,
      error: { code: 'invalid_payload' },
    });
  });
});
