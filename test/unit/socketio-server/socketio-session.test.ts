import { beforeEach, describe, expect, it } from 'vitest';
import { encodeEvent, encodeTexts } from '../../../src/socketio-server/encoded-events.ts';
import type { EngineData, EngineFrames } from '../../../src/socketio-server/engine-packet.ts';
import type { EngineCloseReason } from '../../../src/socketio-server/engine-session.ts';
import type { NamespaceSocket } from '../../../src/socketio-server/namespace-socket.ts';
import type { ConnectRequest, ReceivedEvent } from '../../../src/socketio-server/socketio-owner.ts';
import {
  type SocketIoOptions,
  SocketIoSession,
} from '../../../src/socketio-server/socketio-session.ts';
import { ManualClock } from './support/manual-clock.ts';
import { SETTINGS } from './support/settings.ts';

let clock: ManualClock;
let sent: EngineData[];
let closes: unknown[];
let requests: ConnectRequest[];
let events: ReceivedEvent[];
let acks: unknown[];
let disconnects: string[];
let options: SocketIoOptions;
let session: SocketIoSession;

beforeEach(() => {
  clock = new ManualClock();
  [sent, closes, requests, events, acks, disconnects] = [[], [], [], [], [], []];
  let sids = 0;
  options = {
    settings: SETTINGS,
    clock,
    newSid: () => `sid${(sids += 1)}`,
    owner: {
      onConnect: (request) => requests.push(request),
      onEvent: (_socket, event) => events.push(event),
      onAck: (_socket, ackId, args) => acks.push([ackId, args]),
      onDisconnect: (socket, reason) => disconnects.push(`${socket.namespace}: ${reason}`),
    },
  };
  session = new SocketIoSession(engine, options);
});

/** The Engine.IO session below; reports a close to the session as a real one does. */
const engine = {
  sid: 'S',
  unreadBytes: 0,
  send: (data: EngineData) => void sent.push(data),
  // Without Engine.IO's packet type, the first character of text messages.
  sendFrames: ({ frames }: EngineFrames) =>
    void sent.push(...frames.map((frame) => (typeof frame === 'string' ? frame.slice(1) : frame))),
  close: (frame?: unknown, reason: EngineCloseReason = 'forced close') => {
    closes.push(frame ?? reason);
    session.onClose(reason);
  },
};

function receive(...packets: EngineData[]): void {
  for (const packet of packets) session.onMessage(packet);
}

function join(packet = '0'): NamespaceSocket {
  receive(packet);
  const socket = requests.at(-1)?.accept();
  sent.splice(0);
  if (!socket) throw new Error('not let in');
  return socket;
}

describe('CONNECT', () => {
  it('asks the owner, which accepts the client', () => {
    receive('0{"token":"123"}');
    expect(requests[0]).toMatchObject({ namespace: '/', auth: { token: '123' } });
    expect(sent).toEqual([]);
    expect(requests[0]?.accept()).toMatchObject({ namespace: '/', sid: 'sid1' });
    expect(sent).toEqual(['0{"sid":"sid1"}']);
  });

  it('may omit auth, and name any namespace', () => {
    receive('0/custom,');
    expect(requests[0]).toMatchObject({ namespace: '/custom', auth: {} });
    requests[0]?.accept();
    expect(sent).toEqual(['0/custom,{"sid":"sid1"}']);
  });

  it('is refused with CONNECT_ERROR, and may be sent again', () => {
    receive('0');
    requests[0]?.refuse({ message: 'no', data: { code: 'unauthorized' } });
    receive('0');
    requests[1]?.accept();
    expect(sent).toEqual(['4{"message":"no","data":{"code":"unauthorized"}}', '0{"sid":"sid1"}']);
  });

  it('is answered only once', () => {
    receive('0');
    requests[0]?.accept();
    requests[0]?.refuse({ message: 'no' });
    expect(requests[0]?.accept()).toBeUndefined();
    expect(sent).toEqual(['0{"sid":"sid1"}']);
  });

  it('is not answered once the client has gone', () => {
    receive('0');
    session.onClose('transport close');
    expect(requests[0]?.accept()).toBeUndefined();
    requests[0]?.refuse({ message: 'no' });
    expect([sent, disconnects]).toEqual([[], []]);
  });

  it.each([
    ['an event first', ['2["a"]']],
    ['an ack first', ['31[]']],
    ['a disconnect first', ['1']],
    ['a CONNECT_ERROR', ['4{"message":"x"}']],
  ])('closes the session on %s', (_, packets) => {
    receive(...packets);
    expect(closes).toEqual(['forced close']);
  });

  it('[SIO5] is answered before the packets sent after it are handled, in order', async () => {
    receive('0', '2["a"]', '51-["b",{"_placeholder":true,"num":0}]', new ArrayBuffer(1));
    expect([events, closes]).toEqual([[], []]);
    requests[0]?.accept();
    receive('2["c"]');
    await Promise.resolve();
    expect(events.map(({ args }) => args[0])).toEqual(['a', 'b', 'c']);
    expect([sent, closes]).toEqual([['0{"sid":"sid1"}'], []]);
  });

  it('lets a client leave, or try another token, without waiting', async () => {
    receive('0{"token":"old"}', '0{"token":"new"}', '1');
    requests[0]?.refuse({ message: 'no' });
    await Promise.resolve();
    expect(requests[1]).toMatchObject({ auth: { token: 'new' } });
    requests[1]?.accept();
    await Promise.resolve();
    expect([disconnects, closes]).toEqual([['/: client namespace disconnect'], []]);
  });

  it.each([
    ['a second one', '0'],
    ['a malformed packet', '2{'],
  ])('[SIO5] closes the session on %s after it, once it is answered', async (_, packet) => {
    receive('0', packet);
    requests[0]?.accept();
    await Promise.resolve();
    expect(closes).toHaveLength(1);
  });

  it('[SIO5] closes the session on an event after a refused one, after the answer', async () => {
    receive('0', '2["a"]');
    requests[0]?.refuse({ message: 'no' });
    await Promise.resolve();
    expect([sent, events, closes]).toEqual([['4{"message":"no"}'], [], ['forced close']]);
  });

  it('[SIO5] has at most one payload of packets kept after it', () => {
    receive('0');
    const text = `2["${'é'.repeat(100)}"]`;
    const count = Math.floor(SETTINGS.maxPayloadBytes / new TextEncoder().encode(text).length);
    receive(...Array<string>(count).fill(text));
    expect(closes).toEqual([]);
    receive(text);
    expect(closes).toEqual(['too large']);
  });

  it.each(['0[]', '0null', '0"x"', '0{'])('closes the session on %s', (packet) => {
    receive(packet);
    expect([closes, requests]).toEqual([['parse error'], []]);
  });

  it('must arrive within the connect timeout', () => {
    clock.advance(249);
    expect(closes).toEqual([]);
    clock.advance(1);
    expect(closes).toEqual(['forced close']);
  });

  it('ends the connect timeout once it is accepted', () => {
    join();
    clock.advance(10_000);
    expect([closes, clock.waiting]).toEqual([[], 0]);
  });
});

describe('EVENT', () => {
  it('reaches the owner parsed, and as text', () => {
    join();
    receive('2["message", {"a":1.0}]', '212["x"]', '2[1]', '2');
    expect(events).toEqual([
      { args: ['message', { a: 1 }], ackId: undefined },
      { args: ['x'], ackId: 12 },
      { args: [1], ackId: undefined },
      { args: [], ackId: undefined },
    ]);
  });

  it('is sent from text unchanged', () => {
    join().emitEncoded(encodeTexts(['["message", {"a":1.0}]']));
    join('0/custom').emitEncoded(encodeTexts(['["b"]']));
    expect(sent).toEqual(['2/custom,["b"]']);
  });

  it('is encoded once for all sockets of a namespace, also with bytes', () => {
    const [main, custom] = [join('0'), join('0/custom,')];
    const bytes = Uint8Array.from([1]);
    let encodings = 0;
    const counted = { toJSON: () => (encodings += 1) && 'text' };
    const event = encodeEvent('a', counted, bytes);
    main.emitEncoded(event);
    const once = encodings;
    main.emitEncoded(event);
    expect(encodings).toBe(once);
    custom.emitEncoded(event);
    const args = '["a","text",{"_placeholder":true,"num":0}]';
    expect(sent).toEqual([`51-${args}`, bytes, `51-${args}`, bytes, `51-/custom,${args}`, bytes]);
  });

  it('is sent from values, with an id if the client is to answer', () => {
    const socket = join();
    socket.emit('a', { b: [true] });
    socket.emitWithAck(7, 'a');
    receive('37["yes"]', '3[]');
    expect(sent).toEqual(['2["a",{"b":[true]}]', '27["a"]']);
    expect(acks).toEqual([
      [7, ['yes']],
      [undefined, []],
    ]);
  });

  it.each([
    '2{}',
    '2[]',
    '2[null]',
    '2["connect"]',
    '2["disconnect"]',
    '2abc["x"]',
    '2[',
    'abc',
    '9',
  ])('closes the session when it is malformed: %s', (packet) => {
    join();
    receive(packet);
    expect([closes, disconnects, events]).toEqual([['parse error'], ['/: parse error'], []]);
  });

  it('is distinguished from CONNECT when a message is empty', () => {
    receive('');
    expect([closes, requests]).toEqual([['parse error'], []]);
  });
});

describe('binary packets', () => {
  const ONE = Uint8Array.from([1]).buffer;
  const TWO = Uint8Array.from([2]).buffer;
  const PLACES = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';

  it('are complete when their last part has arrived', () => {
    join();
    receive(`52-7["m",${PLACES}]`, ONE);
    expect(events).toEqual([]);
    receive(TWO);
    expect(events).toEqual([{ args: ['m', ONE, TWO], ackId: 7 }]);
  });

  it('are sent as text and parts', () => {
    const socket = join();
    socket.emit('m', ONE, TWO);
    socket.ack(789, Uint8Array.from([3]));
    expect(sent).toEqual([
      `52-["m",${PLACES}]`,
      ONE,
      TWO,
      '61-789[{"_placeholder":true,"num":0}]',
      Uint8Array.from([3]),
    ]);
  });

  it('work as acknowledgements', () => {
    join();
    receive('61-5[{"_placeholder":true,"num":0}]', ONE);
    expect(acks).toEqual([[5, [ONE]]]);
  });

  it('have ten parts at most', () => {
    join();
    receive('510-["m"]');
    expect(closes).toEqual([]);
    receive(...Array(10).fill(ONE));
    expect(events).toHaveLength(1);
    receive('511-["m"]');
    expect(closes).toEqual(['parse error']);
  });

  it.each<[string, EngineData[]]>([
    ['text where a part is due', ['51-["m"]', '2["x"]']],
    ['a part where text is due', [new ArrayBuffer(1)]],
    ['a missing count of parts', ['5["m"]']],
    ['a count of 0 parts', ['50-["m"]']],
    [
      'a placeholder without a part',
      ['51-["m",{"_placeholder":true,"num":1}]', new ArrayBuffer(1)],
    ],
    ['very deep nesting', [`51-["m",${'['.repeat(20_000)}${']'.repeat(20_000)}]`, ONE]],
  ])('close the session on %s', (_, packets) => {
    join();
    receive(...packets);
    expect([closes, events]).toEqual([['parse error'], []]);
  });
});

describe('DISCONNECT', () => {
  it('leaves one namespace and keeps the others', () => {
    join();
    join('0/custom');
    receive('1/custom', '2["a"]');
    expect([disconnects, events.length, closes]).toEqual([
      ['/custom: client namespace disconnect'],
      1,
      [],
    ]);
  });

  it('allows the client to join again', () => {
    join();
    receive('1');
    expect(join().sid).toBe('sid2');
  });

  it('closes the session when the namespace was not joined', () => {
    join();
    receive('1/custom');
    expect(closes).toEqual(['forced close']);
  });

  it('may be sent by the owner, after which the socket sends nothing', () => {
    const socket = join();
    socket.disconnect();
    socket.disconnect();
    socket.emitEncoded(encodeTexts(['["late"]']));
    socket.emit('late');
    socket.ackText(1, '[]');
    expect([sent, disconnects]).toEqual([['1'], ['/: server namespace disconnect']]);
  });

  it('separates an old socket from a new one', () => {
    const old = join();
    receive('1');
    join();
    old.emitEncoded(encodeTexts(['["ghost"]']));
    expect(sent).toEqual([]);
  });
});

describe('a Socket.IO session', () => {
  it('closes every socket when its transport ends', () => {
    join();
    join('0/custom');
    session.onClose('ping timeout');
    expect(disconnects).toEqual(['/: ping timeout', '/custom: ping timeout']);
    expect(clock.waiting).toBe(0);
  });

  it('is closed without DISCONNECT, with a code', () => {
    join();
    session.close({ code: 4003 });
    expect([sent, closes, disconnects]).toEqual([[], [{ code: 4003 }], ['/: forced close']]);
  });

  it('moves with its sockets, its pending requests and its waiting packets', async () => {
    join();
    receive('0/custom,{"a":1}', '51-["m",{"_placeholder":true,"num":0}]');
    const handOver = structuredClone(session.handOver());
    session.onClose('transport close');
    expect([disconnects, clock.waiting]).toEqual([[], 0]);

    session = SocketIoSession.resume(engine, options, handOver);
    expect(session.socket('/')?.sid).toBe('sid1');
    expect(requests.at(-1)).toMatchObject({ namespace: '/custom', auth: { a: 1 } });
    receive(Uint8Array.from([1]).buffer);
    expect(events).toEqual([]);
    requests.at(-1)?.accept();
    await Promise.resolve();
    expect(events[0]?.args).toEqual(['m', Uint8Array.from([1]).buffer]);
    session.socket('/')?.ackText(1, '[]');
    expect(sent).toEqual(['0/custom,{"sid":"sid2"}', '31[]']);
  });

  it('moves with half a packet', () => {
    join();
    receive('51-["m",{"_placeholder":true,"num":0}]');
    session = SocketIoSession.resume(engine, options, structuredClone(session.handOver()));
    receive(Uint8Array.from([1]).buffer);
    expect(events[0]?.args).toEqual(['m', Uint8Array.from([1]).buffer]);
  });
});
