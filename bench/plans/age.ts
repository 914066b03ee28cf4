import { type Contestant } from '../contestants.ts';
import { edgeFile, fill, nodeFile, words } from '../fill.ts';
import type { AskResult, AskWish } from '../generator/asks.ts';
import { median, rounded } from '../median.ts';
import { say, type Stage } from '../stage.ts';

/** What one thing costs in a room with so many messages. */
export interface AgeRow {
  host: string;
  messages: number;
  what: string;
  cpuMs: number;
  p50Ms: number;
  p99Ms: number;
  replyLength: number;
}

const ROOM = 'old';
const CROWD = 'asker';
const TIMES = 60;
const ROUNDS = 3;
/** How far back a client is that has been away for long, and for a moment. */
const LONG_AWAY = 5_000;
const SHORT_AWAY = 20;

/** Join, history, coming back and search in a room of each size, on one host. */
export async function runAge(
  stage: Stage,
  contestant: Contestant,
  sizes: readonly number[],
): Promise<AgeRow[]> {
  const rows: AgeRow[] = [];
  const data = stage.newFolder();
  for (const size of sizes) {
    await makeRoom(stage, contestant, data, size);
    const running = await stage.start(contestant, data);
    const { origin } = running;
    const { door } = contestant;
    const at = { crowd: CROWD, door, origin, room: ROOM };
    await stage.generator.ask('make', { ...at, members: 1 });
    const { position = '' } = await stage.generator.ask('join', { crowd: CROWD });
    const seen = new Map<string, AskResult[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [what, wish] of asks(position, size)) {
        const { pids } = running;
        const result = await stage.generator.ask('ask', {
          crowd: CROWD,
          pids,
          times: TIMES,
          ...wish,
        });
        seen.set(what, [...(seen.get(what) ?? []), result]);
      }
    }
    rows.push(...[...seen].map(([what, runs]) => rowOf(contestant.name, size, what, runs)));
    await stage.generator.ask('drop', { crowd: CROWD });
    await stage.stop(running);
    say(`${contestant.name}: asked a room of ${size} messages`);
  }
  return rows;
}

/** The edge host makes its file itself, with the first message; the rest is written into it. */
async function makeRoom(
  stage: Stage,
  contestant: Contestant,
  data: string,
  size: number,
): Promise<void> {
  const isEdge = contestant.host.kind === 'edge';
  if (isEdge) {
    const running = await stage.start(contestant, data);
    const { origin } = running;
    const { door } = contestant;
    const at = { crowd: CROWD, door, origin, room: ROOM };
    await stage.generator.ask('open', { ...at, members: 1, users: 'first' });
    const command = { name: 'message', payloads: [{ message: 'the first of many' }] };
    await stage.generator.ask('ask', { crowd: CROWD, pids: [], times: 1, command });
    await stage.generator.ask('drop', { crowd: CROWD });
    await stage.stop(running);
  }
  const begunAt = performance.now();
  await fill(isEdge ? edgeFile(data) : nodeFile(data, ROOM), ROOM, size);
  const seconds = ((performance.now() - begunAt) / 1_000).toFixed(0);
  say(`${contestant.name}: filled a room to ${size} messages in ${seconds} s`);
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
    ['search, two words', search(`${words.common} w11`)],
    ['search, a word nobody said', search(words.absent)],
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
