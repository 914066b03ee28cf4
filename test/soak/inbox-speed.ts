import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import type { InboxReply } from '../../src/client/inbox.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { NativeInbox } from '../support/inbox-visitor.ts';
import { Killable } from '../support/killable.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const CONVERSATIONS = 200;
const OPENINGS = 300;
const FEW = 5;
const MANY = 5_000;
/** Concurrent requests. */
const AT_ONCE = 16;
/** The rooms get messages in turn, for this time in milliseconds, each at most `MAX_SLICES` times. */
const SLICE_MS = 5_000;
const MAX_SLICES = 12;
/** Concurrent messages. */
const IN_FLIGHT = 32;

const SETTINGS = { ...NO_RATE_LIMITS, MAX_ROOMS_PER_SOCKET: '1000' };

/**
 * Measures the figures on inboxes in docs/operating.md: how long it takes to open one with 200
 * conversations, and how many messages a second rooms with few and with many members take. The latter
 * takes `minutes`, at most two.
 */
export async function soak({ minutes, log }: SoakOptions): Promise<void> {
  const bundle = await bundleWorker();
  try {
    const node = await Killable.node(SETTINGS);
    const edge = await Killable.edge(bundle, SETTINGS);
    try {
      for (const [name, host] of Object.entries({ node, edge })) {
        const url = await host.start();
        log(`${name}: ${await openings(url)}`);
        if (name === 'node') log(`${name}: ${await rates(url, minutes)}`);
        await host.kill();
      }
    } finally {
      await node.remove();
      await edge.remove();
    }
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
}

async function openings(url: string): Promise<string> {
  const rooms = Array.from({ length: CONVERSATIONS }, (_, at) => `conversation ${at}`);
  for (const user of ['ann', 'bob']) {
    await atOnce(rooms, (room) =>
      request(url, user, 'POST', `/rooms/${encodeURIComponent(room)}/messages`, { message: 'hi' }),
    );
  }
  for (let known = 0; known < CONVERSATIONS;) {
    const page = await request(url, 'ann', 'GET', '/inbox?limit=200');
    known = (page as InboxReply<'getInbox'>).conversations.length;
  }
  const times: number[] = [];
  for (let at = 0; at < OPENINGS; at++) {
    const inbox = new NativeInbox(url, await tokenFor('ann'));
    const from = performance.now();
    const { conversations } = ok(await inbox.open({ limit: 200 }));
    times.push(performance.now() - from);
    if (conversations.length !== CONVERSATIONS) throw new Error(`${conversations.length} of 200`);
    inbox.close();
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * sorted.length)] ?? 0);
  return `${CONVERSATIONS} conversations open in ${at(0.5)} ms (median), ${at(0.99)} ms (p99)`;
}

async function rates(url: string, minutes: number): Promise<string> {
  const slices = Math.ceil(Math.min(MAX_SLICES, (minutes * 60_000) / (2 * SLICE_MS)));
  const rooms = [
    { roomId: 'few', members: FEW, stored: 0 },
    { roomId: 'many', members: MANY, stored: 0 },
  ];
  for (const room of rooms) await fill(url, room.roomId, room.members);
  await drained(url);
  const speakers = await Promise.all(rooms.map(({ roomId }) => speakerIn(url, roomId)));
  for (let slice = 0; slice < 2 * slices; slice++) {
    const at = slice % 2;
    rooms[at]!.stored += await talk(speakers[at]!, rooms[at]!.roomId);
  }
  await Promise.all(speakers.map((speaker) => speaker.close()));
  const [few = 0, many = 0] = rooms.map(({ stored }) => (stored * 1_000) / (slices * SLICE_MS));
  return `${Math.round(few)} messages a second with ${FEW} members, ${Math.round(many)} with ${MANY}: ${(many / few).toFixed(2)} of it`;
}

async function fill(url: string, roomId: string, members: number): Promise<void> {
  const names = Array.from({ length: members }, (_, at) => `member-${at}`);
  await request(url, 'root', 'POST', `/rooms/${roomId}/messages`, { message: 'first' });
  await atOnce(names, (name) =>
    request(url, 'root', 'PUT', `/rooms/${roomId}/members/${name}`, { role: 'member' }),
  );
  await request(url, 'root', 'POST', `/rooms/${roomId}/messages`, { message: 'for all of them' });
}

/** Waits until no inbox has been sent an update for five seconds. */
async function drained(url: string): Promise<void> {
  let before = '';
  for (let quiet = 0; quiet < 5; quiet++) {
    await pause(1_000);
    const text = await (await fetch(`${url}/metrics`)).text();
    const [attempts = ''] =
      /^parlor_outside_attempts_total\{outcome="delivered"\} .*$/m.exec(text) ?? [];
    if (attempts !== before) quiet = -1;
    before = attempts;
  }
}

async function speakerIn(url: string, roomId: string): Promise<NativeVisitor> {
  const speaker = new NativeVisitor(url, { token: await tokenFor('root', { admin: true }) });
  ok(await speaker.join(roomId));
  return speaker;
}

/** Sends messages for one slice. @returns how many were acknowledged */
async function talk(speaker: NativeVisitor, roomId: string): Promise<number> {
  const until = performance.now() + SLICE_MS;
  let stored = 0;
  const one = async () => {
    while (performance.now() < until) {
      ok(await speaker.command('message', { roomId, message: 'ten words make up one message' }));
      stored++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  return stored;
}

async function atOnce<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  const work = async () => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function request(
  url: string,
  user: string,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await tokenFor(user, { admin: user === 'root' })}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return response.json();
}
