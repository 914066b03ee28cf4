import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostName } from '../../src/settings/declarations.ts';
import { bareEnvironment } from './bare-environment.ts';

const SCRIPTS = {
  node: ['local-server/main.ts', '--dev'],
  edge: ['scripts/dev-edge.ts'],
} as const;

/** A host that has not ended after this time, in milliseconds, is killed. */
const CUT_MS = 60_000;

/** A host as `npm run dev` or `npm run dev:edge` starts it: a process, and data that outlives it. */
export class DevelopmentHost {
  readonly name: HostName;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #port = 0;

  private constructor(name: HostName, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  static async start(name: HostName): Promise<DevelopmentHost> {
    const folder = await mkdtemp(join(tmpdir(), 'parlor-dev-'));
    const host = new DevelopmentHost(name, folder);
    await host.startAgain();
    return host;
  }

  /** Stays the same over restarts. */
  get url(): string {
    return `http://localhost:${this.#port}`;
  }

  /** Starts it on the same port and data. */
  startAgain(): Promise<void> {
    const state = ['--port', String(this.#port), '--persist-to', join(this.#folder, 'state')];
    const args = [...SCRIPTS[this.name], ...(this.name === 'edge' ? state : [])];
    const child = spawn(process.execPath, ['scripts/run.mjs', ...args], {
      env: {
        ...bareEnvironment(),
        HOME: this.#folder,
        PORT: String(this.#port),
        DATA_DIR: join(this.#folder, 'data'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let output = '';
    return new Promise((resolve, reject) => {
      const read = (text: string) => {
        output += text;
        const port = /Parlor listens on http:\/\/localhost:(\d+)/.exec(output)?.[1];
        if (port === undefined) return;
        this.#port = Number(port);
        resolve();
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      child.once('exit', () => reject(new Error(`It ended before it listened: ${output}`)));
    });
  }

  /**
   * Ends it by SIGTERM, as a service manager does.
   * @returns its exit code
   */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return null;
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGTERM');
    const cut = setTimeout(() => child.kill('SIGKILL'), CUT_MS);
    const code = await ended;
    clearTimeout(cut);
    return code;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
