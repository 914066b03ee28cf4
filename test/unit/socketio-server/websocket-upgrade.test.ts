import { beforeEach, describe, expect, it } from 'vitest';
import type { FrameReceiver } from '../../../src/socketio-server/websocket-session.ts';
import { WebSocketUpgrade } from '../../../src/socketio-server/websocket-upgrade.ts';
import { FakeSocket } from './support/fake-socket.ts';
import { ManualClock } from './support/manual-clock.ts';
import { SETTINGS } from './support/settings.ts';

let clock: ManualClock;
let socket: FakeSocket;
let calls: string[];
let leave: (handOver: string | undefined) => void;
let upgrade: WebSocketUpgrade<string>;

beforeEach(() => {
  clock = new ManualClock();
  socket = new FakeSocket();
  calls = [];
  const handOver = Promise.withResolvers<string | undefined>();
  leave = handOver.resolve;
  upgrade = new WebSocketUpgrade(socket, {
    settings: SETTINGS,
    clock,
    session: {
      probe: () => calls.push('probe'),
      cancelUpgrade: () => calls.push('cancel'),
      handOver: () => {
        calls.push('hand over');
        return handOver.promise;
      },
    },
    resume: (_socket, state): FrameReceiver => {
      calls.push(`resume ${state}`);
      return {
        frame: (data) => calls.push(`frame ${data as string}`),
        closed: (clean) => calls.push(`closed ${clean}`),
      };
    },
  });
});

/** Waits until pending promises have settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('a WebSocket that takes over a session', () => {
  it('answers the probe', () => {
    upgrade.frame('2probe');
    expect([calls, socket.take()]).toEqual([['probe'], ['3probe']]);
  });

  it('passes on what the client sends after the upgrade packet, in order', async () => {
    upgrade.frame('2probe');
    upgrade.frame('5');
    upgrade.frame('4a');
    leave('S');
    await settle();
    upgrade.frame('4b');
    upgrade.closed(true);
    expect(calls).toEqual([
      'probe',
      'hand over',
      'resume S',
      'frame 4a',
      'frame 4b',
      'closed true',
    ]);
    expect([socket.closed, clock.waiting]).toEqual([undefined, 0]);
  });

  it('reports to the session that the client left during the takeover', async () => {
    upgrade.frame('5');
    upgrade.closed(false);
    leave('S');
    await settle();
    expect(calls).toEqual(['hand over', 'resume S', 'closed false']);
  });

  it('closes when there is nothing to take over', async () => {
    upgrade.frame('5');
    leave(undefined);
    await settle();
    upgrade.frame('4a');
    expect([calls, socket.closed]).toEqual([['hand over'], 'no code']);
  });

  it.each(['4hello', '2', '2other', '3probe', '1', 'abc', '', `2${'x'.repeat(100)}`])(
    'gives up on %j',
    (frame) => {
      upgrade.frame(frame);
      upgrade.frame('5');
      expect([calls, socket.closed, clock.waiting]).toEqual([['cancel'], 'no code', 0]);
    },
  );

  it('gives up when the client goes or does nothing', () => {
    upgrade.closed(false);
    expect(calls).toEqual(['cancel']);
    clock.advance(2_000);
    expect(calls).toEqual(['cancel']);
  });

  it('gives up after the upgrade timeout', () => {
    upgrade.frame('2probe');
    clock.advance(999);
    expect(socket.closed).toBeUndefined();
    clock.advance(1);
    expect([calls, socket.closed]).toEqual([['probe', 'cancel'], 'no code']);
  });
});
