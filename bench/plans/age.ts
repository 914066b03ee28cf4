import { roomPath } from '../../local-server/node-rooms.ts';
import type { Contestant } from '../contestants.ts';
import { edgeFile, fill, words } from '../fill.ts';
import type { AskResult, AskWish } from '../generator/asks.ts';
import { median, rounded } from '../median.ts';
import type { Running } from '../running.ts';
import { say, type Stage } from '../stage.ts';

/** The cost of one operation in a room of a size. */
export interface AgeRow {
  host: string;
  messages: number;
  what: string;
  cpuMs: number;
  p50Ms: number;
  p99Ms: number;
  replyLength: number;
}

const TIMES = 60;
const ROUNDS = 3;
/** How many messages a client has missed that was away for long, and for a moment. */
const LONG_AWAY = 5_000;
const SHORT_AWAY = 20;

/**
 * Join, history, reconnecting and search in a room of each size, all on one running host and in turn,
 * so that other work of the machine affects every size alike.
 */
export async function runAge(
  stage: Stage,
  contestant: Contestant,
  sizes: readonly number[],
): Promise<AgeRow[]> {
  const data = stage.newFolder();
  await makeRooms(stage, contestant, data, sizes);
  const running = await stage.start(contestant, data);
  const { origin, pids } = running;
  const asked = new Map<number, [what: string, wish: Asked][]>();
  for (const size of sizes) {
    const [crowd, room] = [`${size}`, roomOf(size)];
    await stage.generator.ask('make', {
      crowd,
      transport: contestant.transport,
      origin,
      room,
      members: 1,
    });
    const { position = '' } = await stage.generator.ask('join', { crowd });
    asked.set(size, asks(position, size));
  }
  const seen = new Map<string, AskResult[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const what of asks('', 1).keys()) {
      for (const size of sizes) {
        const [title, wish] = asked.get(size)?.[what] ?? ['', {}];
        const given = { crowd: `${size}`, pids, times: TIMES, ...wish };
        const key = `${size} ${title}`;
        seen.set(key, [...(seen.get(key) ?? []), await stage.generator.ask('ask', given)]);
      }
    }
    say(`${contestant.name}: asked rooms of ${sizes.join(' and ')} messages, round ${round + 1}`);
  }
  for (const size of sizes) await stage.generator.ask('drop', { crowd: `${size}` });
  await stage.stop(running);
  return sizes.flatMap((size) =>
    asks('', 1).map(([what]) =>
      rowOf(contestant.name, size, what, seen.get(`${size} ${what}`) ?? []),
    ),
  );
}

function roomOf(size: number): string {
  return `room-of-${size}`;
}

/** The edge host makes its files itself, with a first message; the rest is written into them. */
async function makeRooms(
  stage: Stage,
  contestant: Contestant,
  data: string,
  sizes: readonly number[],
): Promise<void> {
  const isEdge = contestant.host.kind === 'edge';
  if (isEdge) {
    const running = await stage.start(contestant, data);
    for (const size of sizes) await sayFirst(stage, running, roomOf(size));
    await stage.stop(running);
  }
  for (const size of sizes) {
    const begunAt = performance.now();
    const room = roomOf(size);
    await fill(isEdge ? edgeFile(data, room) : roomPath(data, room), room, size);
    const seconds = ((performance.now() - begunAt) / 1_000).toFixed(0);
    say(`${contestant.name}: filled a room to ${size} messages in ${seconds} s`);
  }
}

async function sayFirst({ generator }: Stage, running: Running, room: string): Promise<void> {
  const { contestant, origin } = running;
  const crowd = 'first';
  const wish = { crowd, transport: contestant.transport, origin, room, members: 1, users: 'first' };
  await generator.ask('open', wish);
  const command = { name: 'message', payloads: [{ message: 'the first of many' }] };
  await generator.ask('ask', { crowd, pids: [], times: 1, command });
  await generator.ask('drop', { crowd });
}

type Asked = Pick<AskWish, 'command' | 'join'>;

function asks(position: string, size: number): [what: string, wish: Asked][] {
  const epoch = position.slice(0, position.lastIndexOf(':'));
  const long = `${epoch}:${Math.max(0, size - LONG_AWAY)}`;
  const short = `${epoch}:${size - SHORT_AWAY}`;
  const places = Array.from({ length: 20 }, (_, at) => Math.floor((size * (at + 1)) / 21));
  return [
    ['join', { join: {} }],
    ['join with history 50', { join: { history: 50 } }],
    [`join with since, ${SHORT_AWAY} missed`, { join: { since: short } }],
    [`join with since, ${LONG_AWAY} missed`, { join: { since: long } }],
    ['history, newest 50', { command: { name: 'getHistory', payloads: [{}] } }],
    [
      'history, 50 anywhere',
      { command: { name: 'getHistory', payloads: places.map((before) => ({ before })) } },
    ],
    [
      'missed, a page of 500',
      { command: { name: 'getMissed', payloads: [{ after: long, limit: 500 }] } },
    ],
    ['search, a common word', search(words.common)],
    ['search, a rare word', search(words.rare)],
    ['search, two words', search(words.pair)],
    ['search, a phrase', search(words.phrase)],
    ['search, the beginning of a word', search(words.beginning)],
    ['search, the beginning of many words', search(words.broad)],
    ['search, a word nobody said', search(words.absent)],
    ['search, two ideographs', search(words.ideographs)],
    ['search, four ideographs', search(words.sentence)],
    ['search, one ideograph', search(words.ideograph)],
  ];
}

function search(query: string): Asked {
  return { command: { name: 'searchMessages', payloads: [{ query }] } };
}

function rowOf(host: string, messages: number, what: string, runs: readonly AskResult[]): AgeRow {
  const of = (read: (run: AskResult) => number) => rounded(median(runs.map(read)));
  return {
    host,
    messages,
    what,
    cpuMs: of((run) => run.cpuMs),
    p50Ms: of((run) => run.p50),
    p99Ms: of((run) => run.p99),
    replyLength: of((run) => run.replyLength),
  };
}
