import { processorMs } from '../process-tree.ts';
import type { Crowd } from './crowd.ts';
import type { JoinWish } from './transports.ts';
import { Latencies } from './latencies.ts';

/** A command or a join, repeated by one client, each after the reply to the one before. */
export interface AskWish {
  pids: number[];
  times: number;
  /** Payloads, taken in turn. */
  command?: { name: string; payloads: object[] };
  /** Instead of a command: cut the socket and join with this. */
  join?: JoinWish;
}

export interface AskResult {
  times: number;
  /** Processor time of the contestant for each, in milliseconds. */
  cpuMs: number;
  p50: number;
  p99: number;
  /** Size of the replies to commands, in characters. */
  replyLength: number;
}

export async function runAsk(crowd: Crowd, wish: AskWish): Promise<AskResult> {
  const [member] = crowd.members;
  if (member === undefined) throw new Error('Nobody is there to ask.');
  const latencies = new Latencies();
  let length = 0;
  const begun = processorMs(wish.pids);
  for (let count = 0; count < wish.times; count++) {
    if (wish.join !== undefined) await member.drop();
    const begunAt = performance.now();
    if (wish.join !== undefined) await crowd.join(1, () => wish.join ?? {});
    else if (wish.command !== undefined) {
      const { name, payloads } = wish.command;
      length += (await member.ask(name, payloads[count % payloads.length] ?? {})).length;
    }
    latencies.add(performance.now() - begunAt);
  }
  return {
    times: wish.times,
    cpuMs: (processorMs(wish.pids) - begun) / wish.times,
    p50: latencies.percentile(50),
    p99: latencies.percentile(99),
    replyLength: length / wish.times,
  };
}
