import type { Contestant } from '../contestants.ts';
import { rounded } from '../median.ts';
import { figureText, verdictText } from '../report.ts';
import { machine, writeResults } from '../results.ts';
import type { Running } from '../running.ts';
import { say, type Stage } from '../stage.ts';
import { verdicts } from '../targets.ts';
import { type Figure, type Phase, runPhase } from './talk.ts';

const FULL = [
  { kind: 'full', inFlight: 50 },
  { kind: 'full', inFlight: 500 },
] as const;

/** Under 90 s: the loads that the table of targets is about. */
const QUICK: readonly Phase[] = [
  { members: 200, modes: FULL, sendMs: 300, budgetMs: 55_000, mostRounds: 5 },
];

/** Under 10 minutes, wherever it runs: on a slow machine there are fewer rounds. */
const WHOLE: readonly Phase[] = [
  {
    members: 200,
    modes: [...FULL, { kind: 'half of the seed' }, { kind: 'half of its own' }],
    sendMs: 400,
    budgetMs: 180_000,
    mostRounds: 5,
  },
  {
    members: 10,
    modes: [...FULL, { kind: 'quiet' }],
    sendMs: 400,
    budgetMs: 90_000,
    mostRounds: 5,
  },
  { members: 1_000, modes: FULL, sendMs: 400, budgetMs: 180_000, mostRounds: 3 },
];

/** Talks of every size with every contestant: the processor time and the latency of deliveries. */
export async function runTalks(
  stage: Stage,
  contestants: readonly Contestant[],
  { quick, rounds }: { quick: boolean; rounds: number | undefined },
): Promise<void> {
  await stage.bundle(contestants);
  const running: Running[] = [];
  for (const contestant of contestants) running.push(await stage.start(contestant));
  say(`${running.length} contestants run`);
  const figures: Figure[] = [];
  for (const phase of quick ? QUICK : WHOLE) {
    const chosen =
      rounds === undefined ? phase : { ...phase, mostRounds: rounds, budgetMs: Infinity };
    const seen = await runPhase(stage, running, chosen);
    figures.push(...seen);
    for (const figure of seen) process.stdout.write(figureText(figure));
  }
  const diskSyncMs = figures[0]?.diskSyncMs ?? 0;
  const judged = verdicts(figures);
  process.stdout.write(verdictText(judged));
  const startMs = Object.fromEntries(
    running.map((one) => [one.contestant.name, rounded(one.startMs)]),
  );
  const path = await writeResults(quick ? 'quick' : 'whole', {
    machine: machine(diskSyncMs),
    startMs,
    figures,
    targets: judged,
  });
  say(`one sync of this disk takes ${diskSyncMs.toFixed(2)} ms; written to ${path}`);
}
