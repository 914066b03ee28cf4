import { type Contestant, SEED } from '../contestants.ts';
import { syncMs } from '../disk.ts';
import type { RunResult } from '../generator/runs.ts';
import { median, rounded } from '../median.ts';
import type { Running } from '../running.ts';
import { elapsedMs, say, type Stage } from '../stage.ts';

/** One way of talking in a room. */
export type Mode =
  | { kind: 'full'; inFlight: number }
  /** One message at a time, with pauses. */
  | { kind: 'quiet' }
  /** For all contestants, half of the rate that the seed-like server can take. */
  | { kind: 'half of the seed' }
  /** For each contestant, half of the rate that it can take. */
  | { kind: 'half of its own' };

/** A room's size, and what is done in it round after round. */
export interface Phase {
  members: number;
  modes: readonly Mode[];
  sendMs: number;
  /** No further round begins that would end later than this after the phase has begun, in milliseconds. */
  budgetMs: number;
  mostRounds: number;
}

/** Medians over the rounds. */
export interface Row {
  name: string;
  rounds: number;
  /** Rounds with a fault, which do not count. */
  voidRounds: number;
  /** Processor time per delivered message, in microseconds. */
  cpuUs: number;
  /** `cpuUs` as a ratio to that of the seed-like server. */
  ratio: number;
  deliveriesPerSecond: number;
  /** Messages that the room has stored (ours, the two objects) and everyone has received. */
  messagesPerSecond: number;
  /** Deliveries and answers for each frame that held any. */
  perFrame: number;
  p50Ms: number;
  p99Ms: number;
  /** How busy one processor was with the load generator: near 1 it sets the pace. */
  generatorShare: number;
}

export interface Figure {
  members: number;
  mode: string;
  rows: Row[];
  /** Time of one sync of the disk between its rounds; for a quiet room, with its pauses between syncs. */
  diskSyncMs: number;
}

/** Messages a second in a quiet room. */
const QUIET_PER_SECOND = 30;
/**
 * How many times longer a talk is if latencies matter. With a load that is the same for all it is so long
 * that the first messages, for which every contestant's code is cold, are fewer than one in a hundred.
 */
const TIMES = { full: 1, quiet: 3, 'half of the seed': 8, 'half of its own': 3 };
/** Messages in flight in the talk whose rate is halved. */
const REFERENCE_IN_FLIGHT = 50;

function titleOf(mode: Mode): string {
  return mode.kind === 'full' ? `${mode.inFlight} in flight` : mode.kind;
}

/** Runs one phase with every contestant, round after round, each round all of them in turn. */
export async function runPhase(
  stage: Stage,
  running: readonly Running[],
  phase: Phase,
): Promise<Figure[]> {
  const syncs: number[] = [];
  const isQuiet = phase.modes.some(({ kind }) => kind === 'quiet');
  const pauseMs = isQuiet ? 1_000 / QUIET_PER_SECOND : 0;
  const begunAt = elapsedMs();
  const room = `bench-${phase.members}`;
  for (const one of running) await gather(stage, one, room, phase.members);
  const results = new Map<string, RunResult[]>();
  let lastMs = 0;
  for (let round = 1; round <= phase.mostRounds; round++) {
    const roundAt = elapsedMs();
    if (roundAt - begunAt + lastMs > phase.budgetMs && round > 1) break;
    syncs.push(await syncMs(stage.folder, pauseMs));
    for (const mode of phase.modes) {
      for (const one of running) await runOne(stage, one, phase, mode, results);
      say(`${phase.members} members, ${titleOf(mode)}: round ${round} done`);
    }
    lastMs = elapsedMs() - roundAt;
  }
  for (const { contestant } of running)
    await stage.generator.ask('drop', { crowd: contestant.name });
  const diskSyncMs = rounded(median(syncs));
  return phase.modes.map((mode) => ({
    ...figureOf(running, phase, mode, results),
    diskSyncMs,
  }));
}

async function gather(stage: Stage, one: Running, room: string, members: number): Promise<void> {
  const { contestant, origin } = one;
  const { name: crowd, transport } = contestant;
  await stage.generator.ask('open', { crowd, transport, origin, room, members });
  // The first messages create tables and compile code.
  await stage.generator.ask('talk', { crowds: [crowd], pids: [], inFlight: 20, sendMs: 100 });
}

async function runOne(
  stage: Stage,
  { contestant, pids }: Running,
  phase: Phase,
  mode: Mode,
  results: Map<string, RunResult[]>,
): Promise<void> {
  const reference = (name: string) =>
    (results.get(keyOf(name, phase, { kind: 'full', inFlight: REFERENCE_IN_FLIGHT })) ?? []).map(
      rateOf,
    );
  const load = {
    full: { inFlight: mode.kind === 'full' ? mode.inFlight : 0 },
    quiet: { perSecond: QUIET_PER_SECOND },
    'half of the seed': { perSecond: median(reference(SEED)) / 2 },
    'half of its own': { perSecond: median(reference(contestant.name)) / 2 },
  }[mode.kind];
  const sendMs = phase.sendMs * TIMES[mode.kind];
  const result = await stage.generator.ask('talk', {
    crowds: [contestant.name],
    pids,
    sendMs,
    ...load,
  });
  if (result.faults.length > 0) {
    say(`VOID: ${contestant.name}, ${phase.members} members: ${result.faults.join('; ')}`);
  }
  const key = keyOf(contestant.name, phase, mode);
  results.set(key, [...(results.get(key) ?? []), result]);
}

function keyOf(name: string, { members }: Phase, mode: Mode): string {
  return `${name}/${members}/${titleOf(mode)}`;
}

/** Messages a second that reached everyone. */
function rateOf({ tally, ms }: RunResult): number {
  return (tally.messages / ms) * 1_000;
}

function cpuUs({ tally, cpuMs }: RunResult): number {
  return (cpuMs * 1_000) / tally.deliveries;
}

function figureOf(
  running: readonly Running[],
  phase: Phase,
  mode: Mode,
  results: ReadonlyMap<string, RunResult[]>,
): Omit<Figure, 'diskSyncMs'> {
  const runsOf = ({ name }: Contestant) => results.get(keyOf(name, phase, mode)) ?? [];
  const seed = running.find(({ contestant }) => contestant.name === SEED);
  const seedUs = seed === undefined ? 0 : median(good(runsOf(seed.contestant)).map(cpuUs));
  const rows = running.map(({ contestant }) => rowOf(contestant.name, runsOf(contestant), seedUs));
  return { members: phase.members, mode: titleOf(mode), rows };
}

function good(runs: readonly RunResult[]): RunResult[] {
  return runs.filter((run) => run.faults.length === 0);
}

function rowOf(name: string, all: readonly RunResult[], seedUs: number): Row {
  const runs = good(all);
  const of = (read: (run: RunResult) => number) => median(runs.map(read));
  const own = of(cpuUs);
  return {
    name,
    rounds: runs.length,
    voidRounds: all.length - runs.length,
    cpuUs: rounded(own),
    ratio: rounded(own / seedUs),
    deliveriesPerSecond: rounded(of((run) => (run.tally.deliveries / run.ms) * 1_000)),
    messagesPerSecond: rounded(of(rateOf)),
    perFrame: rounded(of(({ tally }) => (tally.deliveries + tally.answers) / tally.frames)),
    p50Ms: rounded(of((run) => run.p50)),
    p99Ms: rounded(of((run) => run.p99)),
    generatorShare: rounded(of((run) => run.generatorMs / run.ms)),
  };
}
