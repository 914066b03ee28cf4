import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Killable } from '../support/killable.ts';
import { bodyOf } from '../support/request-body.ts';
import { seeded } from '../support/seeded.ts';

const ROOMS = Array.from({ length: 8 }, (_, at) => `room-${at}`);
const KILLS = 4;

/** A service that takes the deliveries of rooms; until it is sound, three of ten requests fail. */
async function service() {
  const random = seeded(1);
  const told = new Map<string, number>();
  const state = { told, url: '', isSound: false };
  const server = createServer((request, response) => void take(request, response));
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const room = request.url!.slice(1);
    const body = await bodyOf(request);
    if (body === undefined) return;
    const rev = Number(body.toString());
    const isBroken = !state.isSound && random() < 0.3;
    if (!isBroken) told.set(room, Math.max(told.get(room) ?? 0, rev));
    response.writeHead(isBroken ? 500 : 204).end();
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

it('after the process was killed, wakeups alone deliver everything that was acknowledged', async () => {
  const target = await service();
  const host = await Killable.program('test/fixtures/delivering-host.ts', {
    TARGET_URL: target.url,
  });
  onTestFinished(() => host.remove());
  const acknowledged = new Map<string, number>();
  const say = async (url: string, room: string) => {
    const answer = await fetch(`${url}/${room}`, { method: 'POST' });
    acknowledged.set(room, (await answer.json()) as number);
  };
  for (let kill = 1; kill <= KILLS; kill++) {
    const url = await host.start({ CLOCK_AHEAD_MS: String(kill * 61_000) });
    for (let round = 0; round < kill * 5; round++) {
      await Promise.all(ROOMS.map((room) => say(url, room)));
    }
    // These may be stored or not, and most get no answer.
    const cut = ROOMS.map((room) => say(url, room).catch(() => undefined));
    await host.kill();
    await Promise.all(cut);
  }
  target.isSound = true;
  const before = [...acknowledged.values()];
  expect(before.every((rev) => rev >= (KILLS * (KILLS + 1) * 5) / 2)).toBe(true);
  await host.start({ CLOCK_AHEAD_MS: String((KILLS + 2) * 3_600_000) });
  await expect
    .poll(() => ROOMS.filter((room) => (target.told.get(room) ?? 0) < acknowledged.get(room)!))
    .toEqual([]);
});
