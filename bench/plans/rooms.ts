import type { Contestant } from '../contestants.ts';
import { median, rounded } from '../median.ts';
import type { RunResult } from '../generator/runs.ts';
import type { Running } from '../running.ts';
import { say, type Stage } from '../stage.ts';

/** Many rooms at once, each a little busy. */
export interface RoomsRow {
  name: string;
  rounds: number;
  cpuUs: number;
  deliveriesPerSecond: number;
  messagesPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export const ROOMS = 200;
const MEMBERS = 5;
const IN_FLIGHT_EACH = 2;
const ROUNDS = 3;
const SEND_MS = 1_000;

export async function runRooms(
  stage: Stage,
  contestants: readonly Contestant[],
): Promise<RoomsRow[]> {
  const running: Running[] = [];
  for (const contestant of contestants) running.push(await stage.start(contestant));
  for (const one of running) {
    for (const crowd of crowdsOf(one)) {
      const { contestant, origin } = one;
      const room = crowd.slice(crowd.lastIndexOf('/') + 1);
      const wish = { crowd, transport: contestant.transport, origin, room, members: MEMBERS };
      await stage.generator.ask('open', wish);
    }
    say(`${one.contestant.name}: ${ROOMS} rooms are there`);
  }
  const results = new Map<Running, RunResult[]>();
  // The first round, which creates tables and compiles code, does not count.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of running) {
      const { pids } = one;
      const load = { crowds: crowdsOf(one), inFlight: IN_FLIGHT_EACH, sendMs: SEND_MS };
      const result = await stage.generator.ask('talk', { pids, ...load });
      if (result.faults.length > 0) say(`VOID: ${one.contestant.name}: ${result.faults[0] ?? ''}`);
      else if (round > 0) results.set(one, [...(results.get(one) ?? []), result]);
    }
    say(`${ROOMS} rooms: round ${round}`);
  }
  for (const one of running) {
    for (const crowd of crowdsOf(one)) await stage.generator.ask('drop', { crowd });
    await stage.stop(one);
  }
  return running.map((one) => rowOf(one, results.get(one) ?? []));
}

function crowdsOf({ contestant }: Running): string[] {
  return Array.from({ length: ROOMS }, (_, at) => `${contestant.name}/room${at}`);
}

function rowOf({ contestant }: Running, runs: readonly RunResult[]): RoomsRow {
  const of = (read: (run: RunResult) => number) => rounded(median(runs.map(read)));
  return {
    name: contestant.name,
    rounds: runs.length,
    cpuUs: of((run) => (run.cpuMs * 1_000) / run.tally.deliveries),
    deliveriesPerSecond: of((run) => (run.tally.deliveries / run.ms) * 1_000),
    messagesPerSecond: of((run) => (run.tally.messages / run.ms) * 1_000),
    p50Ms: of((run) => run.p50),
    p99Ms: of((run) => run.p99),
  };
}
