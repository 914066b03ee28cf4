import type { Figure, Row } from './plans/talk.ts';
import { rounded } from './median.ts';
import type { AgeRow } from './plans/age.ts';
import type { CrowdRow } from './plans/crowding.ts';
import type { HookRow } from './plans/hooks.ts';
import type { ListenersRow } from './plans/listeners.ts';
import type { FlushRow, RelayCrowd } from './plans/relays.ts';
import type { ShareRow } from './plans/share.ts';

/** A figure that was promised, and what was seen. */
export interface Verdict {
  what: string;
  target: number;
  seen: number;
  met: boolean;
}

/** Upper bounds of processor time per delivery, as a ratio to the seed-like server's, with 200 members. */
const CPU_RATIOS: Record<string, { 50: number; 500: number }> = {
  'native@edge': { 50: 0.25, 500: 0.1 },
  'native@node': { 50: 0.25, 500: 0.1 },
  'Socket.IO@node': { 50: 0.6, 500: 0.4 },
  'Socket.IO@edge': { 50: 1.2, 500: 1.2 },
  'Socket.IO@node gather': { 50: 0.3, 500: 0.12 },
  'Socket.IO@edge gather': { 50: 0.35, 500: 0.15 },
};

/** The same as a ratio to a rival's; `p50` is a bound of the ratio of latencies p50. */
const RIVAL_RATIOS = [
  { name: 'native@node', rival: 'Bun publish', 50: 1.3, 500: 1.0, p50: 1.5 },
  { name: 'native@edge', rival: 'Bun publish', 50: 2.0, 500: 1.5 },
  { name: 'Socket.IO@node', rival: 'Socket.IO on Bun', 50: 0.35, 500: 0.25 },
] as const;

const QUIET_RATIO = 1.3;
const MIN_DURABLE_PER_SECOND = 1_000;

/** Compares what was measured with what was promised; leaves out what was not measured. */
export function verdicts(figures: readonly Figure[]): Verdict[] {
  return [
    ...cpuVerdicts(figures),
    ...rivalVerdicts(figures),
    ...quietVerdicts(figures),
    ...loadedVerdicts(rowsOf(figures, 200, 'half of the seed')),
    ...durableVerdicts(rowsOf(figures, 200, '500 in flight')),
  ];
}

function rowsOf(figures: readonly Figure[], members: number, mode: string): Map<string, Row> {
  const figure = figures.find((one) => one.members === members && one.mode === mode);
  const rows = figure?.rows.filter((row) => row.rounds > 0) ?? [];
  return new Map(rows.map((row) => [row.name, row]));
}

function atMost(what: string, seen: number, target: number): Verdict {
  return { what, target: rounded(target), seen: rounded(seen), met: seen <= target };
}

/** Upper bound of a backend's effect on the latency of people who do not wait for its verdict, as a ratio. */
const HOOK_RATIO = 1.1;

/** Whatever the operator's backend does must not slow a room down. */
export function hookVerdicts(rows: readonly HookRow[]): Verdict[] {
  return rows.map(({ name, what, p50Ratio }) =>
    atMost(`${name}, ${what}: latency p50, ratio`, p50Ratio, HOOK_RATIO),
  );
}

/** Listeners of a relay must cost its room nothing, and a further relay little. */
export function relayVerdicts(
  rows: readonly FlushRow[],
  crowd: RelayCrowd,
  real: ListenersRow,
): Verdict[] {
  const [few, many, one, twenty] = rows;
  if (few === undefined || many === undefined || one === undefined || twenty === undefined) {
    return [];
  }
  const each = (twenty.msPerFlush - one.msPerFlush) / (twenty.relays - one.relays);
  return [
    atMost('flush, 20,000 listeners to 2,000', many.msPerFlush / few.msPerFlush, 1.1),
    atMost('ms a flush for each further relay', each, 0.2),
    atMost(`of ${real.listeners} real listeners, those that missed or doubled`, real.wrong, 0),
    atMost(
      `calls to the room while ${real.listeners} come back at once`,
      real.calls,
      4 * (real.relays + real.listeners / 500),
    ),
    atMost('bytes of the room for each listener', crowd.bytesEach, 1_000),
  ];
}

function cpuVerdicts(figures: readonly Figure[]): Verdict[] {
  return ([50, 500] as const).flatMap((inFlight) => {
    const rows = rowsOf(figures, 200, `${inFlight} in flight`);
    return Object.entries(CPU_RATIOS).flatMap(([name, most]) => {
      const row = rows.get(name);
      const what = `${name}, 200 members, ${inFlight} in flight: processor time per delivery, ratio`;
      return row === undefined ? [] : [atMost(what, row.ratio, most[inFlight])];
    });
  });
}

function rivalVerdicts(figures: readonly Figure[]): Verdict[] {
  return ([50, 500] as const).flatMap((inFlight) => {
    const rows = rowsOf(figures, 200, `${inFlight} in flight`);
    return RIVAL_RATIOS.flatMap(({ name, rival, ...most }) => {
      const own = rows.get(name);
      const other = rows.get(rival);
      if (own === undefined || other === undefined) return [];
      const what = `${name} to ${rival}, 200 members, ${inFlight} in flight`;
      return [
        atMost(`${what}: processor time, ratio`, own.cpuUs / other.cpuUs, most[inFlight]),
        ...('p50' in most
          ? [atMost(`${what}: latency p50, ratio`, own.p50Ms / other.p50Ms, most.p50)]
          : []),
      ];
    });
  });
}

function quietVerdicts(figures: readonly Figure[]): Verdict[] {
  const rows = rowsOf(figures, 10, 'quiet');
  const diskSyncMs = figures.find(({ mode }) => mode === 'quiet')?.diskSyncMs ?? 0;
  const limits: [name: string, peer: string, moreMs: number][] = [
    ['native@node process', 'seed-like', 0],
    ['Socket.IO@node process', 'seed-like', 0],
    ['native@node', 'seed-like', diskSyncMs],
    ['Socket.IO@node', 'seed-like', diskSyncMs],
    ['native@edge', 'bare object', 0],
    ['Socket.IO@edge', 'bare object', 0],
  ];
  return limits.flatMap(([name, peer, moreMs]) => {
    const own = rows.get(name);
    const other = rows.get(peer);
    if (own === undefined || other === undefined) return [];
    const limit = other.p50Ms * QUIET_RATIO + moreMs;
    return [atMost(`${name}: latency p50 in a quiet room, ms`, own.p50Ms, limit)];
  });
}

function loadedVerdicts(rows: ReadonlyMap<string, Row>): Verdict[] {
  const seed = rows.get('seed-like');
  if (seed === undefined) return [];
  return [...rows.values()]
    .filter(({ name }) => name.includes('@'))
    .map((row) =>
      atMost(`${row.name}: latency p99 at half of the seed, ms`, row.p99Ms, seed.p99Ms),
    );
}

function durableVerdicts(rows: ReadonlyMap<string, Row>): Verdict[] {
  return [...rows.values()]
    .filter(({ name }) => name.includes('@') && !name.endsWith('process'))
    .map(({ name, messagesPerSecond: seen }) => ({
      what: `${name}: durable messages a second in a room of 200, at least`,
      target: MIN_DURABLE_PER_SECOND,
      seen,
      met: seen >= MIN_DURABLE_PER_SECOND,
    }));
}

const MEMORY_RATIO = 1.2;
const SINCE_RATIO = 2;
const LAST_TO_FIRST = 3;
const MAX_FRAMES = 60;
const AGE_RATIO = 3;
/** Upper bounds of the search index, as a ratio to everything else that is stored. */
const INDEX_SHARES = { latin: 0.5, ideographic: 1.1 };

/** Compares the figures of `--scale` with what was promised. */
export function scaleVerdicts(
  crowds: readonly CrowdRow[],
  age: readonly AgeRow[],
  shares: readonly ShareRow[],
): Verdict[] {
  const seed = crowds.find(({ name }) => name === 'seed-like');
  const ours = crowds.filter((row) => row.sinceToPlain !== undefined);
  return [
    ...ours
      .filter(({ name }) => name.includes('@node') && seed !== undefined)
      .map((row) =>
        atMost(
          `${row.name}: KiB for an idle connection`,
          row.idleKib,
          (seed?.idleKib ?? 0) * MEMORY_RATIO,
        ),
      ),
    ...ours.flatMap((row) => [
      atMost(`${row.name}: a join with since, to a plain one`, row.sinceToPlain ?? 0, SINCE_RATIO),
      atMost(`${row.name}: last 100 joins to the first 100`, row.lastToFirst, LAST_TO_FIRST),
      atMost(`${row.name}: frames to one who is there`, row.framesHeard, MAX_FRAMES),
    ]),
    ...ageVerdicts(age),
    ...shares.map(({ corpus, share }) =>
      atMost(`search index to what is stored, ${corpus}`, share, INDEX_SHARES[corpus]),
    ),
  ];
}

/** Compares the larger room of each pair to the smaller one by latency: processor time is too coarse. */
function ageVerdicts(age: readonly AgeRow[]): Verdict[] {
  return age.flatMap((row) => {
    const young = age.find(({ host, what }) => host === row.host && what === row.what);
    if (young === undefined || young === row) return [];
    const what = `${row.host}: ${row.what}, 1 million messages to 10 thousand`;
    return [atMost(what, row.p50Ms / young.p50Ms, AGE_RATIO)];
  });
}
