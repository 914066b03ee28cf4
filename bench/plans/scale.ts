import type { Contestant } from '../contestants.ts';
import { syncMs } from '../disk.ts';
import { rounded } from '../median.ts';
import { machine, writeResults } from '../results.ts';
import { say, type Stage } from '../stage.ts';
import { table } from '../table.ts';
import { verdictText } from '../report.ts';
import { scaleVerdicts } from '../targets.ts';
import { type AgeRow, runAge } from './age.ts';
import { CROWD_SIZE, type CrowdRow, runCrowd } from './crowding.ts';
import { runShare, type ShareRow } from './share.ts';
import { ROOMS, type RoomsRow, runRooms } from './rooms.ts';

const SIZES = [10_000, 1_000_000];
/** Messages of the room in which the share of the search index is measured. */
const SHARE_SIZE = 100_000;
/** The Room is the same at every transport: one contestant of each host shows what age costs. */
const AGED = new Set(['native@node', 'native@edge']);
const ROOMY = new Set([
  'seed-like',
  'bare object',
  'native@edge',
  'native@node',
  'Socket.IO@node',
  'native@node process',
]);

/** Measures the effect of what grows: the crowd, the number of rooms, a room's age. */
export async function runScale(stage: Stage, contestants: readonly Contestant[]): Promise<void> {
  await stage.bundle(contestants);
  const crowds: CrowdRow[] = [];
  for (const contestant of contestants) crowds.push(await runCrowd(stage, contestant));
  process.stdout.write(crowdText(crowds));
  const rooms = await runRooms(
    stage,
    contestants.filter(({ name }) => ROOMY.has(name)),
  );
  process.stdout.write(roomsText(rooms));
  const age: AgeRow[] = [];
  for (const contestant of contestants.filter(({ name }) => AGED.has(name))) {
    age.push(...(await runAge(stage, contestant, SIZES)));
  }
  process.stdout.write(ageText(age));
  const share = await runShare(stage, SHARE_SIZE);
  process.stdout.write(shareText(share));
  const judged = scaleVerdicts(crowds, age, share);
  process.stdout.write(verdictText(judged));
  const path = await writeResults('scale', {
    machine: machine(await syncMs(stage.folder)),
    crowds,
    rooms,
    age,
    share,
    targets: judged,
  });
  say(`written to ${path}`);
}

function crowdText(rows: readonly CrowdRow[]): string {
  const head = [
    `${CROWD_SIZE} join`,
    'start ms',
    'ms/join',
    'all in ms',
    'last:first',
    'frames',
    'KiB each',
    'empty MiB',
    'again ms/join',
    'since ms/join',
    'since:plain',
    'missed',
  ];
  const body = rows.map((row) => [
    row.name,
    row.startMs.toFixed(0),
    row.joinCpuMs.toFixed(2),
    row.joinsMs.toFixed(0),
    row.lastToFirst.toFixed(1),
    String(row.framesHeard),
    row.idleKib.toFixed(0),
    row.emptyMib.toFixed(0),
    ...[row.againCpuMs, row.sinceCpuMs, row.sinceToPlain].map((value) => value?.toFixed(2) ?? ''),
    row.missed?.toFixed(0) ?? '',
  ]);
  return `\n${table(head, body)}`;
}

function roomsText(rows: readonly RoomsRow[]): string {
  const head = [`${ROOMS} rooms`, 'µs/delivery', 'deliveries/s', 'messages/s', 'p50 ms', 'p99 ms'];
  const body = rows.map((row) => [
    row.name,
    row.cpuUs.toFixed(1),
    row.deliveriesPerSecond.toFixed(0),
    row.messagesPerSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
  ]);
  return `\n${table(head, body)}`;
}

function ageText(rows: readonly AgeRow[]): string {
  const head = ['age of a room', 'messages', 'cpu ms', 'p50 ms', 'p99 ms', 'reply', 'to the first'];
  const body = rows.map((row) => {
    const first = rows.find(({ host, what }) => host === row.host && what === row.what);
    return [
      `${row.host}: ${row.what}`,
      String(row.messages),
      row.cpuMs.toFixed(2),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      row.replyLength.toFixed(0),
      rounded(row.p50Ms / (first?.p50Ms ?? 1)).toFixed(2),
    ];
  });
  return `\n${table(head, body)}`;
}

function shareText(rows: readonly ShareRow[]): string {
  const head = ['bytes a message', 'messages', 'text', 'stored', 'search index', 'share'];
  const body = rows.map((row) => [
    row.corpus,
    String(row.messages),
    ...[row.text, row.stored, row.index].map((bytes) => bytes.toFixed(0)),
    row.share.toFixed(2),
  ]);
  return `\n${table(head, body)}`;
}
