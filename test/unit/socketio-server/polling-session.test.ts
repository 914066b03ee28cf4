import { beforeEach, describe, expect, it } from 'vitest';
import { PollingSession } from '../../../src/socketio-server/polling-session.ts';
import { Heard } from '../../e2e/socketio/support/heard.ts';
import { ManualClock } from './support/manual-clock.ts';
import { SETTINGS } from './support/settings.ts';

let clock: ManualClock;
let heard: Heard;
let session: PollingSession;

beforeEach(() => {
  clock = new ManualClock();
  heard = new Heard();
  const { createOwner } = heard;
  session = new PollingSession({ sid: 'S', settings: SETTINGS, clock, createOwner });
  session.open(() => {});
});

const UNKNOWN = '400 {"code":1,"message":"Session ID unknown"}';
const BAD_REQUEST = '400 {"code":3,"message":"Bad request"}';

interface Poll {
  /** Status and body, or `waits` while the poll is unanswered. */
  answer: string;
  abort: () => void;
}

function poll(): Poll {
  const made: Poll = { answer: 'waits', abort: () => {} };
  made.abort = session.poll(({ status, body }) => {
    made.answer = `${status} ${body}`;
  });
  return made;
}

function post(body: string, contentType = 'text/plain'): string {
  const reply = session.startPost(contentType) ?? session.endPost(body);
  return `${reply.status} ${reply.body}`;
}

describe('a session over long polling', () => {
  it('answers the first request with exactly the handshake', () => {
    let first = '';
    const { createOwner } = new Heard();
    new PollingSession({ sid: 'T', settings: SETTINGS, clock, createOwner }).open(({ body }) => {
      first = body;
    });
    expect(first).toBe(
      '0{"sid":"T","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":100}',
    );
  });

  it('holds a poll until there is something to send', () => {
    const waiting = poll();
    expect(waiting.answer).toBe('waits');
    heard.session?.send('a');
    expect(waiting.answer).toBe('200 4a');
  });

  it('collects packets between polls', () => {
    heard.session?.send('a');
    heard.session?.send(Uint8Array.from([1, 2, 3, 4]));
    expect(poll().answer).toBe('200 4a\x1ebAQIDBA==');
    expect(poll().answer).toBe('waits');
  });

  it('accepts several packets in a POST', () => {
    expect(post('4a\x1ebAQIDBA==\x1e4')).toBe('200 ok');
    expect(heard.messages).toEqual(['a', Uint8Array.from([1, 2, 3, 4]).buffer, '']);
  });

  it('accepts a POST while a poll waits', () => {
    const waiting = poll();
    expect(post('4a')).toBe('200 ok');
    expect([waiting.answer, heard.messages]).toEqual(['waits', ['a']]);
  });

  it.each([
    ['abc', 'parse error'],
    ['', 'parse error'],
    ['2', 'transport error'],
  ])('ends on a POST of %j: %s', (body, reason) => {
    const waiting = poll();
    expect(post(body)).toBe('400 ');
    expect([waiting.answer, heard.closes, clock.waiting]).toEqual(['200 1', [reason], 0]);
    expect([poll().answer, post('4a')]).toEqual([UNKNOWN, UNKNOWN]);
  });

  it('handles the packets before a malformed one and none after it', () => {
    expect(post('4a\x1ex\x1e4b')).toBe('400 ');
    expect(heard.messages).toEqual(['a']);
  });

  it('ends on a second poll while one waits', () => {
    const first = poll();
    expect([poll().answer, first.answer, heard.closes]).toEqual([
      '400 ',
      '200 1',
      ['transport error'],
    ]);
    expect(poll().answer).toBe(UNKNOWN);
  });

  it('ends when a waiting poll is aborted, but not an answered one', () => {
    const first = poll();
    heard.session?.send('a');
    const second = poll();
    first.abort();
    expect([heard.closes, second.answer]).toEqual([[], 'waits']);
    second.abort();
    expect([heard.closes, second.answer, poll().answer]).toEqual([
      ['transport error'],
      '400 ',
      UNKNOWN,
    ]);
  });

  it('ends on a second POST before the first is complete', () => {
    expect(session.startPost('text/plain')).toBeUndefined();
    expect(post('4b')).toBe('400 ');
    session.endPost('4a');
    expect([heard.messages, heard.closes]).toEqual([[], ['transport error']]);
  });

  it('ends when a POST is aborted', () => {
    session.startPost('text/plain');
    session.abortPost();
    expect(heard.closes).toEqual(['transport error']);
  });

  it('refuses a POST that is too long and continues', () => {
    session.startPost('text/plain');
    expect(session.refusePost().status).toBe(413);
    expect([post('4a'), heard.closes]).toEqual(['200 ok', []]);
  });

  it('ends on a POST of bytes', () => {
    expect(post('4a', 'application/octet-stream')).toBe('400 ');
    expect(heard.closes).toEqual(['transport error']);
  });

  it('answers the poll when the client closes', () => {
    const waiting = poll();
    expect(post('1')).toBe('200 ok');
    expect([waiting.answer, heard.closes, poll().answer]).toEqual([
      '200 6',
      ['client close'],
      UNKNOWN,
    ]);
  });

  it('pings by a poll and ends without a pong', () => {
    const waiting = poll();
    clock.advance(300);
    expect(waiting.answer).toBe('200 2');
    expect(post('3')).toBe('200 ok');
    clock.advance(499);
    expect(heard.closes).toEqual([]);
    clock.advance(1);
    expect([heard.closes, poll().answer, clock.waiting]).toEqual([['ping timeout'], UNKNOWN, 0]);
  });

  it('ends when too many bytes wait for the client', () => {
    heard.session?.send('x'.repeat(999));
    expect(heard.closes).toEqual([]);
    heard.session?.send('');
    expect([heard.closes, poll().answer]).toEqual([['too slow'], UNKNOWN]);
  });
});

describe('a session that its owner closes', () => {
  it('answers the waiting poll', () => {
    const waiting = poll();
    heard.session?.close();
    expect([waiting.answer, heard.closes, poll().answer]).toEqual([
      '200 1',
      ['forced close'],
      UNKNOWN,
    ]);
  });

  it('delivers waiting packets, then answers the next poll', () => {
    heard.session?.send('last');
    heard.session?.close();
    heard.session?.send('too late');
    expect([poll().answer, poll().answer, poll().answer]).toEqual([
      '200 4last',
      '200 6\x1e1',
      UNKNOWN,
    ]);
    expect(clock.waiting).toBe(0);
  });

  it('handles no further packets, and waits for a poll at most until its heartbeat fails', () => {
    heard.session?.close();
    expect(post('4a')).toBe('200 ok');
    expect(heard.messages).toEqual([]);
    clock.advance(500);
    expect([poll().answer, heard.closes, clock.waiting]).toEqual([UNKNOWN, ['forced close'], 0]);
  });
});

describe('the upgrade of a polling session', () => {
  it('answers polls shortly after the probe', () => {
    const waiting = poll();
    expect(session.startUpgrade()).toBe('started');
    clock.advance(50);
    expect(waiting.answer).toBe('waits');
    session.probe();
    clock.advance(99);
    expect(waiting.answer).toBe('waits');
    clock.advance(1);
    expect(waiting.answer).toBe('200 6');
    const next = poll();
    clock.advance(100);
    expect(next.answer).toBe('200 6');
  });

  it('hands over unfetched packets, without an event to the owner', () => {
    session.startUpgrade();
    session.probe();
    heard.session?.send('a');
    expect(session.handOver()).toEqual({ sid: 'S', packets: [{ type: 'message', data: 'a' }] });
    expect([heard.closes, clock.waiting, session.isOver]).toEqual([[], 0, true]);
  });

  it('refuses every request afterwards, waiting ones included', () => {
    session.startUpgrade();
    const waiting = poll();
    session.handOver();
    expect([waiting.answer, poll().answer, post('4a')]).toEqual(Array(3).fill(BAD_REQUEST));
    expect(session.startUpgrade()).toBe('taken');
    expect(session.handOver()).toBeUndefined();
  });

  it('can be tried by one WebSocket at a time', () => {
    expect([session.startUpgrade(), session.startUpgrade()]).toEqual(['started', 'taken']);
    session.cancelUpgrade();
    expect(session.startUpgrade()).toBe('started');
  });

  it('is cancelled, and polling continues, when it is aborted or takes too long', () => {
    session.startUpgrade();
    session.probe();
    session.cancelUpgrade();
    const waiting = poll();
    clock.advance(200);
    expect(waiting.answer).toBe('waits');
    session.startUpgrade();
    session.probe();
    clock.advance(100);
    post('3');
    for (const _ of Array(10).keys()) {
      clock.advance(100);
      post('3');
    }
    expect(session.handOver()).toBeUndefined();
    expect(session.startUpgrade()).toBe('started');
  });

  it('is refused for a closed session', () => {
    post('1');
    expect(session.startUpgrade()).toBe('unknown');
  });

  it('has nothing to take over when the session has closed', () => {
    session.startUpgrade();
    post('1');
    expect(session.handOver()).toBeUndefined();
  });
});
