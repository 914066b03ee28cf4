import { type Contestant, OURS } from '../contestants.ts';
import { syncMs } from '../disk.ts';
import type { RunResult } from '../generator/runs.ts';
import { median, rounded } from '../median.ts';
import { verdictText } from '../report.ts';
import { machine, writeResults } from '../results.ts';
import type { Running } from '../running.ts';
import { say, type Stage } from '../stage.ts';
import { table } from '../table.ts';
import { hookVerdicts } from '../targets.ts';

/** What a backend costs a room's members: medians of all rounds. */
export interface HookRow {
  name: string;
  /** What the backend does. */
  what: string;
  rounds: number;
  p50Ms: number;
  p99Ms: number;
  /** Processor time per delivery, in microseconds. */
  cpuUs: number;
  /** Ratio to the same load without the backend, in the same round. */
  p50Ratio: number;
  p99Ratio: number;
  cpuRatio: number;
}

/** A load on a host, and the one that it is compared with. */
interface Case {
  what: string;
  /** What the host is started with, by the address of the backend; the same settings share a host. */
  settings: string;
  /** Whether others wait for slow verdicts in another room at the same time. */
  hasSlowOthers?: true;
  base?: string;
}

const NONE = 'no backend';
const ASKED = 'asked about each message';

const CASES: readonly Case[] = [
  { what: NONE, settings: 'none' },
  { what: 'webhook, all taken', settings: 'taken', base: NONE },
  { what: 'webhook, backend hangs', settings: 'hangs', base: NONE },
  { what: 'webhook, backend answers 500', settings: 'fails', base: NONE },
  { what: ASKED, settings: 'decides' },
  {
    what: 'the same, others wait 1.2 s each',
    settings: 'decides',
    hasSlowOthers: true,
    base: ASKED,
  },
];

const HOSTS: readonly Contestant[] = [
  { name: 'native@node', transport: 'native', host: { kind: 'node', durability: 'disk' } },
  { name: 'native@edge', transport: 'native', host: { kind: 'edge', entry: OURS } },
];

const MEMBERS = 20;
const PER_SECOND = 50;
const SEND_MS = 3_000;
const ROUNDS = 9;
/** Messages a second in the other room, each of which waits for its slow verdict. */
const SLOW_PER_SECOND = 5;

const SECRETS = `whsec_${'x'.repeat(32)}`;

/** What a backend costs the members of a room, whatever it does: the same load with and without it, in turn. */
export async function runHooks(stage: Stage, rounds = ROUNDS): Promise<void> {
  await stage.bundle(HOSTS);
  const script = { kind: 'script', file: 'bench/hosts/backend.ts' } as const;
  const backend = await stage.start({ name: 'backend', transport: 'ws', host: script });
  const rows: HookRow[] = [];
  for (const host of HOSTS) {
    const seen = await measure(stage, host, backend.origin, rounds);
    rows.push(...CASES.flatMap((one) => (one.base === undefined ? [] : [rowOf(host, one, seen)])));
  }
  process.stdout.write(hooksText(rows));
  const judged = hookVerdicts(rows);
  process.stdout.write(verdictText(judged));
  const path = await writeResults('hooks', {
    machine: machine(await syncMs(stage.folder)),
    rows,
    targets: judged,
  });
  say(`written to ${path}`);
}

/** Results by case, one for each round. */
type Seen = ReadonlyMap<string, RunResult[]>;

async function measure(
  stage: Stage,
  host: Contestant,
  origin: string,
  rounds: number,
): Promise<Seen> {
  const running = new Map<string, Running>();
  for (const { settings } of CASES) {
    if (running.has(settings)) continue;
    running.set(settings, await open(stage, host, settings, origin));
  }
  const seen = new Map<string, RunResult[]>();
  for (let round = 0; round < rounds; round++) {
    // Each case is the first of a round as often as the others.
    const turns = CASES.map((_, at) => CASES[(at + round) % CASES.length]!);
    for (const one of turns) {
      const result = await talk(stage, one, running.get(one.settings)!);
      seen.set(one.what, [...(seen.get(one.what) ?? []), result]);
    }
    say(`${host.name}: round ${round + 1} of ${rounds}`);
  }
  for (const one of running.values()) await stage.stop(one);
  return seen;
}

/** Starts a host with these settings and joins members to the measured room and to that of slow verdicts. */
async function open(
  stage: Stage,
  host: Contestant,
  kind: string,
  origin: string,
): Promise<Running> {
  const settings = settingsOf(kind, `${origin}/${kind}`);
  const running = await stage.start({ ...host, settings });
  const { transport } = host;
  const at = { transport, origin: running.origin, members: MEMBERS };
  await stage.generator.ask('open', { ...at, crowd: kind, room: 'measured' });
  if (kind === 'decides') await stage.generator.ask('open', { ...at, crowd: SLOW, room: 'slow' });
  const warm = { crowds: [kind], pids: [], perSecond: PER_SECOND, sendMs: SEND_MS };
  await stage.generator.ask('talk', warm);
  return running;
}

const SLOW = 'slow';

function settingsOf(kind: string, url: string): Record<string, string> {
  const shared = { LOG_LEVEL: 'error', WEBHOOK_SECRETS: SECRETS };
  if (kind === 'none') return shared;
  return kind === 'decides'
    ? { ...shared, BEFORE_MESSAGE_URL: url }
    : { ...shared, WEBHOOK_URL: url };
}

async function talk(
  { generator }: Stage,
  { what, settings, hasSlowOthers }: Case,
  { pids }: Running,
): Promise<RunResult> {
  const pace = { sendMs: SEND_MS, perSecond: PER_SECOND };
  const slow = { ...pace, crowds: [SLOW], pids: [], perSecond: SLOW_PER_SECOND };
  const others = hasSlowOthers && generator.ask('talk', slow);
  const result = await generator.ask('talk', { ...pace, crowds: [settings], pids });
  const faults = [...result.faults, ...((await others)?.faults ?? [])];
  if (faults.length > 0) throw new Error(`${what}: ${faults.join('; ')}`);
  return result;
}

function rowOf({ name }: Contestant, { what, base = '' }: Case, seen: Seen): HookRow {
  const [own, other] = [seen.get(what) ?? [], seen.get(base) ?? []];
  const of = (read: (run: RunResult) => number) => rounded(median(own.map(read)));
  const ratio = (read: (run: RunResult) => number) =>
    rounded(median(own.map((run, at) => read(run) / read(other[at]!))));
  return {
    name,
    what,
    rounds: own.length,
    p50Ms: of(({ p50 }) => p50),
    p99Ms: of(({ p99 }) => p99),
    cpuUs: of(cpuUs),
    p50Ratio: ratio(({ p50 }) => p50),
    p99Ratio: ratio(({ p99 }) => p99),
    cpuRatio: ratio(cpuUs),
  };
}

function cpuUs({ cpuMs, tally }: RunResult): number {
  return (cpuMs * 1_000) / tally.deliveries;
}

function hooksText(rows: readonly HookRow[]): string {
  const head = [
    'host, backend',
    'p50 ms',
    'ratio',
    'p99 ms',
    'ratio',
    'µs/delivery',
    'ratio',
    'rounds',
  ];
  const body = rows.map((row) => [
    `${row.name}, ${row.what}`,
    row.p50Ms.toFixed(2),
    row.p50Ratio.toFixed(2),
    row.p99Ms.toFixed(2),
    row.p99Ratio.toFixed(2),
    row.cpuUs.toFixed(1),
    row.cpuRatio.toFixed(2),
    String(row.rounds),
  ]);
  return `\n${MEMBERS} members, ${PER_SECOND} messages a second\n${table(head, body)}`;
}
