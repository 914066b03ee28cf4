import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import manifest from '../package.json' with { type: 'json' };
import { PROJECT } from '../scripts/project.ts';
import type { Bundle } from './bundles.ts';
import { type Contestant, isOurs, LOOSE_LIMITS } from './contestants.ts';
import { SECRET } from './generator/tokens.ts';
import { residentBytes, treeOf } from './process-tree.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_MS = 3_000;
const RUNNER = 'scripts/run.mjs';
/** How a user starts the node host. */
const START = manifest.scripts.start;
/** Begin of the lines that `workers/watched.ts` logs. */
const WOKEN = 'woken by ';

/** A contestant in processes of its own. */
export class Running {
  readonly contestant: Contestant;
  readonly origin: string;
  /** From the start of its process until it listens, in milliseconds. */
  readonly startMs: number;
  readonly #child: ChildProcess;
  #woken = 0;

  private constructor(
    contestant: Contestant,
    child: ChildProcess,
    origin: string,
    startMs: number,
  ) {
    this.contestant = contestant;
    this.#child = child;
    this.origin = origin;
    this.startMs = startMs;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#readLog(text));
  }

  /** How often a watched room object was run. */
  get woken(): number {
    return this.#woken;
  }

  #readLog(text: string): void {
    this.#woken += text.split(WOKEN).length - 1;
    const rest = text.replaceAll(/^.*woken by .*\n/gm, '');
    if (rest !== '') process.stderr.write(`${this.contestant.name}: ${rest}`);
  }

  /** @param data folder for what it stores, made here */
  static async start(
    contestant: Contestant,
    data: string,
    bundles: ReadonlyMap<string, Bundle>,
  ): Promise<Running> {
    await mkdir(data, { recursive: true });
    const begunAt = performance.now();
    const child = spawnHost(contestant, data, bundles);
    const origin = await listening(contestant.name, child);
    return new Running(contestant, child, origin, performance.now() - begunAt);
  }

  /** The ids of all its processes. */
  get pids(): number[] {
    return treeOf(this.#child.pid ?? 0);
  }

  get residentBytes(): number {
    return residentBytes(this.pids);
  }

  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    }
    killGroup(pid);
  }

  /** Ends all its processes at once. */
  kill(): void {
    killGroup(this.#child.pid);
  }
}

/** Ends everything that it has left running: its process leads a group of its own. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}

function spawnHost(
  contestant: Contestant,
  data: string,
  bundles: ReadonlyMap<string, Bundle>,
): ChildProcess {
  const { host } = contestant;
  const [args, settings] = programOf(contestant, data, bundles);
  return spawn(host.kind === 'program' ? host.command : process.execPath, args, {
    cwd: host.kind === 'node' ? (host.checkout ?? PROJECT) : PROJECT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // As npm starts it, so that it ends when this process does: see `scripts/end-with-parent.ts`.
    env: { PATH: process.env['PATH'] ?? '', npm_lifecycle_event: 'bench', ...settings },
  });
}

/** Arguments and settings of its process. */
function programOf(
  contestant: Contestant,
  data: string,
  bundles: ReadonlyMap<string, Bundle>,
): [args: string[], settings: Record<string, string>] {
  const { host } = contestant;
  if (host.kind === 'program') return [[...host.args], {}];
  if (host.kind === 'script') return [[RUNNER, host.file, data, ...(host.args ?? [])], {}];
  const settings = {
    JWT_SECRET: SECRET,
    LOG_LEVEL: 'warn',
    ...LOOSE_LIMITS,
    ...contestant.settings,
  };
  if (host.kind === 'node') {
    const place = { HOST: '127.0.0.1', PORT: '0', DATA_DIR: data, DURABILITY: host.durability };
    return [START.split(' ').slice(1), { ...settings, ...place }];
  }
  const { folder, script } = bundles.get(host.entry) ?? { folder: '', script: '' };
  const bindings = JSON.stringify(isOurs(contestant) ? settings : {});
  return [[RUNNER, 'bench/hosts/edge.ts', folder, script, data, bindings], {}];
}

/** Waits for the first line of a contestant. @returns the address in it */
function listening(name: string, child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(
      () => reject(new Error(`${name} did not start in time.`)),
      START_TIMEOUT_MS,
    );
    child.once('exit', () => reject(new Error(`${name} ended before it listened: ${said}`)));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const port = /istens on http:\/\/\S+?:(\d+)/.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(`http://127.0.0.1:${port}`);
    });
  });
}
