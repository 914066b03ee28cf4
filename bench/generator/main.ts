import { Crowd } from './crowd.ts';
import type { TransportName, JoinWish } from './transports.ts';
import { type AskResult, type AskWish, runAsk } from './asks.ts';
import { type JoinResult, runJoin } from './joins.ts';
import { type RunResult, type RunWish, runTalk } from './runs.ts';

/** What the load generator can be asked to do, by name. Arguments and results travel as JSON. */
export interface Operations {
  /** Makes a crowd for a room of a contestant, without joining it. */
  make(wish: CrowdWish): object;
  /** Joins all members of a crowd, or joins them again. */
  join(wish: { crowd: string; pids?: number[] } & JoinWish): JoinResult;
  /** Makes and joins. */
  open(wish: CrowdWish): object;
  talk(wish: { crowds: string[] } & RunWish): RunResult;
  ask(wish: { crowd: string } & AskWish): AskResult;
  /** Cuts every socket. */
  cut(wish: { crowd: string }): object;
  /** Cuts, and forgets the crowd. */
  drop(wish: { crowd: string }): object;
}

export interface CrowdWish {
  crowd: string;
  transport: TransportName;
  origin: string;
  room: string;
  members: number;
  /** Prefix of its users' ids. */
  users?: string;
}

export type OperationName = keyof Operations;

export interface Ask {
  id: number;
  name: OperationName;
  wish: unknown;
}

export interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

type Handlers = {
  [N in OperationName]: (wish: Parameters<Operations[N]>[0]) => Promise<ReturnType<Operations[N]>>;
};

const crowds = new Map<string, Crowd>();

function crowdOf(name: string): Crowd {
  const crowd = crowds.get(name);
  if (crowd === undefined) throw new Error(`There is no crowd ${name}.`);
  return crowd;
}

function make({ crowd, transport, origin, room, members, users }: CrowdWish): Crowd {
  const made = new Crowd(transport, origin.replace('http', 'ws'), room, members, users);
  crowds.set(crowd, made);
  return made;
}

const handlers: Handlers = {
  async make(wish) {
    make(wish);
    return {};
  },
  join: ({ crowd, pids = [], ...wish }) => runJoin(crowdOf(crowd), pids, wish),
  async open(wish) {
    await runJoin(make(wish), [], {});
    return {};
  },
  talk: ({ crowds: names, ...wish }) => runTalk(names.map(crowdOf), wish),
  ask: ({ crowd, ...wish }) => runAsk(crowdOf(crowd), wish),
  async cut({ crowd }) {
    await crowdOf(crowd).drop();
    return {};
  },
  async drop({ crowd }) {
    await crowdOf(crowd).drop();
    crowds.delete(crowd);
    return {};
  },
};

async function handle({ id, name, wish }: Ask): Promise<void> {
  const answer: Answer = { id };
  try {
    answer.result = await handlers[name](wish as never);
  } catch (error) {
    answer.error = (error as Error).stack ?? String(error);
  }
  process.send?.(answer);
}

process.on('message', (ask: Ask) => void handle(ask));
// The bench is gone.
process.on('disconnect', () => process.exit(0));
