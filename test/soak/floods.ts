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

/** How many times its quiet value the p99 of other users may reach during a flood. */
const MAX_TIMES = 2;
/** A quiet p99 below this counts as this, in milliseconds: smaller ones depend on the machine. */
const FLOOR_MS = 10;
/** How much the host's memory may grow under a flood, in MB. */
const MAX_MB = 256;
/** The hosts to flood. `PARLOR_HOST` and `PARLOR_FLOODS` restrict hosts and floods by a part of their name. */
const HOSTS = (['node', 'edge'] as const).filter((name) =>
  name.includes(process.env['PARLOR_HOST'] ?? ''),
);
/** Rounds of quiet and flood, whose median counts: on a busy machine a single p99 varies much. */
const ROUNDS = 3;
/** The interval of messages, in milliseconds, so that a few seconds give hundreds of times. */
const EVERY_MS = 20;

/** Two users who talk in a room, one at each socket transport, and measure how long messages take. */
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

  /** Talks for `ms` milliseconds. @returns the milliseconds from sending to receiving of each message */
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

/** Starts a flood as a process of lower priority than the host and the measuring users. */
async function begin(name: FloodName, url: string, roomId: string): Promise<ChildProcess> {
  const args = ['-n', '10', process.execPath, 'test/support/flood-process.ts', name, url, roomId];
  const child = spawn('nice', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function end(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout!.on('data', (text: Buffer) => (output += text.toString()));
  const ended = once(child, 'close');
  child.stdin!.end();
  await ended;
  return output.trim();
}

/** Times measured at once in the flooded room (`here`) and in another (`there`), in milliseconds. */
interface Window {
  here: number[];
  there: number[];
}

/** The p99 of other users in milliseconds, that of the slower room, quiet and during the flood. */
interface Row {
  quiet: number;
  during: number;
  grownMb: number;
}

/** Runs each flood against each host. @throws if other users wait too long or memory grows too much */
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

/** The median over the windows of a quantile. */
function typical(windows: readonly Window[], place: keyof Window, part: number): number {
  return quantile(
    windows.map((window) => quantile(window[place], part)),
    0.5,
  );
}
