import { processorMs } from '../process-tree.ts';
import type { Crowd } from './crowd.ts';
import { Latencies } from './latencies.ts';
import { Talk, type Tally } from './talk.ts';

/** After a run, what has not come counts as lost when nothing has come for this long, in milliseconds. */
const SILENCE_MS = 30_000;
const SETTLE_TICK_MS = 5;
/** Least processor time of a run, in milliseconds: it is counted in ticks of 10 ms, so less is too coarse. */
const CPU_ENOUGH_MS = 400;
/** For that, a run is extended to at most this many times `sendMs`. */
const MAX_EXTENSION = 4;
const LOOK_EVERY_MS = 25;

/** What a run has shown, from its first message until the last one has reached everyone. */
export interface RunResult {
  tally: Tally;
  ms: number;
  /** Processor time of the contestant in that time. */
  cpuMs: number;
  /** The generator's own, which is in no figure: if it is near `ms`, the generator sets the pace. */
  generatorMs: number;
  /** Send-to-receive latency of deliveries, in milliseconds. */
  p50: number;
  p99: number;
  /** Why the run is void. */
  faults: string[];
}

export interface RunWish {
  /** Every process of the contestant. */
  pids: number[];
  /** How long new messages are sent at least; until the contestant has used `CPU_ENOUGH_MS`, too. */
  sendMs: number;
  /** Keeps this many messages in flight. */
  inFlight?: number;
  /** Or sends this many a second, whatever comes back. */
  perSecond?: number;
  /** How long nothing may come after the end, in milliseconds, before the rest counts as lost. */
  silenceMs?: number;
}

/**
 * Talks for a while in one room or in several at once, each with a load of its own. Counts everything
 * that the talk has cost, until its last message has reached everyone.
 */
export async function runTalk(crowds: readonly Crowd[], wish: RunWish): Promise<RunResult> {
  const latencies = new Latencies();
  const talks = crowds.map((crowd) => new Talk(crowd, latencies));
  const own = process.cpuUsage();
  const cpuMs = processorMs(wish.pids);
  const begunAt = performance.now();
  const stops = talks.map((talk) =>
    wish.inFlight === undefined ? pace(talk, wish.perSecond ?? 1) : keepFull(talk, wish.inFlight),
  );
  await enough(wish, begunAt, cpuMs);
  for (const stop of stops) stop();
  await settled(talks, wish.silenceMs ?? SILENCE_MS);
  const { user, system } = process.cpuUsage(own);
  return {
    tally: sumOf(talks.map((talk) => talk.tally)),
    ms: Math.max(...talks.map((talk) => talk.deliveredAt)) - begunAt,
    cpuMs: processorMs(wish.pids) - cpuMs,
    generatorMs: (user + system) / 1_000,
    p50: latencies.percentile(50),
    p99: latencies.percentile(99),
    faults: talks.flatMap((talk) => talk.judge()),
  };
}

function sumOf(tallies: readonly Tally[]): Tally {
  const sum: Tally = { messages: 0, deliveries: 0, frames: 0, answers: 0 };
  for (const one of tallies) {
    sum.messages += one.messages;
    sum.deliveries += one.deliveries;
    sum.frames += one.frames;
    sum.answers += one.answers;
  }
  return sum;
}

async function enough({ pids, sendMs, inFlight }: RunWish, begunAt: number, cpuMs: number) {
  await after(sendMs);
  if (inFlight === undefined) return;
  const until = begunAt + sendMs * MAX_EXTENSION;
  while (processorMs(pids) - cpuMs < CPU_ENOUGH_MS && performance.now() < until) {
    await after(LOOK_EVERY_MS);
  }
}

function keepFull(talk: Talk, inFlight: number): () => void {
  talk.onDelivered = () => talk.say();
  for (let count = 0; count < inFlight; count++) talk.say();
  return () => {
    talk.onDelivered = () => undefined;
  };
}

function pace(talk: Talk, perSecond: number): () => void {
  const begunAt = performance.now();
  let said = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - begunAt) / 1_000) * perSecond;
    for (; said < due; said++) talk.say();
  }, 1);
  return () => clearInterval(timer);
}

/** Waits for what is under way, for as long as anything comes. */
async function settled(talks: readonly Talk[], silenceMs: number): Promise<void> {
  let received = 0;
  let receivedAt = performance.now();
  while (talks.some((talk) => !talk.isSettled) && performance.now() - receivedAt < silenceMs) {
    await after(SETTLE_TICK_MS);
    const { deliveries, answers } = sumOf(talks.map((talk) => talk.tally));
    if (deliveries + answers > received) receivedAt = performance.now();
    received = deliveries + answers;
  }
}

/** Resolves after `ms` milliseconds. */
export function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
