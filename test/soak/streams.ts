import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { setTimeout as passed } from 'node:timers/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { Killable } from '../support/killable.ts';
import { seeded } from '../support/seeded.ts';
import { playStream, type StreamReport } from '../support/stream-play.ts';
import { StreamReader, StreamWriter, Talk } from '../support/streaming-visitors.ts';
import { tokenFor } from '../support/tokens.ts';
import { directTransports } from '../support/transports.ts';
import { withHarness } from '../unit/room/with-harness.ts';

/** The appends in which 64 KiB are streamed. */
const APPENDS = 3_000;
/** The interval of appends to one message, in milliseconds; the rate limit allows one every 50 ms. */
const EVERY_MS = 55;
/** Blocks of appends, each followed by as long a time without, so that both are measured alike. */
const BLOCKS = 24;
/** The size of an event besides its text, in bytes. */
const ENVELOPE_BYTES = 200;

/**
 * Streams 64 KiB in 3,000 appends, repeatedly: in a room that is evicted and killed, and at every
 * transport of real hosts that are killed half-way. The sender loses its connection at every tenth
 * append, readers join late, and other users talk in the room with and without the stream. Takes six
 * minutes; appends less if `minutes` is lower.
 */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  for (let round = 0; round === 0 || Date.now() < end; round++) {
    const [half, whole] = [APPENDS / 2, APPENDS].map((appends) =>
      withHarness({ COMMAND_BURST: '1000000' }, (harness) =>
        playStream(harness, seeded(seed + round), appends),
      ),
    ) as [StreamReport, StreamReport];
    log(`a room: ${JSON.stringify(whole)}`);
    // The same text in twice the appends stores about twice as much: an append's cost does not grow.
    assert(whole.rows / half.rows < 2.1, `${half.rows} rows for half of the appends`);
    assert(whole.stored / half.stored < 2.1, `${half.stored} bytes for half of the appends`);
    const fitting = Math.floor((minutes * 60_000) / (2 * EVERY_MS) / BLOCKS);
    await atHosts(Math.min(APPENDS / BLOCKS, fitting), log);
  }
}

async function atHosts(blockAppends: number, log: SoakOptions['log']): Promise<void> {
  const bundle = await bundleWorker();
  const hosts: Record<HostName, Killable> = {
    node: await Killable.node({}),
    edge: await Killable.edge(bundle, {}),
  };
  const urls = { node: '', edge: '' };
  const start = async () => {
    [urls.node, urls.edge] = await Promise.all([hosts.node.start(), hosts.edge.start()]);
  };
  try {
    await start();
    const streams = await Promise.all(
      directTransports.map((transport) =>
        StreamAtHost.begin(transport.name, async (userId) =>
          transport.visit(urls[transport.host], { token: await tokenFor(userId) }),
        ),
      ),
    );
    const together = (work: (stream: StreamAtHost) => Promise<void>) =>
      Promise.all(streams.map(work));
    for (let block = 0; block < BLOCKS; block++) {
      if (block % 6 === 1) await together((stream) => stream.addReader(`late ${block}`));
      const startedAt = performance.now();
      const appending = together((stream) => stream.append(blockAppends));
      await talkDuring(streams, 'with', appending);
      await together((stream) => stream.signsOfLife());
      if (block === BLOCKS / 2) {
        for (const stream of streams) stream.writer.appendInto(piece(0));
        await Promise.all([hosts.node.kill(), hosts.edge.kill()]);
        await start();
        await together((stream) => stream.comeBack());
      }
      await talkDuring(streams, 'without', passed(performance.now() - startedAt));
    }
    await together((stream) => stream.finish());
    for (const stream of streams) log(stream.report());
  } finally {
    await Promise.all([hosts.node.remove(), hosts.edge.remove()]);
    await rm(bundle, { recursive: true, force: true });
  }
}

type When = 'with' | 'without';

/** The talkers of all streams talk until `work` is done. */
async function talkDuring(
  streams: readonly StreamAtHost[],
  when: When,
  work: Promise<unknown>,
): Promise<void> {
  let isTalking = true;
  const talks = streams.map(({ talk, times }) => talk.during(times[when], () => isTalking));
  try {
    await work;
  } finally {
    isTalking = false;
    await Promise.all(talks);
  }
}

/** Text of 16 UTF-16 units with characters of every UTF-8 width. */
function piece(at: number): string {
  return `${at} 語😀 ש`.padEnd(16, '.');
}

type Enter = Parameters<typeof StreamWriter.begin>[0];

/** A stream at one transport of one host, with its readers and a user who talks in its room. */
class StreamAtHost {
  readonly #name: string;
  readonly #enter: Enter;
  readonly writer: StreamWriter;
  readonly talk: Talk;
  readonly times: Record<When, number[]> = { with: [], without: [] };
  readonly #readers: StreamReader[] = [];

  private constructor(name: string, enter: Enter, writer: StreamWriter) {
    this.#name = name;
    this.#enter = enter;
    this.writer = writer;
    this.talk = new Talk(writer.roomId);
  }

  static async begin(name: string, enter: Enter): Promise<StreamAtHost> {
    const writer = await StreamWriter.begin(enter, `stream-${crypto.randomUUID()}`);
    const stream = new StreamAtHost(name, enter, writer);
    await stream.talk.come(enter);
    await stream.addReader('first');
    return stream;
  }

  async addReader(userId: string): Promise<void> {
    const { roomId, seq } = this.writer;
    this.#readers.push(await StreamReader.join(this.#enter, roomId, seq, userId));
  }

  async append(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      await this.writer.append(piece(at));
      await passed(EVERY_MS);
    }
  }

  async signsOfLife(): Promise<void> {
    for (const reader of this.#readers) await reader.signOfLife();
  }

  async comeBack(): Promise<void> {
    await this.writer.comeBack();
    for (const reader of this.#readers) await reader.comeBack(this.#enter);
    await this.talk.come(this.#enter);
  }

  async finish(): Promise<void> {
    const { text } = this.writer;
    await this.writer.finish();
    for (const reader of this.#readers) await reader.untilDone();
    await this.addReader('last');
    for (const reader of this.#readers)
      assert.equal(reader.text, text, 'a reader has another text');
    const [{ bytes, events }] = this.#readers as [StreamReader];
    const most = 1.5 * Buffer.byteLength(JSON.stringify(text)) + events * ENVELOPE_BYTES;
    assert(bytes <= most, `${bytes} bytes on the wire, more than ${most}`);
    await Promise.all([...this.#readers.map((reader) => reader.close()), this.talk.leave()]);
  }

  report(): string {
    const [{ bytes, events }] = this.#readers as [StreamReader];
    const { text } = this.writer;
    const size = `${Buffer.byteLength(text)} bytes of text, ${bytes} on the wire in ${events} events`;
    const [during, quiet] = [quantiles(this.times.with), quantiles(this.times.without)];
    const ratio = (during.p99 / quiet.p99).toFixed(2);
    const talk = `replies to others p50 ${shown(during.p50)} with and ${shown(quiet.p50)} without, p99 ${shown(during.p99)} and ${shown(quiet.p99)}: ${ratio}`;
    return `${this.#name}: ${size}, ${this.#readers.length} readers of one text; ${talk}`;
  }
}

function quantiles(times: readonly number[]): { p50: number; p99: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

function shown(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}
