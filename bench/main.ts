import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT } from '../scripts/project.ts';
import { type Bundle, bundle } from './bundles.ts';
import { type Contestant, contestants, isOurs, SEED } from './contestants.ts';
import { Generator } from './generator.ts';
import type { RunResult } from './generator/runs.ts';
import { Running } from './running.ts';

const begunAt = performance.now();
function say(line: string): void {
  const seconds = ((performance.now() - begunAt) / 1_000).toFixed(0).padStart(4);
  process.stdout.write(`[${seconds} s] ${line}\n`);
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    members: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    ms: { type: 'string', default: '500' },
  },
});

const only = values.only?.split(',');
const chosen = contestants.filter(
  ({ name }) => only === undefined || name === SEED || only.some((part) => name.includes(part)),
);

async function bundles(into: string): Promise<Map<string, Bundle>> {
  const entries = new Map<string, boolean>();
  for (const contestant of chosen) {
    if (contestant.host.kind === 'edge') entries.set(contestant.host.entry, isOurs(contestant));
  }
  const made = await Promise.all(
    [...entries].map(async ([entry, ours]) => [entry, await bundle(entry, into, ours)] as const),
  );
  return new Map(made);
}

function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

async function main() {
  await mkdir(join(PROJECT, 'dist'), { recursive: true });
  const work = await mkdtemp(join('dist', 'bench-'));
  const running: Running[] = [];
  const generator = new Generator();
  const stop = () => {
    for (const one of running) one.kill();
    generator.end();
    process.exit(1);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    say('bundling the Workers');
    const made = await bundles(work);
    const members = Number(values.members);
    for (const contestant of chosen) {
      const data = join(PROJECT, work, `data-${running.length}`);
      const one = await Running.start(contestant, data, made);
      running.push(one);
      await generator.ask('open', {
        crowd: contestant.name,
        door: contestant.door,
        origin: one.origin.replace('http', 'ws'),
        room: 'bench',
        members,
      });
      await generator.ask('talk', { crowd: contestant.name, pids: [], inFlight: 50, sendMs: 500 });
      say(`${contestant.name} started in ${one.startMs.toFixed(0)} ms, ${members} joined`);
    }
    const results = new Map<string, RunResult[]>();
    const key = (contestant: Contestant, inFlight: number) => `${contestant.name} ${inFlight}`;
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const inFlight of [50, 500]) {
        for (const { contestant, pids } of running) {
          const result = await generator.ask('talk', {
            crowd: contestant.name,
            pids,
            inFlight,
            sendMs: Number(values.ms),
          });
          if (result.faults.length > 0) say(`VOID ${contestant.name}: ${result.faults.join('; ')}`);
          const name = key(contestant, inFlight);
          results.set(name, [...(results.get(name) ?? []), result]);
        }
      }
      say(`round ${round + 1}`);
    }
    const cpu = (runs: RunResult[]) =>
      median(runs.map((run) => (run.cpuMs * 1000) / run.tally.deliveries));
    for (const inFlight of [50, 500]) {
      const seed = cpu(results.get(`${SEED} ${inFlight}`) ?? []);
      process.stdout.write(`\n${members} members, ${inFlight} in flight\n`);
      for (const contestant of chosen) {
        const runs = results.get(key(contestant, inFlight)) ?? [];
        const own = cpu(runs);
        const rate = median(runs.map((run) => run.tally.deliveries / run.ms));
        const perFrame = median(runs.map((run) => run.tally.deliveries / run.tally.frames));
        const messages = (rate * 1000) / (members - 1);
        process.stdout.write(
          `${contestant.name.padEnd(24)} ${own.toFixed(2).padStart(7)} µs  ratio ${(own / seed).toFixed(2)}  ${rate.toFixed(0).padStart(5)}k/s  ${messages.toFixed(0).padStart(6)} msg/s  ${perFrame.toFixed(1).padStart(5)} a frame  p50 ${median(runs.map((r) => r.p50)).toFixed(2)} p99 ${median(runs.map((r) => r.p99)).toFixed(2)} ms\n`,
        );
      }
    }
  } finally {
    await Promise.all(running.map((one) => one.stop()));
    generator.end();
    await rm(work, { recursive: true, force: true });
  }
}

await main();
