import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { syncMs } from '../disk.ts';
import { median } from '../median.ts';
import { verdictText } from '../report.ts';
import { machine, writeResults } from '../results.ts';
import { LISTENERS, SimulatedRelays } from '../simulated-relays.ts';
import { say, type Stage } from '../stage.ts';
import { listenersText, runListeners } from './listeners.ts';
import { table } from '../table.ts';
import { relayVerdicts } from '../targets.ts';

/** Flushes of one measurement, each of one message. */
const FLUSHES = 400;
const ROUNDS = 9;
/** Joins in one call of a relay. */
const BATCH = 500;
const CROWD = { relays: 20, listeners: 100_000 };

/** What a flush of one message costs a room. */
export interface FlushRow {
  relays: number;
  listeners: number;
  msPerFlush: number;
}

/** A crowd that joins at once, and then receives a message in each flush. */
export interface RelayCrowd extends FlushRow {
  joinUs: number;
  /** Memory of the room for each listener. */
  bytesEach: number;
}

/** What relays cost their room: processor time of a Room whose relays hold no sockets. */
export async function runRelays(stage: Stage, listeners: number): Promise<void> {
  const sizes = [
    { relays: 4, listeners: 4 * 500 },
    { relays: 4, listeners: 4 * LISTENERS },
    { relays: 1, listeners: 500 },
    { relays: 20, listeners: 20 * 500 },
  ];
  const rooms = sizes.map((size, at) => ({ ...size, room: filled(stage, `flush-${at}`, size) }));
  const seen = rooms.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, { room, relays }] of rooms.entries()) seen[at]!.push(msPerFlush(room, relays));
    say(`flushes, round ${round + 1} of ${ROUNDS}`);
  }
  for (const { room } of rooms) room.close();
  const rows = sizes.map((size, at): FlushRow => ({ ...size, msPerFlush: median(seen[at]!) }));
  process.stdout.write(flushText(rows));
  const crowd = measureCrowd(stage);
  process.stdout.write(crowdText(crowd));
  const real = await runListeners(stage, listeners);
  process.stdout.write(listenersText(real));
  const judged = relayVerdicts(rows, crowd, real);
  process.stdout.write(verdictText(judged));
  const path = await writeResults('relays', {
    machine: machine(await syncMs(stage.folder)),
    flushes: rows,
    crowd,
    real,
    targets: judged,
  });
  say(`written to ${path}`);
}

function roomIn(stage: Stage, name: string): SimulatedRelays {
  return new SimulatedRelays(join(stage.folder, name, 'room.sqlite'));
}

function filled(
  stage: Stage,
  name: string,
  { relays, listeners }: Pick<FlushRow, 'relays' | 'listeners'>,
): SimulatedRelays {
  const room = roomIn(stage, name);
  joinAll(room, relays, listeners);
  msPerFlush(room, relays);
  return room;
}

function joinAll(room: SimulatedRelays, relays: number, listeners: number): void {
  const each = listeners / relays;
  for (let at = 0; at < relays; at++) room.join(at + 1, at * each, each, BATCH);
}

/** One message in each flush, from the first listener. */
function msPerFlush(room: SimulatedRelays, relays: number): number {
  const before = process.cpuUsage();
  for (let at = 0; at < FLUSHES; at++) room.say(0, 1, `message ${at} to ${relays} relays`);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / FLUSHES;
}

function measureCrowd(stage: Stage): RelayCrowd {
  const { relays, listeners } = CROWD;
  const room = roomIn(stage, 'crowd');
  for (let at = 0; at < 50; at++)
    room.room.execute({ userId: 'host' }, 'message', { message: `line ${at}` });
  const heap = heapUsed();
  const before = process.cpuUsage();
  joinAll(room, relays, listeners);
  const { user, system } = process.cpuUsage(before);
  const bytesEach = (heapUsed() - heap) / listeners;
  const figures = {
    ...CROWD,
    joinUs: (user + system) / listeners,
    bytesEach,
    msPerFlush: msPerFlush(room, relays),
  };
  room.close();
  return figures;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function flushText(rows: readonly FlushRow[]): string {
  const body = rows.map(({ relays, listeners, msPerFlush }) => [
    `${relays} relays`,
    String(listeners),
    msPerFlush.toFixed(3),
  ]);
  return `\n${table(['one message a flush', 'listeners', 'ms/flush'], body)}`;
}

function crowdText(crowd: RelayCrowd): string {
  const { relays, listeners, joinUs, bytesEach, msPerFlush } = crowd;
  const head = ['a crowd', 'listeners', 'µs/join', 'bytes each', 'ms/flush'];
  const row = [
    `${relays} relays`,
    String(listeners),
    joinUs.toFixed(0),
    bytesEach.toFixed(0),
    msPerFlush.toFixed(3),
  ];
  return `\n${table(head, [row])}`;
}
