import { type Contestant, isOurs } from '../contestants.ts';
import { rounded } from '../median.ts';
import { say, type Stage } from '../stage.ts';

/** The cost of many joins, of idle connections, and of reconnecting. */
export interface CrowdRow {
  name: string;
  startMs: number;
  /** Processor time of one join, in milliseconds, and the time until all were in. */
  joinCpuMs: number;
  joinsMs: number;
  /** Processor time of the last hundred joins, as a ratio to the first hundred. */
  lastToFirst: number;
  /** Most frames that one member received until all had joined. */
  framesHeard: number;
  /** Resident memory for each idle connection, in KiB, and of the contestant without any, in MiB. */
  idleKib: number;
  emptyMib: number;
  /** Reconnecting after a drop, without and with `since`; only for our hosts. */
  againCpuMs?: number;
  sinceCpuMs?: number;
  sinceToPlain?: number;
  missed?: number;
}

export const CROWD_SIZE = 1_000;
const ROOM = 'crowd';
/** Members that join and leave before anything is measured, so that code is compiled. */
const WARM_UP = 50;
const MISSED_SECONDS_MS = 1_000;
const MISSED_PER_SECOND = 100;

/** One contestant, freshly started. */
export async function runCrowd(stage: Stage, contestant: Contestant): Promise<CrowdRow> {
  const running = await stage.start(contestant);
  const { generator } = stage;
  const { name, transport } = contestant;
  const { origin } = running;
  const at = { transport, origin, room: ROOM };
  await generator.ask('open', { ...at, crowd: 'warm', room: 'warm', members: WARM_UP });
  await generator.ask('drop', { crowd: 'warm' });
  const { pids } = running;
  await generator.ask('make', { ...at, crowd: 'crowd', members: CROWD_SIZE });
  const emptyBytes = running.residentBytes;
  const first = await generator.ask('join', { crowd: 'crowd', pids });
  const fullBytes = running.residentBytes;
  const row: CrowdRow = {
    name,
    startMs: rounded(running.startMs),
    joinCpuMs: rounded(first.cpuMs / first.joins),
    joinsMs: rounded(first.ms),
    lastToFirst: rounded(first.lastCpuMs / Math.max(1, first.firstCpuMs)),
    framesHeard: first.mostFrames,
    idleKib: rounded((fullBytes - emptyBytes) / CROWD_SIZE / 1_024),
    emptyMib: rounded(emptyBytes / 1_024 ** 2),
  };
  if (isOurs(contestant)) Object.assign(row, await comeBack(stage, { ...at, pids }));
  await generator.ask('drop', { crowd: 'crowd' });
  await stage.stop(running);
  say(`${name}: ${CROWD_SIZE} joined`);
  return row;
}

/** Drops all members and joins them again, first plainly, then with `since`, for what they missed. */
async function comeBack(
  { generator }: Stage,
  {
    pids,
    ...at
  }: { transport: Contestant['transport']; origin: string; room: string; pids: number[] },
): Promise<Partial<CrowdRow>> {
  const two = { crowd: 'two', members: 2, users: 'two' };
  const talk = {
    crowds: ['two'],
    pids: [],
    sendMs: MISSED_SECONDS_MS,
    perSecond: MISSED_PER_SECOND,
  };
  await generator.ask('open', { ...at, ...two });
  const said = async () => {
    await generator.ask('cut', { crowd: 'crowd' });
    const { faults } = await generator.ask('talk', talk);
    if (faults.length > 0) throw new Error(faults.join('; '));
  };
  await said();
  const again = await generator.ask('join', { crowd: 'crowd', pids });
  await said();
  const since = again.position ?? '';
  const back = await generator.ask('join', { crowd: 'crowd', pids, since });
  await generator.ask('drop', { crowd: 'two' });
  return {
    againCpuMs: rounded(again.cpuMs / again.joins),
    sinceCpuMs: rounded(back.cpuMs / back.joins),
    sinceToPlain: rounded(back.cpuMs / again.cpuMs),
    missed: back.missed,
  };
}
