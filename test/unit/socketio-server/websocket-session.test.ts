import { beforeEach, describe, expect, it } from 'vitest';
import { WebSocketSession } from '../../../src/socketio-server/websocket-session.ts';
import { FakeSocket } from './support/fake-socket.ts';
import { Heard } from '../../e2e/socketio/support/heard.ts';
import { ManualClock } from './support/manual-clock.ts';
import { SETTINGS } from './support/settings.ts';

let clock: ManualClock;
let socket: FakeSocket;
let heard: Heard;
let session: WebSocketSession;

beforeEach(() => {
  clock = new ManualClock();
  socket = new FakeSocket();
  heard = new Heard();
  const { createOwner } = heard;
  session = new WebSocketSession(socket, { sid: 'S', settings: SETTINGS, clock, createOwner });
});

function open(): void {
  session.open();
  socket.take();
}

describe('a session over a WebSocket', () => {
  it('begins with exactly the handshake, without upgrades', () => {
    session.open();
    expect(socket.take()).toEqual([
      '0{"sid":"S","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":100}',
    ]);
  });

  it("sends its owner's packets after the handshake, or after those of the previous transport", () => {
    const greeting = (): WebSocketSession =>
      new WebSocketSession(socket, {
        sid: 'S',
        settings: SETTINGS,
        clock,
        createOwner: (sink) => {
          sink.send('hello');
          return { onMessage: () => {}, onClose: () => {} };
        },
      });
    greeting().open();
    expect(socket.take()).toEqual([expect.stringMatching(/^0/), '4hello']);
    greeting().resume([{ type: 'message', data: 'left' }]);
    expect(socket.take()).toEqual(['4left', '4hello']);
  });

  it('carries text and bytes both ways', () => {
    open();
    session.frame('4hello');
    session.frame(Uint8Array.from([1, 2]).buffer);
    session.frame('bAQI=');
    expect(heard.messages).toEqual(['hello', ...Array(2).fill(Uint8Array.from([1, 2]).buffer)]);
    heard.session?.send('there');
    heard.session?.send(Uint8Array.from([3]));
    expect(socket.take()).toEqual(['4there', Uint8Array.from([3])]);
  });

  it('ignores packets without a meaning', () => {
    open();
    for (const frame of ['0', '5', '6', '3', '3probe']) session.frame(frame);
    expect([heard.closes, socket.take()]).toEqual([[], []]);
  });

  it.each([
    ['abc', 'parse error'],
    ['', 'parse error'],
    ['2', 'transport error'],
    ['2probe', 'transport error'],
    ['1', 'client close'],
  ])('ends on %j: %s', (frame, reason) => {
    open();
    session.frame(frame);
    expect([heard.closes, socket.closed, clock.waiting]).toEqual([[reason], 'no code', 0]);
  });

  it('accepts a frame of maxPayload bytes and closes with 1009 on a longer one', () => {
    open();
    session.frame(`4${'é'.repeat(49)}x`);
    expect(heard.messages).toHaveLength(1);
    session.frame(`4${'é'.repeat(50)}`);
    expect([heard.closes, socket.closed]).toEqual([['too large'], { code: 1009 }]);
  });

  it('receives and sends nothing once it is closed', () => {
    open();
    session.frame('1');
    session.frame('4late');
    session.closed(true);
    heard.session?.send('late');
    heard.session?.close();
    expect([heard.messages, heard.closes, socket.take()]).toEqual([[], ['client close'], []]);
  });

  it('distinguishes a client that left from a lost one', () => {
    open();
    session.closed(true);
    expect(heard.closes).toEqual(['client close']);
    const other = new Heard();
    const { createOwner } = other;
    const lost = new WebSocketSession(socket, { sid: 'T', settings: SETTINGS, clock, createOwner });
    lost.open();
    lost.closed(false);
    expect(other.closes).toEqual(['transport close']);
  });

  it('is closed by its owner with the code of its choice', () => {
    open();
    heard.session?.send('last');
    heard.session?.close({ code: 4003, reason: 'token expired' });
    expect(socket.take()).toEqual(['4last']);
    expect(socket.closed).toEqual({ code: 4003, reason: 'token expired' });
    expect([heard.closes, clock.waiting]).toEqual([['forced close'], 0]);
  });

  it('closes with 4001 when too many bytes wait in the socket', () => {
    open();
    socket.bufferedBytes = 1_001;
    heard.session?.send('x');
    expect([heard.closes, socket.closed]).toEqual([
      ['too slow'],
      { code: 4001, reason: 'too slow' },
    ]);
  });

  it('reports the bytes that its client has not read, as far as known', () => {
    const settings = { ...SETTINGS, pingTimeoutMs: 5_000 };
    const { createOwner } = heard;
    const slow = new WebSocketSession(socket, { sid: 'S', settings, clock, createOwner });
    const { engine } = slow;
    engine.open([]);
    socket.bufferedBytes = 7;
    expect(engine.unreadBytes).toBe(7);
    socket.bufferedBytes = undefined;
    // The pong is not late yet.
    clock.advance(1_300);
    expect(engine.unreadBytes).toBe(0);
    clock.advance(1);
    const unread = engine.unreadBytes;
    expect(unread).toBeGreaterThan(0);
    engine.send('four');
    expect(engine.unreadBytes).toBe(unread + '4four'.length);
    slow.frame('3');
    expect(engine.unreadBytes).toBe(0);
  });

  it('continues with the packets of the previous transport, without a new handshake', () => {
    session.resume([{ type: 'message', data: 'a' }, { type: 'ping' }]);
    expect(socket.take()).toEqual(['4a', '2']);
    session.frame('3');
    clock.advance(300);
    expect(socket.take()).toEqual(['2']);
  });
});

describe('the heartbeat', () => {
  it('pings an interval after the handshake and after every pong', () => {
    open();
    clock.advance(299);
    expect(socket.take()).toEqual([]);
    clock.advance(1);
    expect(socket.take()).toEqual(['2']);
    clock.advance(100);
    session.frame('3');
    clock.advance(299);
    expect(socket.take()).toEqual([]);
    clock.advance(1);
    expect(socket.take()).toEqual(['2']);
  });

  it('ends the session when a pong is late', () => {
    open();
    clock.advance(499);
    expect(heard.closes).toEqual([]);
    clock.advance(1);
    expect([heard.closes, socket.closed, clock.waiting]).toEqual([['ping timeout'], 'no code', 0]);
  });

  it('waits one more interval for a pong while the client sends other packets', () => {
    open();
    clock.advance(450);
    session.frame('4a');
    clock.advance(150);
    session.frame('4b');
    clock.advance(49);
    expect(heard.closes).toEqual([]);
    clock.advance(1);
    expect(heard.closes).toEqual(['ping timeout']);
  });
});
