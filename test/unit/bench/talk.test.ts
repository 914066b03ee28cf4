import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Crowd } from '../../../bench/generator/crowd.ts';
import { runTalk } from '../../../bench/generator/runs.ts';

/** Sends a text to a client, or does something wrong instead. */
type Delivery = (to: WebSocket, text: string) => void;

const deliver: Delivery = (to, text) => to.send(text);

/** A crowd at a server that passes every text on, except to its last client, where it calls `treatsLast`. */
async function roomThat(treatsLast: Delivery): Promise<Crowd> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('connection', (from) => {
    from.on('message', (data: Buffer) => {
      const clients = [...server.clients];
      for (const to of clients) {
        if (to === from || to.readyState !== WebSocket.OPEN) continue;
        if (to === clients.at(-1)) treatsLast(to, data.toString());
        else deliver(to, data.toString());
      }
    });
  });
  const { port } = server.address() as AddressInfo;
  const crowd = new Crowd('ws', `ws://127.0.0.1:${port}`, 'room', 5);
  onTestFinished(async () => {
    await crowd.drop();
    await new Promise((resolve) => server.close(resolve));
  });
  await crowd.join(1);
  return crowd;
}

/** Two members send at least twenty texts; waits up to `silenceMs` for missing deliveries. */
function talkIn(crowd: Crowd, silenceMs = 30_000) {
  return runTalk([crowd], { pids: [], inFlight: 20, sendMs: 20, silenceMs });
}

function senderOf(text: string): string | undefined {
  return /\^(\d+)\./.exec(text)?.[1];
}

/** Delivers every text except the tenth, which `instead` handles. */
function once(instead: Delivery): Delivery {
  let count = 0;
  return (to, text) => (++count === 10 ? instead : deliver)(to, text);
}

describe('a run of the load generator', () => {
  it('counts every delivery of a correct server', async () => {
    const { faults, tally } = await talkIn(await roomThat(deliver));
    expect(faults).toEqual([]);
    expect(tally.messages).toBeGreaterThanOrEqual(20);
    expect(tally.deliveries).toBe(tally.messages * 4);
  });

  it('is void when a delivery is missing', async () => {
    const { faults } = await talkIn(await roomThat(once(() => undefined)), 1_000);
    expect(faults.join()).toContain('have not reached everyone');
  });

  it('is void when a delivery is doubled', async () => {
    const twice = once((to, text) => {
      deliver(to, text);
      deliver(to, text);
    });
    const { faults } = await talkIn(await roomThat(twice));
    expect(faults.join()).toMatch(/received \d+ of sender \d+ after \d+/);
  });

  it('is void when one listener receives two senders in another order', async () => {
    let held: string | undefined;
    let isDone = false;
    const swapped: Delivery = (to, text) => {
      if (isDone) deliver(to, text);
      else if (held === undefined) held = text;
      else {
        isDone = senderOf(held) !== senderOf(text);
        deliver(to, isDone ? text : held);
        if (isDone) deliver(to, held);
        held = text;
      }
    };
    const { faults } = await talkIn(await roomThat(swapped));
    expect(faults.join()).toContain('different orders');
  });

  it('is void when a socket is closed', async () => {
    const crowd = await roomThat(once((to) => to.close(4000, 'enough')));
    const { faults } = await talkIn(crowd, 1_000);
    expect(faults.join()).toContain('was closed: 4000 enough');
  });
});
