import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { Killable } from '../support/killable.ts';
import { seeded } from '../support/seeded.ts';
import { playStream } from '../support/stream-play.ts';
import { tokenFor } from '../support/tokens.ts';
import { directTransports } from '../support/transports.ts';
import { ok, type Visitor } from '../support/visitor.ts';
import { withHarness } from '../unit/room/with-harness.ts';

/** What the protocol is to carry: 64 KiB in so many appends. */
const APPENDS = 3_000;
/** Between two appends of one message, in milliseconds: what a room takes. */
const EVERY_MS = 55;

/**
 * Streams 64 KiB in 3,000 appends, again and again: in a room that is evicted and killed, and at every
 * transport of real hosts, with a sender who loses the connection at every tenth append.
 */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  for (let round = 0; round === 0 || Date.now() < end; round++) {
    const report = withHarness({ COMMAND_BURST: '1000000' }, (harness) =>
      playStream(harness, seeded(seed + round), APPENDS),
    );
    log(`a room: ${JSON.stringify(report)}`);
    await atHosts(Math.min(APPENDS, Math.ceil((minutes * 60_000) / EVERY_MS)), log);
  }
}

async function atHosts(appends: number, log: SoakOptions['log']): Promise<void> {
  const bundle = await bundleWorker();
  const [node, edge] = await Promise.all([Killable.node({}), Killable.edge(bundle, {})]);
  try {
    const urls = { node: await node.start(), edge: await edge.start() };
    await Promise.all(
      directTransports.map(async (transport) => {
        const enter = async (userId: string) =>
          transport.visit(urls[transport.host], { token: await tokenFor(userId) });
        const quiet = await timesOf(enter, () => false);
        let isStreaming = true;
        const during = timesOf(enter, () => isStreaming);
        const length = await streamAt(enter, appends);
        isStreaming = false;
        const others = `others ${shown(quiet)} before, ${shown(await during)} meanwhile`;
        log(`${transport.name}: ${length} characters in ${appends} appends; ${others}`);
      }),
    );
  } finally {
    await Promise.all([node.remove(), edge.remove()]);
    await rm(bundle, { recursive: true, force: true });
  }
}

type Enter = (userId: string) => Promise<Visitor>;

/** Messages that a background visitor sends at least, in a room of their own, and the time between two. */
const BYSTANDER = { messages: 200, everyMs: 50 };

/** How long a background visitor waits for each reply, in milliseconds. @param goesOn whether to send more */
async function timesOf(enter: Enter, goesOn: () => boolean): Promise<number[]> {
  const visitor = await enter('background visitor');
  const roomId = `others-${crypto.randomUUID()}`;
  ok(await visitor.join(roomId));
  const times: number[] = [];
  while (times.length < BYSTANDER.messages || goesOn()) {
    const from = performance.now();
    ok(await visitor.command('message', { roomId, message: 'hello' }));
    times.push(performance.now() - from);
    await new Promise((resolve) => {
      setTimeout(resolve, BYSTANDER.everyMs);
    });
  }
  await visitor.close();
  return times.toSorted((a, b) => a - b);
}

function shown(times: readonly number[]): string {
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function streamAt(enter: Enter, appends: number): Promise<number> {
  const roomId = `stream-${crypto.randomUUID()}`;
  let bot = await enter('bot');
  ok(await bot.join(roomId));
  const listener = await enter('listener');
  ok(await listener.join(roomId));
  const begin = { roomId, message: '', streaming: true };
  const { seq } = ok(await bot.command('message', begin)).message;
  let text = '';
  for (let at = 0; at < appends; at++) {
    const append = { roomId, seq, offset: text.length, text: `${at} 語😀 `.padEnd(16, '.') };
    ok(await bot.command('appendMessage', append));
    if (at % 10 === 9) {
      await bot.drop();
      bot = await enter('bot');
      ok(await bot.join(roomId));
      assert.equal(ok(await bot.command('appendMessage', append)).duplicate, true);
    }
    text += append.text;
    await new Promise((resolve) => {
      setTimeout(resolve, EVERY_MS);
    });
  }
  ok(await bot.command('finishMessage', { roomId, seq }));
  await listener.hears('messageAppended', ({ status }) => status === 'done');
  const heard = listener.heard('messageAppended').map((told) => told.text);
  assert.equal(heard.join(''), text);
  const late = await enter('late');
  const { missed } = ok(await late.join(roomId, { since: '0:0' }));
  assert.equal(missed?.find((one) => one.seq === seq)?.message, text);
  await Promise.all([bot, listener, late].map((each) => each.close()));
  return text.length;
}
