import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, OURS, SEED, WATCHED } from '../contestants.ts';
import { processorMs } from '../process-tree.ts';
import { machine, writeResults } from '../results.ts';
import type { Running } from '../running.ts';
import { say, type Stage } from '../stage.ts';
import { syncMs } from '../disk.ts';
import { table } from '../table.ts';

/** An object sleeps after some 10 s without work, a room of the node host after 30 to 40 s. */
const FALL_ASLEEP_MS = 60_000;
const WATCH_MS = 300_000;
const LOOK_EVERY_MS = 1_000;

interface IdleRow {
  name: string;
  /** How often the room was run while nobody spoke; undefined if there is no way to see that. */
  wakeUps?: number;
  /** How often it was run for the first messages after that: shows that running is seen. */
  wakeUpsByMessage?: number;
  /** Processor time of the whole contestant in those minutes, heartbeats included. */
  cpuMs: number;
  /** The same for each socket, in µs a second. */
  socketUs: number;
  /** Resident memory for each socket at the end, in KiB, code that the joins have compiled included. */
  socketKib: number;
}

/** Five minutes in which nobody speaks, while clients hold their sockets and send heartbeats. */
export async function runIdle(
  stage: Stage,
  contestants: readonly Contestant[],
  members: number,
): Promise<void> {
  const watched = contestants.filter(isOfInterest).map(watch);
  await stage.bundle(watched);
  const running: Running[] = [];
  const emptyBytes: number[] = [];
  for (const contestant of watched) {
    const one = await stage.start(contestant);
    running.push(one);
    emptyBytes.push(one.residentBytes);
    const { origin } = one;
    const { name: crowd, transport } = contestant;
    await stage.generator.ask('open', { crowd, transport, origin, room: 'idle', members });
    await speakOnce(stage, crowd);
  }
  say(`${running.length} rooms of ${members} fall asleep`);
  await wait(FALL_ASLEEP_MS, running, () => undefined);
  const awake = new Map(running.map((one) => [one, isFileOpen(one) ? 1 : 0]));
  const before = running.map((one) => ({ cpuMs: processorMs(one.pids), woken: one.woken }));
  await wait(WATCH_MS, running, (one) => awake.set(one, (awake.get(one) ?? 0) + 1));
  const after = running.map((one) => ({ cpuMs: processorMs(one.pids), woken: one.woken }));
  const rows: IdleRow[] = [];
  for (const [at, one] of running.entries()) {
    const { name, host } = one.contestant;
    const cpuMs = (after[at]?.cpuMs ?? 0) - (before[at]?.cpuMs ?? 0);
    const socketUs = (cpuMs * 1_000_000) / WATCH_MS / members;
    const socketKib = (one.residentBytes - (emptyBytes[at] ?? 0)) / 1_024 / members;
    const row: IdleRow = { name, cpuMs, socketUs, socketKib };
    await speakOnce(stage, name);
    if (host.kind === 'edge') {
      row.wakeUps = (after[at]?.woken ?? 0) - (before[at]?.woken ?? 0);
      row.wakeUpsByMessage = one.woken - (after[at]?.woken ?? 0);
    } else if (host.kind === 'node') {
      row.wakeUps = awake.get(one) ?? 0;
      row.wakeUpsByMessage = isFileOpen(one) ? 1 : 0;
    }
    rows.push(row);
  }
  process.stdout.write(idleText(rows));
  const path = await writeResults('idle', {
    machine: machine(await syncMs(stage.folder)),
    members,
    rows,
  });
  say(`written to ${path}`);
}

function isOfInterest({ name, host }: Contestant): boolean {
  if (host.kind === 'node') return host.durability === 'disk';
  return name === SEED || (host.kind === 'edge' && host.entry === OURS);
}

function watch(contestant: Contestant): Contestant {
  return contestant.host.kind === 'edge'
    ? { ...contestant, host: { kind: 'edge', entry: WATCHED } }
    : contestant;
}

async function speakOnce(stage: Stage, crowd: string): Promise<void> {
  const talk = { crowds: [crowd], pids: [], inFlight: 1, sendMs: 1 };
  const { faults } = await stage.generator.ask('talk', talk);
  if (faults.length > 0) throw new Error(`${crowd}: ${faults.join('; ')}`);
}

/** Matches a room's file. The file with the times of wakeups is not in that folder, and always open. */
const ROOM_FILE = /\/rooms\/[^/]+\.sqlite$/;

/** Whether a room's file is open. A room of the Node host that sleeps has closed its file. */
function isFileOpen({ pids }: Running): boolean {
  return pids.some((pid) => {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((file) => ROOM_FILE.test(linkOf(join(folder, file))));
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Calls `opened` for each room of the node host that is seen to have woken. */
async function wait(
  ms: number,
  running: readonly Running[],
  opened: (one: Running) => void,
): Promise<void> {
  const until = performance.now() + ms;
  const asleep = new Map(running.map((one) => [one, !isFileOpen(one)]));
  let reportedAt = performance.now();
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    for (const one of running) {
      if (one.contestant.host.kind !== 'node') continue;
      const isAsleep = !isFileOpen(one);
      if (asleep.get(one) === true && !isAsleep) opened(one);
      asleep.set(one, isAsleep);
    }
    if (performance.now() - reportedAt < 30_000) continue;
    reportedAt = performance.now();
    say(`${((until - reportedAt) / 1_000).toFixed(0)} s to go`);
  }
}

function idleText(rows: readonly IdleRow[]): string {
  const head = [
    'idle for 5 minutes',
    'wake-ups',
    'by messages then',
    'cpu ms',
    'µs/s each',
    'KiB each',
  ];
  const body = rows.map(({ name, wakeUps, wakeUpsByMessage, cpuMs, socketUs, socketKib }) => [
    name,
    wakeUps === undefined ? '' : String(wakeUps),
    wakeUpsByMessage === undefined ? '' : String(wakeUpsByMessage),
    cpuMs.toFixed(0),
    socketUs.toFixed(1),
    socketKib.toFixed(1),
  ]);
  return `\n${table(head, body)}`;
}
