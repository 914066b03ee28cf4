import { Crowd } from './crowd.ts';
import type { DoorName } from './doors.ts';
import { type RunResult, type RunWish, runTalk } from './runs.ts';

/** What the load generator can be asked to do, by name. Arguments and results travel as JSON. */
export interface Operations {
  /** Joins a crowd to a room of a contestant. */
  open(wish: { crowd: string; door: DoorName; origin: string; room: string; members: number }): {
    ms: number;
  };
  talk(wish: { crowd: string } & RunWish): RunResult;
  drop(wish: { crowd: string }): object;
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

/** Joins that are under way at a time. */
const CONCURRENCY = 32;

const crowds = new Map<string, Crowd>();

function crowdOf(name: string): Crowd {
  const crowd = crowds.get(name);
  if (crowd === undefined) throw new Error(`There is no crowd ${name}.`);
  return crowd;
}

const handlers: Handlers = {
  async open({ crowd: name, door, origin, room, members }) {
    const crowd = new Crowd(door, origin, room, members);
    crowds.set(name, crowd);
    const begunAt = performance.now();
    await crowd.join(CONCURRENCY);
    return { ms: performance.now() - begunAt };
  },
  talk: ({ crowd, ...wish }) => runTalk(crowdOf(crowd), wish),
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
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0));
