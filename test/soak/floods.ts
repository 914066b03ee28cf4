import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { residentBytes, treeOf } from '../../bench/process-tree.ts';
import type { SoakOptions } from '../../scripts/soak.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { type FloodName, floods } from '../support/floods.ts';
import { Killable } from '../support/killable.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, type Visitor } from '../support/visitor.ts';

/** What others may wait longer while one floods, in times of the quiet p99. */
const MAX_TIMES = 2;
/** Below this a difference is the machine's own, in milliseconds. */
const FLOOR_MS = 10;
/** Memory that the host may grow by under a flood. */
const MAX_MB = 256;
/** `PARLOR_HOST` and `PARLOR_FLOODS` choose among them. */
const HOSTS = (['node', 'edge'] as const).filter((name) =>
  name.includes(process.env['PARLOR_HOST'] ?? ''),
);
/** Quiet and flood take turns so often; a busy machine's p99 jumps, its median does not. */
const ROUNDS = 3;
/** One message each, so that a p99 of some seconds is of hundreds. */
const EVERY_MS = 20;

/** Two people who talk in a room, one at each socket transport, and how long it takes. */
class Talkers {
  readonly #people: Visitor[];
  readonly #roomId: string;
  #said = 0;

  private constructor(roomId: string, people: Visitor[]) {
    this.#roomId = roomId;
    this.#people = people;
  }

  static async enter(url: string, roomId: string): Promise<Talkers> {
    const names = [`ann in ${roomId}`, `ben in ${roomId}`];
    const people: Visitor[] = [
      new NativeVisitor(url, { token: await tokenFor(names[0]!) }),
      new SocketIoVisitor(url, { token: await tokenFor(names[1]!) }),
    ];
    for (const person of people) ok(await person.join(roomId));
    return new Talkers(roomId, people);
  }

  /** @returns milliseconds from sending to hearing, of as many messages as fit into the time */
  async talk(ms: number): Promise<number[]> {
    const end = performance.now() + ms;
    const times: Promise<number>[] = [];
    while (performance.now() < end) {
      times.push(this.#say(this.#said++));
      await pause(EVERY_MS);
    }
    return Promise.all(times);
  }

  async #say(at: number): Promise<number> {
    const speaker = this.#people[at % 2]!;
    const listener = this.#people[1 - (at % 2)]!;
    const roomId = this.#roomId;
    const message = `said ${at}`;
    const from = performance.now();
    const heard = listener.hears('message', (one) => one.message === message);
    ok(await speaker.command('message', { roomId, message }));
    await heard;
    return performance.now() - from;
  }
}

function quantile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Starts a flood as a process that gives way to the host and to those who measure. */
async function begin(name: FloodName, url: string, roomId: string): Promise<ChildProcess> {
  const args = ['-n', '10', process.execPath, 'test/support/flood-process.ts', name, url, roomId];
  const child = spawn('nice', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function end(child: ChildProcess): Promise<string> {
  let told = '';
  child.stdout!.on('data', (text: Buffer) => (told += text.toString()));
  const ended = once(child, 'close');
  child.stdin!.end();
  await ended;
  return told.trim();
}

/** Times measured in a while, in the flooded room and in another. */
interface Window {
  here: number[];
  there: number[];
}

/** The p99 of others in milliseconds, in whichever room it was longer. */
interface Row {
  quiet: number;
  during: number;
  grownMb: number;
}

/** Each flood against each host, with what others notice; throws when it is too much. */
export async function soak({ minutes, log }: SoakOptions): Promise<void> {
  const bundle = await bundleWorker();
  const wanted = process.env['PARLOR_FLOODS'] ?? '';
  const names = (Object.keys(floods) as FloodName[]).filter((name) => name.includes(wanted));
  const ms = Math.max(1_500, (minutes * 60_000) / names.length / HOSTS.length / (2 * ROUNDS));
  const wrong: string[] = [];
  try {
    for (const hostName of HOSTS) {
      log(`${hostName}: p50/p99 in ms, quiet and during; in the same room | in another; memory`);
      for (const name of names) {
        const host = await (hostName === 'node' ? Killable.node({}) : Killable.edge(bundle, {}));
        try {
          const { quiet, during, grownMb } = await measure(host, name, ms, log);
          if (during > Math.max(quiet, FLOOR_MS) * MAX_TIMES) {
            wrong.push(`${hostName}, ${name}: p99 ${quiet.toFixed(1)} became ${during.toFixed(1)}`);
          }
          if (grownMb > MAX_MB) {
            wrong.push(`${hostName}, ${name}: ${grownMb} MB more`);
          }
        } finally {
          await host.remove();
        }
      }
    }
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

async function measure(
  host: Killable,
  name: FloodName,
  ms: number,
  log: (line: string) => void,
): Promise<Row> {
  const url = await host.start();
  const memory = () => residentBytes(treeOf(host.pid)) / 1024 / 1024;
  const same = await Talkers.enter(url, 'flooded');
  const other = await Talkers.enter(url, 'elsewhere');
  const talk = async () => {
    const [here, there] = await Promise.all([same.talk(ms), other.talk(ms)]);
    return { here, there };
  };
  await Promise.all([same.talk(1_000), other.talk(1_000)]);
  const before = memory();
  const quiet: Window[] = [];
  const during: Window[] = [];
  let most = before;
  let met = '';
  for (let round = 0; round < ROUNDS; round++) {
    quiet.push(await talk());
    const child = await begin(name, url, 'flooded');
    during.push(await talk());
    most = Math.max(most, memory());
    met = await end(child);
  }
  const grownMb = Math.round(most - before);
  const shown = (windows: Window[], place: keyof Window) =>
    [0.5, 0.99].map((part) => typical(windows, place, part).toFixed(1)).join('/');
  log(
    `${name}: ${shown(quiet, 'here')} to ${shown(during, 'here')} | ${shown(quiet, 'there')} to ${shown(during, 'there')}; ${Math.round(before)} MB, +${grownMb}; last ${met}`,
  );
  const p99 = (windows: Window[]) =>
    Math.max(typical(windows, 'here', 0.99), typical(windows, 'there', 0.99));
  return { quiet: p99(quiet), during: p99(during), grownMb };
}

/** The median of what the windows show. */
function typical(windows: readonly Window[], place: keyof Window, part: number): number {
  return quantile(
    windows.map((window) => quantile(window[place], part)),
    0.5,
  );
}
