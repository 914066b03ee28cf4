import { processorMs } from '../process-tree.ts';
import type { Crowd } from './crowd.ts';
import type { JoinWish } from './transports.ts';
import { after } from './runs.ts';

/** Joins that are under way at a time. */
const CONCURRENCY = 32;
/** How many of the first and of the last joins are measured apart. */
const PART = 100;
/** A contestant is at rest when it uses at most `REST_CPU_MS` in `REST_MS`, both in milliseconds. */
const REST_MS = 200;
const REST_CPU_MS = 20;
const MAX_REST_MS = 10_000;

/** The cost of joining all members. */
export interface JoinResult {
  joins: number;
  /** Time until the last member had joined. */
  ms: number;
  /** Processor time of the contestant until it was at rest again, and of parts of it. */
  cpuMs: number;
  firstCpuMs: number;
  lastCpuMs: number;
  /** Most frames that one member received until all had joined. */
  mostFrames: number;
  /** Number of missed changes in the first member's join reply. */
  missed: number;
  /** Position in the first member's join reply. */
  position?: string;
}

/** Joins all members. */
export async function runJoin(
  crowd: Crowd,
  pids: readonly number[],
  wish: JoinWish,
): Promise<JoinResult> {
  const { members } = crowd;
  const frames = new Map<number, number>();
  for (const member of members) {
    member.onFrame = ({ index }) => frames.set(index, (frames.get(index) ?? 0) + 1);
  }
  const begun = processorMs(pids);
  let firstEnd = begun;
  let lastBegin = begun;
  const begunAt = performance.now();
  await crowd.join(
    CONCURRENCY,
    () => wish,
    (count) => {
      if (count === PART) firstEnd = processorMs(pids);
      if (count === members.length - PART) lastBegin = processorMs(pids);
    },
  );
  const ms = performance.now() - begunAt;
  const lastEnd = processorMs(pids);
  await atRest(pids);
  const reply = members[0]?.reply;
  return {
    joins: members.length,
    ms,
    cpuMs: processorMs(pids) - begun,
    firstCpuMs: firstEnd - begun,
    lastCpuMs: lastEnd - lastBegin,
    mostFrames: Math.max(0, ...frames.values()),
    missed: reply?.missed?.length ?? 0,
    ...(reply?.position !== undefined && { position: reply.position }),
  };
}

/** Waits until a contestant has nothing left to do. */
async function atRest(pids: readonly number[]): Promise<void> {
  if (pids.length === 0) return;
  const until = performance.now() + MAX_REST_MS;
  let before = processorMs(pids);
  while (performance.now() < until) {
    await after(REST_MS);
    const now = processorMs(pids);
    if (now - before <= REST_CPU_MS) return;
    before = now;
  }
}
