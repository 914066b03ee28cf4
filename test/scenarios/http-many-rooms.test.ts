import { describe, expect, it } from 'vitest';
import { ask, problemOf } from '../support/http-client.ts';
import { newRoom, useHosts, within } from '../support/for-each-transport.ts';
import { type Claims, tokenFor } from '../support/tokens.ts';

const hosts = useHosts({ COMMANDS_PER_SECOND: '1', COMMAND_BURST: '10' });

describe.each(['node', 'edge'] as const)('over HTTP to the %s host', (host) => {
  /** Reads from as many new rooms at once. */
  async function readRooms(userId: string, rooms: number, claims: Claims = {}) {
    const headers = { authorization: `Bearer ${await tokenFor(userId, claims)}` };
    const asked = Array.from({ length: rooms }, () =>
      ask(hosts[host].url, `/rooms/${newRoom()}/messages`, { headers }),
    );
    return Promise.all(asked);
  }

  it('[ADM2] [LIM4] a user may send twice as many requests to all rooms as to one, and other users are not affected', async () => {
    // The bucket holds 20 and refills by 2 a second, so that over 20 s all 60 would be answered.
    const answers = await within(15_000, (start) => {
      start();
      return readRooms(`rover ${crypto.randomUUID()}`, 60);
    });
    const refused = answers.filter(({ status }) => status !== 200);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(20);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(answer.status).toBe(429);
      const { code, retryAfterMs } = problemOf(answer);
      expect(code).toBe('rate_limited');
      expect(retryAfterMs).toSatisfy((ms: number) => ms > 0 && ms <= 500);
    }
    const others = await readRooms('neighbour', 5);
    expect(others.map(({ status }) => status)).toEqual(Array(5).fill(200));
  });

  it('[ADM2] [LIM4] an admin may use any number of rooms', async () => {
    const answers = await readRooms('root', 60, { admin: true });
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});
