import { beforeEach, describe, expect, it } from 'vitest';
import type { OrderCall } from '../../../src/relay/exchange.ts';
import { RelayChannel } from '../../../src/relay/relay-channel.ts';
import type { RelayedConnection } from '../../../src/relay/relayed-connection.ts';
import { Frame } from '../../../src/room/broadcast/frame.ts';

const MIB = 1024 * 1024;
const NOBODY = new Map<string, unknown>();

describe("a room's channel to a relay that does not answer", () => {
  let calls: OrderCall[];
  let departed: string[];
  let channel: RelayChannel;
  let connections: RelayedConnection[];

  beforeEach(() => {
    calls = [];
    departed = [];
    channel = new RelayChannel(1, 1, {
      timer: { after: () => () => undefined },
      order: (_, call) => void calls.push(call),
      runInRoom: (work) => work({ depart: ({ state }) => void departed.push(state.id) }),
    });
    connections = ['one', 'two', 'three'].map((id) =>
      channel.add({ v: 1, id, identity: { userId: id }, joined: true })!,
    );
  });

  function frame(length: number, end = ''): Frame {
    return new Frame(['x'.repeat(length) + end], undefined, false);
  }

  function flush(): void {
    channel.flushed('first:1', 3);
  }

  it('closes the connections whose own frames no longer fit in one call, and no others', () => {
    const [one, two, three] = connections;
    one!.send(frame(7 * MIB, 'one'));
    two!.send(frame(7 * MIB, 'two'));
    three!.send(frame(4 * MIB, 'three'));
    channel.share(frame(100), NOBODY);
    flush();
    expect(connections.map(({ open }) => open)).toEqual([true, false, true]);
    const [call] = calls;
    expect(call!.orders.map(({ type }) => type)).toEqual(['send', 'close', 'send', 'share']);
    expect(call!.orders[1]).toMatchObject({ id: 'two', code: 4000 });
  });

  it('gives the relay up for what waited before, not for what one flush adds', () => {
    channel.share(frame(100), NOBODY);
    flush();
    channel.share(frame(17 * MIB), NOBODY);
    flush();
    expect([channel.size, departed]).toEqual([3, []]);
    channel.share(frame(100), NOBODY);
    flush();
    expect([channel.size, departed]).toEqual([0, ['one', 'two', 'three']]);
  });
});
