import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type cursors from '../../examples/cursors-app.ts';
import { connect } from '../../src/client/index.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const PEOPLE = 50;
const STEPS = 10;
/** Time between two moves of a user, in milliseconds. */
const EVERY_MS = 50;

const hosts = useHosts({}, { app: 'examples/cursors-app.ts' });

/** Joins with a client that keeps the newest position of every cursor. */
function enter(url: string, roomId: string, userId: string) {
  const client = connect<typeof cursors>({ url, token: () => tokenFor(userId) });
  onTestFinished(() => client.close());
  const room = client.room(roomId);
  const positions = new Map<string, number>();
  const said: string[] = [];
  room.on('cursor', ({ userId: who, x }) => positions.set(who, x));
  room.on('message', ({ message }) => said.push(message));
  return { userId, room, positions, said };
}

describe.each(['node', 'edge'] as const)('cursors at the %s host', (name) => {
  it(`[SIG5] of ${PEOPLE} users who move 20 times a second end at the same position for everyone`, async () => {
    const roomId = newRoom();
    const people = Array.from({ length: PEOPLE }, (_, at) =>
      enter(hosts[name].url, roomId, `user ${at}`),
    );
    await expect
      .poll(() => people.every(({ room }) => room.state.status.name === 'open'))
      .toBe(true);
    for (let step = 1; step <= STEPS; step++) {
      for (const { room } of people) room.signal('cursor', { x: step, y: step });
      if (step % 2 === 0) await people[step]!.room.send(`after step ${step}`);
      await pass(EVERY_MS);
    }
    const isThere = ({ userId, positions }: (typeof people)[number]) =>
      people.every((one) => one.userId === userId || positions.get(one.userId) === STEPS);
    await expect.poll(() => people.every(isThere)).toBe(true);
    const sent = [2, 4, 6, 8, 10].map((step) => `after step ${step}`);
    const haveRead = () => people.every(({ said }) => said.length === sent.length);
    await expect.poll(haveRead).toBe(true);
    for (const { said } of people) expect(said).toEqual(sent);
  });
});
