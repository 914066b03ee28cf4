import { io, type Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpVisitor } from '../support/http-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

/**
 * The events of three kinds of public Socket.IO applications, with an unchanged `socket.io-client`:
 * their own events pass with SIGNALS=open, and commands do what their servers did.
 */
const hosts = useHosts({ SIGNALS: 'open' });

/** A page of the application, which keeps the arguments of every event that it receives. */
interface Page {
  socket: Socket;
  /** Waits for the first event of a name that fits, earlier ones included. @returns its arguments */
  next(name: string, fits?: (...args: never[]) => boolean): Promise<unknown[]>;
  heard(name: string): unknown[][];
}

async function open(url: string, userId: string): Promise<Page> {
  const auth = { token: await tokenFor(userId, { name: userId.toUpperCase() }) };
  // Signals, which are never stored, may be lost while a session upgrades from polling.
  const transports = ['websocket'];
  const socket = io(url, { auth, transports, forceNew: true, reconnection: false });
  onTestFinished(() => void socket.disconnect());
  const events: [string, ...unknown[]][] = [];
  const lookers = new Set<() => void>();
  socket.onAny((name: string, ...args: unknown[]) => {
    events.push([name, ...args]);
    for (const look of lookers) look();
  });
  const heard = (name: string) =>
    events.filter(([known]) => known === name).map(([, ...args]) => args);
  const next: Page['next'] = async (name, fits = () => true) =>
    new Promise((resolve) => {
      const look = () => {
        const found = heard(name).find((args) => fits(...(args as never[])));
        if (found === undefined) return;
        lookers.delete(look);
        resolve(found);
      };
      lookers.add(look);
      look();
    });
  return { socket, next, heard };
}

async function ask(page: Page, name: string, ...args: unknown[]): Promise<Record<string, unknown>> {
  const reply = (await page.socket.emitWithAck(name, ...args)) as Record<string, unknown>;
  expect(reply).toMatchObject({ ok: true });
  return reply;
}

describe.each(['node', 'edge'] as const)('an application that has moved to the %s host', (name) => {
  const enter = async (userId: string, roomId: string) => {
    const page = await open(hosts[name].url, userId);
    const joined = await ask(page, 'joinRoom', { roomId });
    return { ...page, joined };
  };

  it('has one lobby with counts, texts and typing, as in the chat example of Socket.IO', async () => {
    const lobby = newRoom();
    const ann = await enter('ann', lobby);
    const ben = await enter('ben', lobby);
    expect(ben.joined).toMatchObject({ onlineCount: 2 });
    expect(await ann.next('userJoined')).toMatchObject([{ username: 'BEN' }]);
    const from = { roomId: lobby, userId: 'ann', username: 'ANN' };

    ann.socket.emit('add user', 'Annie');
    expect(await ben.next('add user')).toEqual(['Annie', from]);
    ann.socket.emit('new message', 'hello, 世界');
    expect(await ben.next('new message')).toEqual(['hello, 世界', from]);
    // This event has a name of the protocol, so its payload must name the room.
    ann.socket.emit('typing', { roomId: lobby });
    expect(await ben.next('typing')).toMatchObject([{ username: 'ANN', isTyping: true }]);
    ann.socket.emit('stop typing');
    expect(await ben.next('stop typing')).toEqual([from]);
    ann.socket.disconnect();
    expect(await ben.next('userLeft')).toMatchObject([{ username: 'ANN', reason: 'left' }]);
    expect(ann.heard('new message')).toEqual([]);
    // None of it is stored.
    expect(await ask(ben, 'getHistory', { roomId: lobby })).toMatchObject({ messages: [] });
  });

  it('has rooms with a list of users and a bot, as in chatcord', async () => {
    const [javascript, python] = [newRoom('javascript'), newRoom('python')];
    const ann = await enter('ann', javascript);
    const ben = await enter('ben', javascript);
    const users = async () => {
      const { members } = await ask(ann, 'getMembers', { roomId: javascript, online: true });
      return (members as { username: string }[]).map(({ username }) => username).toSorted();
    };
    expect(await users()).toEqual(['ANN', 'BEN']);
    ann.socket.emit('chatMessage', 'in the only room');
    expect(await ben.next('chatMessage')).toMatchObject(['in the only room', { username: 'ANN' }]);

    await ask(ann, 'joinRoom', { roomId: python });
    const lost: unknown = await ann.socket.emitWithAck('chatMessage', 'in which room?');
    expect(lost).toMatchObject({ ok: false, error: { code: 'invalid_payload', field: 'roomId' } });
    ann.socket.emit('chatMessage', { roomId: javascript, text: 'in this one' }, 'with more');
    expect(await ben.next('chatMessage', (_, more) => more === 'with more')).toMatchObject([
      { text: 'in this one', username: 'ANN' },
      'with more',
    ]);
    await ask(ann, 'leaveRoom', { roomId: python });

    const server = new HttpVisitor(hosts[name].url, await tokenFor('bot', { bot: true }));
    const data = { text: 'ANN has joined the chat' };
    expect(
      (await server.ask('POST', javascript, '/signals/roomNews', { body: { data } })).status,
    ).toBe(200);
    expect(await ben.next('roomNews')).toMatchObject([{ ...data, userId: 'bot' }]);
    ben.socket.disconnect();
    await ann.next('userLeft');
    expect(await users()).toEqual(['ANN']);
  });

  it('has private messages and strokes, as in private-messaging and whiteboard', async () => {
    const board = newRoom();
    const [ann, ben, eve] = await Promise.all(['ann', 'ben', 'eve'].map((id) => enter(id, board)));
    for (const page of [ann!, ben!]) {
      await ask(page, 'openInbox', {});
      await ask(page, 'message', { roomId: board, message: 'a user of this room' });
    }
    // Users of a shared room may open a direct room once their inboxes show the shared one.
    for (const page of [ann!, ben!])
      await page.next('conversationUpdated', (one: { roomId: string }) => one.roomId === board);
    const stroke = { x0: 0.1, y0: 0.2, x1: 0.3, y1: 0.4, color: 'black' };
    ann!.socket.volatile.emit('drawing', stroke);
    for (const page of [ben!, eve!])
      expect(await page.next('drawing')).toMatchObject([{ ...stroke, username: 'ANN' }]);

    const { conversation } = await ask(ann!, 'openDirect', { userId: 'ben' });
    const { roomId } = conversation as { roomId: string };
    await ask(ann!, 'joinRoom', { roomId });
    const content = `just for you, ${board}`;
    await ask(ann!, 'message', { roomId, message: content });
    // Ben has not joined the direct room yet; his inbox shows it.
    await ben!.next('conversationUpdated', (one: { roomId: string }) => one.roomId === roomId);
    await ask(ben!, 'joinRoom', { roomId });
    const { messages } = await ask(ben!, 'getHistory', { roomId, limit: 1 });
    expect(messages).toMatchObject([{ message: content }]);
    ann!.socket.emit('private typing', { roomId }, ['…']);
    expect(await ben!.next('private typing')).toMatchObject([{ username: 'ANN' }, ['…']]);

    const intruder: unknown = await eve!.socket.emitWithAck('joinRoom', { roomId });
    expect(intruder).toMatchObject({ ok: false, error: { code: 'room_not_found' } });
    const sent: unknown = await eve!.socket.emitWithAck('private typing', { roomId });
    expect(sent).toMatchObject({ ok: false });
    ann!.socket.emit('drawing', { roomId: board, x0: 9 });
    await eve!.next('drawing', ({ x0 }: { x0: number }) => x0 === 9);
    expect(eve!.heard('private typing')).toEqual([]);
  });
});
