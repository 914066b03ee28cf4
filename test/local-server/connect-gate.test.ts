import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { type Conn, ConnectGate } from '../../local-server/connect-gate.ts';

/** An Engine.IO session as the gate sees it, with the packets that were passed on to the server. */
class Session extends EventEmitter {
  readyState = 'open';
  readonly given: unknown[] = [];
  readonly gate: ConnectGate;

  constructor(maxBytes = 1_000) {
    super();
    this.on('data', (data) => this.given.push(data));
    this.gate = new ConnectGate(this as unknown as Conn, maxBytes);
  }

  receive(...packets: unknown[]): this {
    for (const packet of packets) this.emit('data', packet);
    return this;
  }

  close(): void {
    this.readyState = 'closed';
  }
}

it.each(['0', '0{"token":"a"}', '0/', '0/,{"token":"a"}'])(
  '[SIO5] holds back packets after %s until that is answered',
  (connect) => {
    const bytes = Buffer.of(1);
    const session = new Session().receive(connect, '51-["a"]', bytes);
    expect(session.given).toEqual([connect]);
    session.gate.answered();
    session.receive('2["b"]');
    expect(session.given).toEqual([connect, '51-["a"]', bytes, '2["b"]']);
  },
);

it('[SIO5] holds back packets after a second CONNECT until that is answered, too', () => {
  const session = new Session().receive('0{"token":"a"}', '0{"token":"b"}', '2["c"]');
  session.gate.answered();
  expect(session.given).toEqual(['0{"token":"a"}', '0{"token":"b"}']);
  session.gate.answered();
  expect(session.given).toEqual(['0{"token":"a"}', '0{"token":"b"}', '2["c"]']);
});

it.each(['2["a"]', '0/other,', '1', Buffer.of(0x30)])(
  '[SIO5] passes packets on at once after %j',
  (packet) => {
    expect(new Session().receive(packet, '2["b"]').given).toEqual([packet, '2["b"]']);
  },
);

it('[SIO5] closes a session that sends more than may be held back, and passes none of it on', () => {
  const session = new Session(10).receive('0', '12345', 'éé1');
  expect(session.readyState).toBe('open');
  session.receive('1');
  expect(session.readyState).toBe('closed');
  session.gate.answered();
  expect(session.given).toEqual(['0']);
});
