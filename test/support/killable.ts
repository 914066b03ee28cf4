import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareEnvironment } from './bare-environment.ts';
import type { TestSettings } from './edge-options.ts';
import { SECRET } from './tokens.ts';

/** A host that takes longer to start counts as stuck, in milliseconds. */
const PATIENCE_MS = 60_000;

/** A host in its own processes, which can be killed at any moment and started again on its data. */
export class Killable {
  readonly #command: readonly string[];
  readonly #environment: Record<string, string>;
  /** The folder of its data. */
  readonly folder: string;
  #child: ChildProcess | undefined;

  private constructor(
    command: readonly string[],
    environment: Record<string, string>,
    folder: string,
  ) {
    this.#command = command;
    this.#environment = environment;
    this.folder = folder;
  }

  /** The node host, as `npm start` runs it. */
  static async node(settings: TestSettings): Promise<Killable> {
    const folder = await mkdtemp(join(tmpdir(), 'parlor-killed-'));
    const environment = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: folder, JWT_SECRET: SECRET };
    const command = [process.execPath, 'scripts/run.mjs', 'local-server/main.ts'];
    return new Killable(command, { ...environment, ...settings }, folder);
  }

  /**
   * The Node host with a limit on the size of any file: writes beyond it fail as on a full disk, with
   * EFBIG instead of ENOSPC. @param maxFileBytes a multiple of 512
   */
  static async limited(settings: TestSettings, maxFileBytes: number): Promise<Killable> {
    const host = await Killable.node(settings);
    const limit = `ulimit -f ${maxFileBytes / 512} && exec "$@"`;
    const command = ['/bin/sh', '-c', limit, 'sh', ...host.#command];
    return new Killable(command, host.#environment, host.folder);
  }

  /** The edge host, with workerd. @param bundle a folder made by `bundleWorker` */
  static async edge(bundle: string, settings: TestSettings): Promise<Killable> {
    const folder = await mkdtemp(join(tmpdir(), 'parlor-killed-'));
    const command = [
      process.execPath,
      'test/support/edge-process.ts',
      bundle,
      folder,
      JSON.stringify(settings),
    ];
    return new Killable(command, {}, folder);
  }

  /** A program of the tests that keeps its data in `DATA_DIR` and writes its URL to stdout. */
  static async program(file: string, environment: Record<string, string>): Promise<Killable> {
    const folder = await mkdtemp(join(tmpdir(), 'parlor-killed-'));
    return new Killable([process.execPath, file], { DATA_DIR: folder, ...environment }, folder);
  }

  /** Starts it on a new port. @returns its URL */
  start(more: Record<string, string> = {}): Promise<string> {
    // In its own process group, so that workerd is killed too.
    const [program = '', ...parameters] = this.#command;
    mkdirSync(this.#temporary, { recursive: true });
    const child = spawn(program, parameters, {
      detached: true,
      env: {
        ...bareEnvironment(),
        TMPDIR: this.#temporary,
        ...this.#environment,
        ...more,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    let output = '';
    return new Promise((resolve, reject) => {
      const read = (text: string) => {
        output += text;
        const url = /istens on (http:\/\/\S+:\d+)/.exec(output)?.[1];
        if (url !== undefined) resolve(url);
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      const giveUp = () => reject(new Error(`It does not listen: ${output}`));
      setTimeout(giveUp, PATIENCE_MS).unref();
      child.once('exit', () => reject(new Error(`It ended before it listened: ${output}`)));
    });
  }

  /** The id of the started process, which may have children. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Sends SIGKILL to all its processes and waits until it has ended. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.kill();
    for (const folder of [this.folder, this.#temporary]) {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** A folder for temporary files, which a killed process cannot remove itself. */
  get #temporary(): string {
    return `${this.folder}-temporary`;
  }
}
