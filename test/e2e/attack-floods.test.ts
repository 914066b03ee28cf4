import { describe, expect, it, onTestFinished } from 'vitest';
import { Bystanders } from '../support/bystanders.ts';
import { type FloodName, floods, type Tally } from '../support/floods.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { newRoom, useHosts } from '../support/stories.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();
type HostName = keyof typeof hosts;

/** Others talk in the same house while somebody floods a room; then it is over. */
async function flood(host: HostName, name: FloodName): Promise<Tally> {
  const { url } = hosts[host];
  const bystanders = await Bystanders.enter(url);
  const going = await floods[name]({ url, roomId: newRoom() });
  for (let round = 0; round < 3; round++) expect(await bystanders.goOn()).toEqual([]);
  const tally = await going.stop();
  expect(await bystanders.goOn()).toEqual([]);
  return tally;
}

describe('while somebody floods the node host others go on', () => {
  it.each(Object.keys(floods) as FloodName[])('%s', async (name) => {
    expect(Object.keys(await flood('node', name)).length).toBeGreaterThan(0);
  });
});

describe('while somebody floods the edge host others go on', () => {
  it.each([
    'writes fast, native',
    'garbage',
    'opens sockets without end',
    'frames in many pieces',
    'sockets that say nothing',
  ] as const)('%s', async (name) => {
    expect(Object.keys(await flood('edge', name)).length).toBeGreaterThan(0);
  });
});

/** Sends thousands of commands at once. */
async function pour(host: HostName, frames: number) {
  const path = `${hosts[host].url}/rooms/${newRoom()}/ws`;
  const raw = rawSocket(path, { authorization: `Bearer ${await tokenFor('mallory')}` });
  onTestFinished(() => raw.socket.terminate());
  await raw.frame((frame) => frame.startsWith('["joined"'));
  for (let at = 0; at < frames; at++) raw.socket.send(`["typing",{},${at}]`);
  return raw;
}

it('the node host reads nobody faster than twice what they may do', async () => {
  const from = performance.now();
  const raw = await pour('node', 3_000);
  await raw.frame((frame) => frame.includes('["ack",450,'));
  const seconds = (performance.now() - from) / 1_000;
  const answered = raw.frames.join('\n').match(/\["ack",/g)?.length ?? 0;
  // 400 saved up and 100 a second; what is read in one go may be 50 ms ahead.
  expect(answered).toBeLessThanOrEqual(400 + 100 * seconds + 10);
});

it('the edge host sends away whoever goes on at far more than they may do', async () => {
  const raw = await pour('edge', 3_000);
  expect(await raw.closed).toBe(4504);
  expect(raw.frames.join('\n')).toContain('rate_limited');
});
