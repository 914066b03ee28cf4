import { abortAllDurableObjects } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LinkListener } from '../../src/host/room-directory.ts';
import type { Environment } from '../../src/edge/environment.ts';
import { ObjectDirectory } from '../../src/edge/object-directory.ts';
import { service } from '../../src/edge/service.ts';
import { RoomAccessLimiter } from '../../src/admission/room-access-limiter.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { newRoom, stubOf, tokenOf } from './client.ts';

const { limits } = readSettings({}).settings;
const alice = { userId: 'alice', name: 'Alice' };
const MESSAGE = 'The room cannot answer right now; try again in a moment.';

/** An error as the platform throws it: its properties say whether to try again. */
function platformError(about: { overloaded?: true; retryable?: true }): Error {
  return Object.assign(new Error('the platform gives up'), about);
}

/** The namespace of rooms, with some calls failing as the platform's would, and counts of calls and stubs. */
function failing(error: Error, fails: (call: number) => boolean = () => true) {
  const calls = { count: 0, stubs: 0 };
  const attempt = <T>(work: () => T): T => {
    calls.count++;
    if (fails(calls.count)) throw error;
    return work();
  };
  const getByName = (name: string) => {
    calls.stubs++;
    const stub = stubOf(name);
    return {
      fetch: async (request: Request) => attempt(() => stub.fetch(request)),
      execute: async (...args: Parameters<typeof stub.execute>) =>
        attempt(() => stub.execute(...args)),
    };
  };
  return { calls, rooms: { getByName } as unknown as Environment['ROOM'] };
}

function listener() {
  const heard = { lines: [] as string[], closed: Promise.withResolvers<number>() };
  const listening: LinkListener = {
    lines: (lines) => void heard.lines.push(...lines),
    closed: (code) => heard.closed.resolve(code),
    buffered: () => undefined,
  };
  return { heard, listening };
}

describe.each([
  [{ overloaded: true }, 5],
  [{ retryable: true }, 1],
  [{}, 1],
] as const)('an object that fails with %j', (about, seconds) => {
  it('[ADM13] is called once, and the HTTP answer has a Retry-After', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    onTestFinished(() => logged.mockRestore());
    const { calls, rooms } = failing(platformError(about));
    const bindings = { ...(env as unknown as Environment), ROOM: rooms };
    const app = service(bindings, { localOnly: false, guestsByDefault: false });
    const headers = { authorization: `Bearer ${await tokenOf({ sub: 'alice' })}` };
    const body = JSON.stringify({ message: 'once' });
    const posted = await app.request(
      `http://chat/rooms/${newRoom()}/messages`,
      { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body },
      bindings,
    );
    expect([posted.status, posted.headers.get('retry-after')]).toEqual([503, String(seconds)]);
    expect(await posted.json()).toMatchObject({ error: { code: 'unavailable', message: MESSAGE } });
    const opened = await app.request(
      `http://chat/rooms/${newRoom()}/ws`,
      { headers: { ...headers, upgrade: 'websocket' } },
      bindings,
    );
    expect([opened.status, opened.headers.get('retry-after')]).toEqual([503, String(seconds)]);
    await opened.text();
    expect(String(logged.mock.calls[0])).toContain('room unreachable');
    expect(calls.count).toBe(2);
  });
});

describe('a link whose room breaks', () => {
  /** Joins through a namespace that works once, then breaks the object under the link. */
  async function broken(error: Error, fails: (call: number) => boolean) {
    const roomId = newRoom();
    const { calls, rooms } = failing(error, fails);
    const { heard, listening } = listener();
    const link = await new ObjectDirectory(
      { ROOM: rooms },
      limits,
      new RoomAccessLimiter(limits),
    ).connect(roomId, alice, {}, listening);
    await expect.poll(() => heard.lines.length).toBeGreaterThan(0);
    await abortAllDurableObjects();
    return { calls, heard, link, roomId };
  }

  it('[ADM13] is closed, not reconnected, when the room is overloaded', async () => {
    const { calls, heard } = await broken(platformError({ overloaded: true }), (call) => call > 1);
    expect(await heard.closed.promise).toBe(4000);
    expect(calls.count).toBe(2);
  });

  it('is reconnected, with a new stub each time, when the failure is temporary', async () => {
    const { calls, heard, link, roomId } = await broken(
      platformError({ retryable: true }),
      (call) => call === 2 || call === 3,
    );
    await stubOf(roomId).execute(alice, 'message', { message: 'meanwhile' });
    await expect.poll(() => heard.lines.some((line) => line.includes('meanwhile'))).toBe(true);
    expect(calls).toEqual({ count: 4, stubs: 4 });
    link.close('left');
  });
});
