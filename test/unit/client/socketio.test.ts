import { expect, onTestFinished, test, vi } from 'vitest';
import { type AdapterOptions, adaptSocket } from '../../../src/client/socketio.ts';

type Emitted = [name: string, payload: Record<string, unknown>, answer: (reply: object) => void];

/** An adapted socket that has joined the room `r` at `rev` 2, over a connection that the test plays. */
function joinedSocket(options: AdapterOptions = {}) {
  const listeners = new Map<string, (payload?: object) => void>();
  const emitted: Emitted[] = [];
  const raw = {
    connected: true,
    on: (name: string, listener: () => void) => listeners.set(name, listener),
    off: () => undefined,
    emit: (...args: unknown[]) => emitted.push(args as Emitted),
    connect: () => undefined,
    disconnect: () => undefined,
  };
  const socket = adaptSocket(raw, options);
  const shown: string[] = [];
  socket.on('message', ({ message }: { message: string }) => shown.push(message));
  socket.emit('joinRoom', 'r');
  emitted.shift()?.[2]({ ok: true, epoch: 'e', position: 'e:2', messages: [said(2, 'seen')] });
  return {
    socket,
    shown,
    hear: (name: string, payload?: object) => listeners.get(name)?.(payload),
    /** Drops the oldest command, as a connection that is lost. */
    drop: () => void emitted.shift(),
    /** The names of the unanswered commands. */
    unanswered: () => emitted.map(([name]) => name),
    /** Answers the oldest command. @returns its name and payload */
    answer(reply: object) {
      const [name, payload, answered] = emitted.shift() ?? [];
      answered?.({ ok: true, epoch: 'e', ...reply });
      return [name, payload];
    },
  };
}

function said(seq: number, message: string, more: object = {}) {
  return { id: `${seq}`, roomId: 'r', seq, rev: seq, message, ...more };
}

test('pages of missed messages are shown after the last one, with live ones, in their order', () => {
  const { shown, hear, answer } = joinedSocket();
  hear('connect');
  const first = [said(2, 'seen', { rev: 4 }), said(5, 'five')];
  expect(answer({ position: 'e:5', missed: first, complete: false })).toEqual([
    'joinRoom',
    { roomId: 'r', history: 0, since: 'e:2' },
  ]);
  hear('message', said(8, 'eight, live'));
  expect(shown).toEqual([]);
  const second = [said(6, 'six'), said(3, 'three, edited', { rev: 7 }), said(8, 'eight')];
  const page = answer({ position: 'e:8', messages: second, complete: true });
  expect(page).toEqual(['getMissed', { roomId: 'r', after: 'e:5' }]);
  expect(shown).toEqual(['three, edited', 'five', 'six', 'eight']);
  hear('message', said(9, 'nine'));
  hear('connect');
  expect(answer({ position: 'e:9', missed: [], complete: true })[1]).toMatchObject({
    since: 'e:9',
  });
  expect(shown).toEqual(['three, edited', 'five', 'six', 'eight', 'nine']);
});

test('a connection that is lost between pages continues after the last one', () => {
  const { shown, hear, answer, drop } = joinedSocket();
  hear('connect');
  answer({ position: 'e:4', missed: [said(4, 'four')], complete: false });
  hear('message', said(9, 'nine, live'));
  drop();
  hear('connect');
  const rest = [said(3, 'three', { rev: 6 }), said(9, 'nine')];
  expect(answer({ position: 'e:9', missed: rest, complete: true })[1]).toMatchObject({
    since: 'e:4',
  });
  expect(shown).toEqual(['three', 'four', 'nine']);
});

test('a message of its own that is stored between pages is shown only with `echo`', () => {
  for (const echo of [false, true]) {
    const { socket, shown, hear, answer } = joinedSocket({ echo });
    hear('connect');
    socket.emit('message', { id: '4', message: 'mine' });
    answer({ position: 'e:3', missed: [said(3, 'three')], complete: false });
    answer({ message: said(4, 'mine') });
    answer({ position: 'e:4', messages: [said(4, 'mine')], complete: true });
    expect(shown).toEqual(echo ? ['three', 'mine'] : ['three']);
  }
});

test('a page that is refused for now is asked for again, and nothing is shown before it', async () => {
  const { shown, hear, answer, unanswered } = joinedSocket();
  const page = ['getMissed', { roomId: 'r', after: 'e:3' }];
  hear('connect');
  answer({ position: 'e:3', missed: [said(3, 'three')], complete: false });
  hear('message', said(5, 'five, live'));
  for (const code of ['rate_limited', 'unavailable', 'internal']) {
    expect(answer({ ok: false, error: { code, retryAfterMs: 1 } })).toEqual(page);
    expect(shown).toEqual([]);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect.poll(unanswered).toEqual(['getMissed']);
  }
  const messages = [said(4, 'four'), said(5, 'five')];
  expect(answer({ position: 'e:5', messages, complete: true })).toEqual(page);
  expect(shown).toEqual(['three', 'four', 'five']);
});

test('missed messages of a room that was left meanwhile are shown once it is joined again', () => {
  const { shown, hear, answer, unanswered } = joinedSocket();
  hear('connect');
  answer({ position: 'e:3', missed: [said(3, 'three')], complete: false });
  hear('message', said(5, 'five, live'));
  answer({ ok: false, error: { code: 'not_joined' } });
  expect(unanswered()).toEqual([]);
  hear('connect');
  const missed = [said(4, 'four'), said(5, 'five')];
  expect(answer({ position: 'e:5', missed, complete: true })[1]).toMatchObject({ since: 'e:3' });
  expect(shown).toEqual(['three', 'four', 'five']);
});

test('a message of its own whose acknowledgement was lost is shown once, and only with `echo`', () => {
  for (const echo of [false, true]) {
    const { socket, shown, hear, answer, drop } = joinedSocket({ echo });
    socket.emit('message', { id: 'own', message: 'mine' });
    drop();
    hear('connect');
    const mine = said(3, 'mine', { id: 'own' });
    answer({ position: 'e:4', missed: [mine, said(4, 'four')], complete: true });
    answer({ message: mine });
    hear('message', said(5, 'five'));
    expect(shown).toEqual(echo ? ['mine', 'four', 'five'] : ['four', 'five']);
  }
});

test('a listener that throws keeps no missed message from itself or others', () => {
  const { socket, shown, hear, answer } = joinedSocket();
  const later: (() => void)[] = [];
  vi.stubGlobal('queueMicrotask', (work: () => void) => later.push(work));
  onTestFinished(() => void vi.unstubAllGlobals());
  const seen: string[] = [];
  socket.off('message');
  socket.on('message', ({ message }: { message: string }) => {
    seen.push(message);
    throw new Error(message);
  });
  socket.on('message', ({ message }: { message: string }) => shown.push(message));
  hear('connect');
  answer({ position: 'e:4', missed: [said(3, 'three'), said(4, 'four')], complete: true });
  expect(seen).toEqual(['three', 'four']);
  expect(shown).toEqual(['three', 'four']);
  // The errors are thrown where the platform reports them.
  for (const [at, work] of later.entries()) expect(work).toThrow(seen[at]);
  expect(later).toHaveLength(2);
});

test('a room that a listener leaves shows no more missed messages', () => {
  const { socket, shown, hear, answer } = joinedSocket();
  socket.on('message', () => socket.emit('leaveRoom', 'r'));
  hear('connect');
  answer({ position: 'e:4', missed: [said(3, 'three'), said(4, 'four')], complete: true });
  expect(shown).toEqual(['three']);
});

test('a page of a room that was left before it arrives is not shown', () => {
  const { socket, shown, hear, answer } = joinedSocket();
  hear('connect');
  answer({ position: 'e:3', missed: [said(3, 'three')], complete: false });
  socket.emit('leaveRoom', 'r');
  answer({ position: 'e:4', messages: [said(4, 'four')], complete: true });
  expect(shown).toEqual([]);
});

test('messages that were deleted meanwhile are not shown, nor old ones that were edited', () => {
  const { shown, hear, answer } = joinedSocket();
  hear('connect');
  const missed = [said(4, 'four'), said(3, '', { deletedAt: 1 }), said(1, 'old', { rev: 6 })];
  answer({ position: 'e:6', missed, complete: true });
  expect(shown).toEqual(['four']);
});

test('messages have ids also in a page over plain http, which has no `randomUUID`', () => {
  const { getRandomValues } = crypto;
  vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) });
  onTestFinished(() => void vi.unstubAllGlobals());
  const { socket, answer } = joinedSocket();
  socket.emit('message', 'one');
  const [, one] = answer({ message: said(3, 'one') });
  socket.emit('message', 'two');
  const [, two] = answer({ message: said(4, 'two') });
  const ids = [one, two].map((payload) => (payload as { id: string }).id);
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(/^\d+-\d+-\d+-\d+$/);
});
