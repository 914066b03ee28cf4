import { io, type Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();

/** A client of a host, in a room. */
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

describe.each(cases)('the arguments of a command at the $host host, by $transport', (at) => {
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
  ])('refuses a second one that is %s, and stores nothing', async (_, more) => {
    const { roomId, socket } = await entered();
    const payload = { roomId, message: 'with a file' };
    expect(await socket.emitWithAck('message', payload, more)).toEqual(
      refused('Send message with one argument, a JSON object.'),
    );
    expect(await socket.emitWithAck('getHistory', { roomId })).toMatchObject({ messages: [] });
  });

  it('tells the refusal to a client without a callback as the event error', async () => {
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

  it('refuses a second one of refreshToken, and of a command that does not exist', async () => {
    const { socket } = await entered();
    const token = await tokenFor('alice');
    expect(await socket.emitWithAck('refreshToken', { token }, 'more')).toEqual(
      refused('Send refreshToken with one argument, a JSON object.'),
    );
    const unknown: unknown = await socket.emitWithAck('nonsense', {}, 'more');
    expect(unknown).toMatchObject({ ok: false, error: { code: 'unknown_command' } });
  });

  it('takes null in the place of a second one as none', async () => {
    const { roomId, socket } = await entered();
    const payload = { roomId, message: 'alone' };
    for (const more of [null, undefined])
      expect(await socket.emitWithAck('message', payload, more)).toMatchObject({ ok: true });
  });

  it('refuses bytes instead of an object, and bytes within it', async () => {
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
