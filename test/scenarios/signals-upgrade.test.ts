import { setTimeout } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { expect, it, onTestFinished } from 'vitest';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

/** How many sockets upgrade to a WebSocket while signals arrive, and the time from one to the next, in ms. */
const LISTENERS = 24;
const APART_MS = 13;
/**
 * How many users send, and the time between two signals of each, in milliseconds. Few enough that the
 * signals of a host that stood still for two seconds stay below a user's limit and a link's buffer.
 */
const SENDERS = 20;
const EVERY_MS = 200;

const hosts = useHosts({ SIGNALS: 'open' });

it.each(['node', 'edge'] as const)(
  '[SIG4] signals reach a socket that upgrades from polling once and in order, at the %s host',
  async (host) => {
    const { url } = hosts[host];
    const roomId = newRoom();
    const stop = await sendSignals(url, roomId);
    const listeners = await Promise.all(
      Array.from({ length: LISTENERS }, async (_, at) => {
        await setTimeout(at * APART_MS);
        return listen(url, roomId, `listener ${at}`);
      }),
    );
    const fewest = () => Math.min(...listeners.map(({ afterUpgrade }) => afterUpgrade()));
    await expect.poll(fewest, { interval: 100 }).toBeGreaterThan(60);
    stop();
    for (const { received } of listeners) {
      for (const numbers of received.values()) {
        const [first = 0] = numbers;
        expect(numbers).toEqual(numbers.map((_, at) => first + at));
      }
    }
  },
  120_000,
);

/** Has users send numbered signals, each with a name of its own, so that none replaces another. @returns stop */
async function sendSignals(url: string, roomId: string): Promise<() => void> {
  const senders = await Promise.all(
    Array.from({ length: SENDERS }, async (_, at) => {
      const sender = new NativeVisitor(url, { token: await tokenFor(`sender ${at}`) });
      onTestFinished(() => sender.close());
      ok(await sender.join(roomId));
      return sender;
    }),
  );
  let count = 0;
  // The senders take turns, so that some signal is always on its way.
  const timer = setInterval(() => {
    const tick = Math.floor(count / SENDERS);
    senders[count % SENDERS]!.tell(`tick ${tick}`, { roomId });
    count++;
  }, EVERY_MS / SENDERS);
  const stop = () => clearInterval(timer);
  onTestFinished(stop);
  return stop;
}

/** Joins by polling, as official clients do, and keeps the numbers received, by sender. */
async function listen(url: string, roomId: string, userId: string) {
  const token = await tokenFor(userId);
  const socket = io(url, { auth: { token }, forceNew: true, reconnection: false });
  onTestFinished(() => void socket.disconnect());
  const received = new Map<string, number[]>();
  let afterUpgrade = 0;
  socket.onAny((name: string, { userId: from }: { userId: string }) => {
    if (!name.startsWith('tick ')) return;
    if (socket.io.engine.transport.name === 'websocket') afterUpgrade++;
    const numbers = received.get(from) ?? [];
    received.set(from, [...numbers, Number(name.slice('tick '.length))]);
  });
  const joined = (await socket.timeout(60_000).emitWithAck('joinRoom', { roomId })) as {
    ok: boolean;
  };
  expect(joined.ok).toBe(true);
  return { received, afterUpgrade: () => afterUpgrade };
}
